"""Seed chain documents: reading, writing, identity, and what is said of those that cannot be used."""

import hashlib
import json
import random
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.chains import (
    IDENTITY,
    MalformedChain,
    NewerFormat,
    SeedChain,
    UnknownFormat,
    parse_chain,
    policy_id,
    read_chain,
)

FROSTBITE: dict[str, Any] = {
    "format": "philox-1",
    "architecture": {"name": "uber-large", "actions": 18},
    "environment": {
        "id": "ALE/Frostbite-v5",
        "options": {"sticky_actions": 0.25, "frame_skip": 4, "max_steps": 5000, "minimal_actions": True},
    },
    "seeds": [1, 4294967295, 3],
    "power": 0.002,
}
PENDULUM: dict[str, Any] = {
    "format": "philox-1",
    "architecture": {"name": "mlp", "inputs": 3, "hidden": [64, 64], "actions": 1, "box": True},
    "environment": {"id": "Pendulum-v1", "options": {"max_steps": None}},
    "seeds": [7, 0],
    "power": [0.05],
}
CART_POLE = PENDULUM | {
    "architecture": {"name": "mlp", "inputs": 4, "hidden": [], "actions": 2},
    "environment": {"id": "CartPole-v1", "options": {"max_steps": 200}},
}

seeds = st.integers(0, 2**32 - 1)
powers = st.floats(0, 1000)
texts = st.text(max_size=10)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    chain = draw(st.lists(seeds, min_size=1, max_size=6))
    each = st.lists(powers, min_size=len(chain) - 1, max_size=len(chain) - 1)
    extra = draw(st.dictionaries(texts.filter(lambda name: name not in IDENTITY), json_values, max_size=3))
    base = draw(st.sampled_from([FROSTBITE, PENDULUM, CART_POLE]))
    return {**base, "seeds": chain, "power": draw(powers | each), **extra}


@given(documents())
def test_a_document_is_read_and_written_without_loss(document: dict[str, Any]) -> None:
    chain = read_chain(json.dumps(document))
    assert chain.document() == document
    assert read_chain(chain.model_dump_json()) == chain
    assert read_chain(json.dumps(document).encode()) == chain


@given(documents(), st.randoms(use_true_random=False))
def test_identity_ignores_further_members_and_their_order(document: dict[str, Any], chance: random.Random) -> None:
    members = list(document.items())
    chance.shuffle(members)
    bare = {name: document[name] for name in IDENTITY}
    assert policy_id(parse_chain(dict(members))) == policy_id(parse_chain(bare))


@given(documents(), seeds)
def test_identity_is_of_all_five_members(document: dict[str, Any], seed: int) -> None:
    identity = policy_id(parse_chain(document))
    single = document | {"power": 0.5}
    changed = [
        single | {"seeds": [*document["seeds"], seed]},
        single | {"power": 0.25},
        single | {"architecture": {"name": "nature-dqn", "actions": 18}},
        single | {"environment": {"id": "Other-v1"}},
    ]
    identities = {policy_id(parse_chain(each)) for each in (single, *changed)}
    assert len(identities) == 5
    assert identity in identities or document["power"] != 0.5


def test_identity_is_the_hash_of_the_canonical_form() -> None:
    canonical = (
        '{"architecture":{"actions":18,"name":"uber-large"},"environment":{"id":"ALE/Frostbite-v5","options":'
        '{"frame_skip":4,"max_steps":5000,"minimal_actions":true,"sticky_actions":0.25}},"format":"philox-1",'
        '"power":0.002,"seeds":[1,4294967295,3]}'
    )
    assert policy_id(parse_chain(FROSTBITE)) == hashlib.sha256(canonical.encode()).hexdigest()


def test_a_power_of_one_is_written_alike_as_integer_and_fraction() -> None:
    whole, fraction = (read_chain(json.dumps(FROSTBITE | {"power": power})) for power in (1, 1.0))
    assert policy_id(whole) == policy_id(fraction)


def test_options_left_out_are_written_out_with_their_defaults() -> None:
    bare = FROSTBITE | {"environment": {"id": "ALE/Frostbite-v5"}}
    assert parse_chain(bare).document() == FROSTBITE
    assert policy_id(parse_chain(bare)) == policy_id(parse_chain(FROSTBITE))


def test_a_box_is_named_only_where_there_is_one() -> None:
    assert "box" not in parse_chain(CART_POLE).document()["architecture"]
    said = CART_POLE | {"architecture": CART_POLE["architecture"] | {"box": False}}
    assert policy_id(parse_chain(said)) == policy_id(parse_chain(CART_POLE))
    assert parse_chain(PENDULUM).document()["architecture"]["box"] is True


def test_powers_are_one_for_each_mutation() -> None:
    assert parse_chain(FROSTBITE).powers == [0.002, 0.002]
    assert parse_chain(PENDULUM).powers == [0.05]
    assert parse_chain(FROSTBITE | {"seeds": [1]}).powers == []


