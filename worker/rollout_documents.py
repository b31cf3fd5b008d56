"""Rollouts as JSON documents: what `policy record --json` prints and `policy verify` reads."""

import base64
import json
from typing import Annotated, Any

from pydantic import Base64Bytes, ConfigDict, Field, ValidationError

from evolution.chains import ChainError, parse_chain
from evolution.environments import Engine, Environment
from evolution.messages import Seed
from evolution.model import Value
from worker.recording import Rollout

Count = Annotated[int, Field(ge=1, le=2**31 - 1)]


class MalformedRollout(ValueError):
    """The text is no rollout document. Compare it with one that `neuroevo policy record FILE --json` prints."""


class _Document(Value):
    """What is read of a rollout document; the server's own have further members."""

    model_config = ConfigDict(extra="ignore")

    environment: Environment
    seed: Seed
    score: float
    steps: Count
    frames: Count
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    engine: Engine
    actions: Base64Bytes
    document: dict[str, Any] | None = None


def write_rollout(rollout: Rollout) -> dict[str, Any]:
    """The rollout as a JSON value: the policy's own document, what was played, and the actions in base64."""
    return {
        "document": rollout.chain.document() if rollout.chain else None,
        "environment": rollout.environment.model_dump(mode="json"),
        "seed": rollout.seed,
        "score": rollout.score,
        "steps": rollout.steps,
        "frames": rollout.frames,
        "digest": rollout.digest,
        "engine": rollout.engine,
        "actions": base64.b64encode(rollout.actions).decode(),
    }


def read_rollout(text: bytes) -> Rollout:
    """The rollout that a document tells.

    Raises:
        MalformedRollout: it is none.
    """
    try:
        said = _Document.model_validate(json.loads(text))
        chain = parse_chain(said.document) if said.document else None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise MalformedRollout(f"this is no rollout document: {where}: {first['msg']}; {ADVICE}") from None
    except ChainError as error:
        raise MalformedRollout(f"the rollout's policy cannot be read: {error}") from None
    except (ValueError, RecursionError) as error:
        raise MalformedRollout(f"this is no rollout document, and no JSON: {error}; {ADVICE}") from None
    return Rollout(
        said.environment,
        said.seed,
        said.score,
        said.steps,
        said.frames,
        said.digest,
        said.engine,
        said.actions,
        chain,
    )


ADVICE = "make one with `neuroevo policy record FILE --json`, or fetch GET …/rollouts/ID/actions"
