"""Rollout documents that are nearly right: each is a rollout, or refused in words."""

from hypothesis import given, settings

from tests.mutants import mutants
from worker.rollout_documents import MalformedRollout, read_rollout

DOCUMENT = {
    "document": {
        "format": "philox-1",
        "architecture": {"name": "mlp", "inputs": 4, "hidden": [16], "actions": 2},
        "environment": {"id": "CartPole-v1"},
        "seeds": [1, 2],
        "power": 0.1,
    },
    "environment": {"id": "CartPole-v1", "options": {"max_steps": 200}},
    "seed": 1,
    "score": 2.0,
    "steps": 3,
    "frames": 3,
    "digest": "ab" * 32,
    "engine": "gymnasium=1.4.0",
    "actions": "AAEA",
    "rollout": "unheeded",
}


@settings(max_examples=300, deadline=None)
@given(mutants(DOCUMENT, DOCUMENT | {"document": None}))
def test_a_document_is_a_rollout_or_refused(content: bytes) -> None:
    try:
        rollout = read_rollout(content)
    except MalformedRollout:
        return
    assert rollout.steps > 0
