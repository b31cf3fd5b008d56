"""Seed chain documents that are nearly right: each is a chain, or refused in words."""

import json

from hypothesis import given, settings

from evolution.chains import ChainError, policy_id, read_chain
from policies import shipped
from server.service.errors import InvalidPolicy
from server.service.import_policy import take_apart
from tests.mutants import mutants

CHAIN = {
    "format": "philox-1",
    "architecture": {"name": "mlp", "inputs": 4, "hidden": [16, 16], "actions": 2},
    "environment": {"id": "CartPole-v1", "options": {"max_steps": 200}},
    "seeds": [1, 2, 3],
    "power": [0.1, 0.2],
    "name": "pole",
    "tags": ["good", "small"],
    "scores": [{"protocol": "x", "engine": "gymnasium=1.4.0", "episodes": [{"seed": 1, "score": 2.0, "steps": 3}]}],
    "further": {"what": ["ever", 1, None]},
}
DOCUMENTS = (CHAIN, CHAIN | {"power": 0.1}, shipped()[0])


@settings(max_examples=300, deadline=None)
@given(mutants(*DOCUMENTS))
def test_a_document_is_a_chain_that_can_be_written_and_read_again_or_refused(content: bytes) -> None:
    try:
        chain = read_chain(content)
    except ChainError:
        return
    assert policy_id(read_chain(json.dumps(chain.document()))) == policy_id(chain)


@settings(max_examples=300, deadline=None)
@given(mutants(*DOCUMENTS))
def test_a_document_can_be_kept_or_is_refused(content: bytes) -> None:
    try:
        brought = take_apart(content)
    except InvalidPolicy:
        return
    assert brought.id == policy_id(brought.chain)
