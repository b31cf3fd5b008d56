"""Rebuilding from kept parents gives the same parameters as rebuilding from the first seed."""

import numpy as np
import pytest

from evolution.architectures import ImageArchitecture, MlpArchitecture
from evolution.expansion import Parameters, expand
from tests.worker.conftest import chain
from worker.evaluation import evaluate_episodes
from worker.expansion import PlainExpansion
from worker.individuals import Individual, Parents
from worker.shelf import Shelf, open_memory

SMALL = MlpArchitecture(name="mlp", inputs=4, hidden=[16], actions=2)


def expanded(*seeds: int, power: float = 0.05) -> Parameters:
    return expand(chain("CartPole-v1", SMALL, seeds=seeds, power=power))


def individual(parent: list[int], newest: int | None, power: float = 0.05) -> Individual:
    return Individual(SMALL, parent, [power] * len(parent), newest)


def raised(parents: Parents, wanted: Individual) -> Parameters:
    expansion = PlainExpansion(wanted.architecture)
    out = np.full(expansion.size, np.nan, np.float32)
    parents.raise_individual(wanted, expansion, out)
    return out


@pytest.fixture
def mutations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seeds of all mutations made."""
    made: list[int] = []

    mutate = PlainExpansion.mutate

    def noted(self: PlainExpansion, parent: Parameters, seed: int, power: float, out: Parameters) -> None:
        made.append(seed)
        mutate(self, parent, seed, power, out)

    monkeypatch.setattr(PlainExpansion, "mutate", noted)
    return made


def test_individuals_are_their_chains_expanded() -> None:
    parents = Parents()
    for parent, newest in (([], 1), ([1], 2), ([1, 2, 3], 4), ([1, 2], None), ([1, 2, 3], 4), ([1, 9], 2)):
        found = raised(parents, individual(parent, newest))
        assert (found == expanded(*parent, *([] if newest is None else [newest]))).all()


def test_an_individual_of_a_kept_parent_costs_one_mutation(mutations: list[int]) -> None:
    parents = Parents()
    raised(parents, individual([1, 2, 3], 4))
    assert mutations == [2, 3, 4]
    raised(parents, individual([1, 2, 3], 5))
    raised(parents, individual([1, 2, 3, 5], 6))
    assert mutations == [2, 3, 4, 5, 5, 6]


def test_other_powers_are_other_parents() -> None:
    parents = Parents()
    raised(parents, individual([1, 2], 3))
    found = raised(parents, individual([1, 2], 3, power=0.5))
    assert (found == expanded(1, 2, 3, power=0.5)).all()


def test_kept_parents_are_bounded_and_the_least_used_go_first(mutations: list[int]) -> None:
    parents = Parents(Shelf(open_memory(2 * 4096)))
    for seed in (10, 20, 10, 30):
        raised(parents, individual([1, seed], None))
    assert mutations == [10, 20, 30]
    raised(parents, individual([1, 10], None))
    assert mutations == [10, 20, 30]
    raised(parents, individual([1, 20], None))
    assert mutations == [10, 20, 30, 20]


def test_what_is_kept_is_not_changed_by_its_children() -> None:
    parents = Parents()
    before = raised(parents, individual([1, 2], None))
    raised(parents, individual([1, 2], 3))
    assert (raised(parents, individual([1, 2], None)) == before).all()


def test_a_large_network_is_rebuilt_the_same() -> None:
    architecture = ImageArchitecture(name="nature-dqn", actions=18)
    found = raised(Parents(), Individual(architecture, [1, 2], [0.002, 0.002], 3))
    wanted = expand(chain("ALE/Frostbite-v5", architecture, seeds=(1, 2, 3), power=0.002))
    np.testing.assert_array_equal(found, wanted)


def test_fresh_episodes_follow_from_their_base_seed() -> None:
    policy = chain("CartPole-v1")
    first = list(evaluate_episodes(policy, 4, base_seed=1))
    assert list(evaluate_episodes(policy, 2, base_seed=1)) == first[:2]
    assert len({played.digest for played in first}) == 4
    assert [played.digest for played in evaluate_episodes(policy, 4, base_seed=2)] != [p.digest for p in first]
