"""Protocols in words, by which scores are kept apart."""

import pytest

from evolution.chains import parse_chain
from evolution.environments import Environment
from policies import shipped
from server.service.protocols import protocol_of


@pytest.mark.parametrize("document", shipped())
def test_scores_that_came_with_a_policy_of_2018_have_the_protocol_of_those_played_here(
    document: dict[str, object],
) -> None:
    told = document["scores"]
    assert isinstance(told, list)
    assert told[0]["protocol"] == protocol_of(parse_chain(document).environment)


def test_another_cap_is_another_protocol() -> None:
    short, whole = (Environment(id="Frostbite-v4", options={"max_steps": steps}) for steps in (5000, 20_000))
    assert protocol_of(short) != protocol_of(whole)
    assert protocol_of(short) == "no sticky actions, frame skip 2 to 4 at random, 5,000 steps, minimal actions"
