"""Rebuilding from kept parents gives the same parameters as rebuilding from the first seed."""

from collections.abc import Sequence
from itertools import takewhile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evolution.architectures import ImageArchitecture, MlpArchitecture
from evolution.expansion import Parameters, expand
from tests.worker.conftest import chain
from tests.worker.reference import PlainExpansion
from worker.evaluation import evaluate_episodes
from worker.holdings import branchings
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

    def noted(
        self: PlainExpansion, parent: Parameters, seeds: Sequence[int], powers: Sequence[float], out: Parameters
    ) -> None:
        made.extend(seeds)
        mutate(self, parent, seeds, powers, out)

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


@st.composite
def descents(draw: st.DrawFn) -> dict[str, list[int]]:
    """Chains of a few lines of descent, each parting from another where it likes."""
    chains = [draw(st.lists(st.integers(0, 2), min_size=1, max_size=30))]
    for _ in range(draw(st.integers(0, 5))):
        other = draw(st.sampled_from(chains))
        kept = draw(st.integers(0, len(other)))
        chains.append(other[:kept] + draw(st.lists(st.integers(3, 5), min_size=1, max_size=20)))
    return {str(number): chain for number, chain in enumerate(chains)}


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(descents())
def test_what_known_chains_begin_with_is_built_once(mutations: list[int], chains: dict[str, list[int]]) -> None:
    mutations.clear()
    parents, lengths = Parents(), branchings(chains)
    for key, seeds in chains.items():
        wanted = individual(seeds, None)._replace(branchings=lengths[key])
        assert (raised(parents, wanted) == expanded(*seeds)).all()
    beginnings = {tuple(seeds[:length]) for seeds in chains.values() for length in range(2, len(seeds) + 1)}
    assert len(mutations) == len(beginnings)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(2, 150), st.integers(1, 150))
def test_kin_that_was_not_known_costs_at_most_five_times_what_it_does_not_share(
    mutations: list[int], length: int, own: int
) -> None:
    parents, seeds = Parents(), list(range(length))
    raised(parents, individual(seeds, None))
    mutations.clear()
    kin = [*seeds[: max(0, length - own)], *range(1000, 1000 + own)]
    assert (raised(parents, individual(kin, None)) == expanded(*kin)).all()
    assert len(mutations) <= 5 * own


def test_parents_that_find_no_room_are_built_all_the_same() -> None:
    for pages in (0, 1, 2):
        parents = Parents(Shelf(open_memory(pages * 4096)))
        for parent, newest in (([1, 2, 3], 4), ([*range(30)], None), ([*range(29), 7], 8), ([*range(30)], 5)):
            found = raised(parents, individual(parent, newest)._replace(branchings=[2]))
            assert (found == expanded(*parent, *([] if newest is None else [newest]))).all()


def common(one: list[int], other: list[int]) -> int:
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))))


@settings(deadline=None)
@given(descents())
def test_branchings_are_the_lengths_of_shared_beginnings(chains: dict[str, list[int]]) -> None:
    found = branchings(chains)
    for key, seeds in chains.items():
        others = [other for name, other in chains.items() if name != key]
        assert found[key] == sorted({common(seeds, other) for other in others} - {0})


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