def test_a_byte_order_mark_is_forgiven() -> None:
    assert read_chain("\ufeff" + json.dumps(FROSTBITE)) == parse_chain(FROSTBITE)
    assert read_chain(("\ufeff" + json.dumps(FROSTBITE)).encode()) == parse_chain(FROSTBITE)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seeds": []}, "seeds: List should have at least 1"),
        ({"seeds": [-1]}, "seeds.0: Input should be greater than or equal to 0"),
        ({"seeds": [1, 2**32]}, "seeds.1: Input should be less than or equal to 4294967295"),
        ({"seeds": [1.5]}, "seeds.0: Input should be a valid integer"),
        ({"seeds": ["1"]}, "seeds.0: Input should be a valid integer"),
        ({"seeds": [True]}, "seeds.0: Input should be a valid integer"),
        ({"seeds": 7}, "seeds: Input should be a valid list"),
        ({"power": -0.1}, "power.number: Input should be greater than or equal to 0"),
        ({"power": "0.1"}, "power.number: Input should be a valid number"),
        ({"power": [0.1]}, "power has 1 entries for 2 mutations: give one for each, or a single number"),
        ({"power": [0.1, None]}, "power.list.1: Input should be a valid number"),
        ({"architecture": {"name": "resnet"}}, "architecture: Input tag 'resnet'"),
        ({"architecture": {"name": "uber-large"}}, "actions: Field required"),
        ({"architecture": {"name": "uber-large", "actions": 3, "hidden": []}}, "hidden: Extra inputs"),
        ({"environment": {"id": "CartPole-v1", "options": {"gravity": 1}}}, "gravity: Extra inputs"),
        ({"environment": {"id": "ALE/Pong-v5", "options": {"sticky_actions": 2}}}, "sticky_actions: Input should be"),
        ({"environment": "CartPole-v1"}, "environment: Input should be a valid dictionary"),
        ({"note": "\ud800"}, "cannot be written as JSON again"),
    ],
)
def test_a_malformed_chain_says_what_is_wrong(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(MalformedChain) as caught:
        read_chain(json.dumps(FROSTBITE | changes))
    assert said in str(caught.value)


@pytest.mark.parametrize("member", [name for name in IDENTITY if name != "format"])
def test_a_missing_member_is_named(member: str) -> None:
    document = {name: value for name, value in FROSTBITE.items() if name != member}
    with pytest.raises(MalformedChain, match=f"{member}: Field required"):
        parse_chain(document)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "this is not JSON"),
        ("hello", "this is not JSON"),
        (b"\xff\xfe{}", "not UTF-8"),
        ("[1, 2]", "a seed chain is a JSON object"),
        ("{}", "names its format"),
        ('{"format": 1}', "names its format"),
        ('{"format": "philox-1", "seeds": [1], "seeds": [2]}', "'seeds' appears twice"),
        ('{"format": "philox-1", "power": NaN}', "NaN is not a JSON number"),
        ('{"format": "philox-1", "power": -Infinity}', "-Infinity is not a JSON number"),
        ('{"format": "philox-1", "seeds": [1' + "0" * 5000 + "]}", "endless number"),
        ("[" * 100_000, "nested too deeply"),
        (json.dumps(FROSTBITE)[:-1] + ', "x": ' + "[" * 900 + "]" * 900 + "}", "x.list"),
        (json.dumps(FROSTBITE)[:-1] + ', "x": 1e999}', "finite"),
    ],
)
def test_a_text_that_is_no_chain_is_malformed(text: str | bytes, said: str) -> None:
    with pytest.raises(MalformedChain) as caught:
        read_chain(text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("newer", ["philox-2", "philox-17"])
def test_a_newer_format_asks_for_an_upgrade_whatever_else_it_holds(newer: str) -> None:
    with pytest.raises(
        NewerFormat, match=f"format {newer} is newer than this version, which reads philox-1 and cshenton-2018: "
    ):
        parse_chain({"format": newer, "genes": "of another kind"})


@pytest.mark.parametrize("other", ["philox-0", "philox", "philox-two", "philox-" + "9" * 5000, "zip", ""])
def test_an_unknown_format_is_named_in_brief(other: str) -> None:
    with pytest.raises(UnknownFormat, match="is unknown; this version reads philox-1") as caught:
        parse_chain({"format": other})
    assert len(str(caught.value)) < 250


@given(json_values | st.dictionaries(st.sampled_from(IDENTITY), json_values | st.just("philox-1")))
def test_whatever_the_value_there_is_a_chain_or_a_clear_error(value: object) -> None:
    with suppress(MalformedChain, UnknownFormat, NewerFormat):
        assert isinstance(parse_chain(value), SeedChain)
