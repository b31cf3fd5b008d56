"""Format cshenton-2018 and the ten policies that ship: held against numbers that an independent rebuild gave."""

import hashlib
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from evolution import cshenton, truncated_normal
from evolution.chains import MalformedChain, SeedChain, UnknownFormat, parse_chain, policy_id, read_chain
from evolution.environments import ClassicAtariOptions, Environment, VectorOptions
from evolution.expansion import expand
from evolution.layouts import NoLayout, layout, parameter_count
from policies import shipped

VECTORS: dict[str, Any] = json.loads(
    Path(__file__).with_name("cshenton-vectors.json").read_text(encoding="utf-8"),
)
FINGERPRINTS = {
    # SHA-256 of the parameters, little-endian float32: a change of any bit is a change of the arithmetic.
    0: "f4437afd9922de42b3d26fb616e136e03ff0692dbc8302b4be4eb601a1de5618",
    8: "89cc5f567daccdea0790313c9411fce5e59b2755220ea8a227b429f3c5f04422",
}
FROSTBITE = shipped()[4]


def test_the_weights_before_any_seed_are_the_format_s() -> None:
    parameters = cshenton.initial_parameters(18)
    assert parameters.dtype == np.float32
    assert parameters.shape == (4_439_552,)
    _compare(parameters, VECTORS["initial"])


@pytest.mark.parametrize("number", [0, 8])
def test_a_chain_makes_the_weights_of_an_independent_rebuild(number: int) -> None:
    parameters = expand(parse_chain(shipped()[number]))
    _compare(parameters, VECTORS[f"expanded_chain_{number}"])
    assert hashlib.sha256(parameters.astype("<f4").tobytes()).hexdigest() == FINGERPRINTS[number]


def test_seeds_may_be_added_a_few_at_a_time() -> None:
    at_once, in_turn = (np.linspace(-1, 1, cshenton.CHUNK + 7, dtype=np.float32) for _ in range(2))
    cshenton.mutate(at_once, [3, 2**32 - 1])
    cshenton.mutate(in_turn, [3])
    cshenton.mutate(in_turn, [2**32 - 1])
    assert np.array_equal(at_once, in_turn)


def test_a_mutation_is_numpy_s_legacy_normal_added_in_double_precision() -> None:
    weights = np.linspace(-1, 1, 2 * cshenton.CHUNK, dtype=np.float32)
    expected = (weights.astype(np.float64) + np.random.RandomState(5).normal(0, 0.005, len(weights))).astype(np.float32)
    cshenton.mutate(weights, [5])
    assert np.array_equal(weights, expected)


def test_arithmetic_that_gives_other_initial_weights_stops_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truncated_normal, "BOUND", np.float32(1.9))
    with pytest.raises(truncated_normal.DifferentTruncatedNormal, match="use a standard build of NumPy"):
        cshenton.initial_parameters(18)


def test_the_network_has_the_shapes_of_2018() -> None:
    conv1, conv2, dense1, dense2 = cshenton.tensors(18)
    assert conv1.output_shape(210, 160) == (53, 40)
    assert conv2.output_shape(53, 40) == (27, 20)
    assert dense1.shape[0] == 27 * 20 * conv2.shape[-1]
    assert dense2.shape == (256, 18)
    assert parameter_count(parse_chain(FROSTBITE).architecture) == 4_439_552
    with pytest.raises(NoLayout, match=r"see evolution\.cshenton"):
        layout(parse_chain(FROSTBITE).architecture)


@pytest.mark.parametrize("number", range(10))
def test_each_of_the_ten_policies_is_a_chain_with_thirty_scores(number: int) -> None:
    document = shipped()[number]
    chain = parse_chain(document)
    assert chain.document() == document
    assert document["name"] == f"Frostbite 2018, number {number}"
    assert chain.mutations == len(chain.seeds) == len(chain.powers) + 1
    episodes = document["scores"][0]["episodes"]
    assert [episode["seed"] for episode in episodes] == list(range(1000, 1030))


def test_the_ten_average_what_is_known_of_them() -> None:
    scores = [each["score"] for document in shipped() for each in document["scores"][0]["episodes"]]
    assert len(scores) == 300
    assert np.mean(scores) == pytest.approx(2498, abs=1)
    assert len({policy_id(parse_chain(document)) for document in shipped()}) == 10


def test_whoever_is_given_the_documents_may_change_them() -> None:
    shipped()[0]["name"] = "mine"
    assert shipped()[0]["name"] == "Frostbite 2018, number 0"


def test_its_environment_has_one_option() -> None:
    environment = Environment(id="Frostbite-v4")
    assert environment.options == {"max_steps": 20_000}
    assert isinstance(environment.settings, ClassicAtariOptions)
    assert isinstance(Environment(id="Ant-v4").settings, VectorOptions)
    assert isinstance(Environment(id="FrostbiteNoFrameskip-v4").settings, VectorOptions)


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("format", "philox-1", "format philox-1 has no network cshenton-2018: format cshenton-2018 goes with"),
        ("architecture", {"name": "uber-large", "actions": 18}, "format cshenton-2018 has no network uber-large"),
        ("architecture", {"name": "cshenton-2018", "actions": 19}, "architecture.cshenton-2018.actions: "),
        ("architecture", {"name": "cshenton-2018", "actions": 0}, "architecture.cshenton-2018.actions: "),
        ("environment", {"id": "ALE/Frostbite-v5"}, "environment ALE/Frostbite-v5 does not show what format"),
        ("environment", {"id": "Ant-v4"}, "such as Frostbite-v4"),
        ("environment", {"id": "Frostbite-v4", "options": {"sticky_actions": 0.25}}, "sticky_actions"),
        ("environment", {"id": "Frostbite-v4", "options": {"max_steps": 0}}, "max_steps"),
        ("power", 0.002, "power must be the number 0.005"),
        ("power", [0.005] * 44, "power must be the number 0.005"),
        ("seeds", [2**32], "seeds.0: "),
        ("seeds", [-1], "seeds.0: "),
        ("seeds", [], "seeds: "),
    ],
)
def test_a_document_that_breaks_the_format_s_rules_is_refused_by_name(member: str, value: object, message: str) -> None:
    document = deepcopy(FROSTBITE) | {member: value}
    with pytest.raises(MalformedChain, match=rf"no seed chain of format {document['format']}: .*{message}"):
        parse_chain(document)


def test_a_format_that_only_resembles_it_is_unknown() -> None:
    with pytest.raises(UnknownFormat, match="this version reads philox-1 and cshenton-2018"):
        read_chain(json.dumps(FROSTBITE | {"format": "cshenton-2019"}))


def test_power_is_a_number_in_its_identity() -> None:
    chain = parse_chain(FROSTBITE)
    assert chain.power == 0.005
    assert SeedChain.model_validate(chain.document()) == chain


def _compare(parameters: NDArray[np.float32], expected: dict[str, Any]) -> None:
    for name, tensor in cshenton.split(parameters, 18).items():
        flat, wanted = tensor.ravel(), expected[name]
        assert flat[:8] == pytest.approx(wanted["first8"], abs=1e-6)
        assert flat[-4:] == pytest.approx(wanted["last4"], abs=1e-6)
        assert flat.mean(dtype=np.float64) == pytest.approx(wanted["mean"], abs=1e-6)
        assert flat.std(dtype=np.float64) == pytest.approx(wanted["std"], abs=1e-6)
