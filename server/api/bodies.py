"""What requests carry."""

from typing import Annotated, Any

from fastapi import Request
from pydantic import ConfigDict, Field, StringConstraints
from starlette.exceptions import HTTPException

from evolution.configuration import Budget, Preset
from evolution.model import Value
from server.service.labels import PolicyName, Tags

RunName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
PartialConfiguration = Annotated[
    dict[str, Any],
    Field(
        description="Fields of RunConfiguration; those absent keep the preset's or the original's value, at any depth.",
        examples=[{"environment": {"id": "ALE/Frostbite-v5"}, "population": 200, "budget": {"generations": 20}}],
    ),
]


class NewRun(Value):
    """A run to start: a preset, its changes, or a whole configuration."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"preset": "laptop"},
                {"preset": "quick", "name": "pole", "configuration": {"population": 128, "seed": 7}},
            ]
        }
    )

    preset: Preset | None = Field(None, description="Whose values hold where `configuration` says nothing.")
    name: RunName | None = Field(None, description="For people; absent: one is made up.", examples=["brave-otter"])
    configuration: PartialConfiguration = {}


class RunCopy(Value):
    """What shall differ from the run that is cloned. A new seed is drawn unless one is given."""

    name: RunName | None = None
    configuration: PartialConfiguration = {}


class RunChanges(Value):
    """What may change while a run goes on: absent fields stay as they are."""

    name: RunName | None = None
    weight: float | None = Field(None, gt=0, le=1000, description="Share of the workers' time against other runs.")
    budget: Budget | None = Field(None, description="Replaces the whole budget; read when a generation closes.")


class PolicyChanges(Value):
    """What people may change of a policy: absent fields stay as they are."""

    name: PolicyName | None = None
    tags: Tags | None = Field(None, description="Replaces all of its tags.")


async def read_body(request: Request, limit: int) -> bytes:
    """The request's body. Raises HTTPException 413 before more than `limit` bytes are held."""
    body = bytearray()
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_long(limit)
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise _too_long(limit)
    return bytes(body)


def _too_long(limit: int) -> HTTPException:
    return HTTPException(413, f"At most {limit:,} bytes are taken here: make it smaller.")
