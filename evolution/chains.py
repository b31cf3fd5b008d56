"""Seed chains: the documents that policies are kept as, their identity, and how they are read."""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, NoReturn, Self

import rfc8785
from pydantic import ConfigDict, Discriminator, Field, JsonValue, Tag, ValidationError, model_validator
from pydantic_core import PydanticSerializationError

from evolution.architectures import Architecture
from evolution.classic_games import is_classic
from evolution.cshenton import POWER
from evolution.environments import Environment
from evolution.messages import Seed
from evolution.model import Value

FORMAT: Final = "philox-1"
"""The format that this version writes."""
CSHENTON: Final = "cshenton-2018"
"""Format and architecture of the ten policies of 2018 (evolution.cshenton): read and played, never written."""
FORMATS = (FORMAT, CSHENTON)
"""Formats that this version reads."""
IDENTITY = ("format", "architecture", "environment", "seeds", "power")
LONGEST = 1_000_000
"""Seeds of the longest chain that is read."""
_KNOWN = " and ".join(FORMATS)

Power = Annotated[float, Field(ge=0, le=1000)]
Powers = Annotated[
    Annotated[Power, Tag("number")] | Annotated[list[Power], Tag("list")],
    # Without a tag an error would speak of both readings.
    Discriminator(lambda power: "list" if isinstance(power, list) else "number"),
]


class ChainError(ValueError):
    """A seed chain cannot be used; the message says why and what to do."""


class MalformedChain(ChainError):
    """The text is no seed chain document. Compare it with one that `neuroevo policy show --json` prints."""


class UnknownFormat(ChainError):
    """The chain's format is none that any version of this product writes. Check that the document is a seed chain."""


class NewerFormat(ChainError):
    """The chain was written in a newer format than this version reads. Upgrade; the document itself is fine."""


class SeedChain(Value):
    """A policy: its network's architecture, its environment, the seeds that its weights follow from.

    `seeds`: the first gives the initial weights, each further one a mutation. `power`: standard deviation of the
    mutations, one number for all or a list with one entry for each. Further members are kept but are not identity.

    In format cshenton-2018 every seed is a mutation of the same initial weights, and the power is the number 0.005.
    """

    # A document names its format: the default is for chains made here.
    model_config = ConfigDict(extra="allow", json_schema_extra={"required": [*IDENTITY]})
    __pydantic_extra__: dict[str, JsonValue]

    format: Literal["philox-1", "cshenton-2018"] = FORMAT
    architecture: Architecture
    environment: Environment
    seeds: list[Seed] = Field(min_length=1, max_length=LONGEST)
    power: Powers

    @model_validator(mode="after")
    def _format_fits(self) -> Self:
        if (self.architecture.name == CSHENTON) != (self.format == CSHENTON):
            raise ValueError(
                f"format {self.format} has no network {self.architecture.name}: "
                f"format {CSHENTON} goes with architecture {CSHENTON}, and neither with any other"
            )
        if self.format == CSHENTON and self.power != POWER:
            raise ValueError(f"power must be the number {POWER}: format {CSHENTON} knows no other")
        if self.format == CSHENTON and not is_classic(self.environment.id):
            raise ValueError(
                f"environment {self.environment.id} does not show what format {CSHENTON} plays on: "
                "an Atari game as Gymnasium first registered it, such as Frostbite-v4"
            )
        return self

    @model_validator(mode="after")
    def _powers_match(self) -> Self:
        if isinstance(self.power, list) and len(self.power) != len(self.seeds) - 1:
            raise ValueError(
                f"power has {len(self.power)} entries for {len(self.seeds) - 1} mutations: "
                "give one for each, or a single number"
            )
        return self

    @property
    def mutations(self) -> int:
        """How many of the seeds are mutations: all, or in format philox-1 all but the first."""
        return len(self.seeds) if self.format == CSHENTON else len(self.seeds) - 1

    @property
    def powers(self) -> list[float]:
        """The power of each seed after the first, in order."""
        return self.power if isinstance(self.power, list) else [self.power] * (len(self.seeds) - 1)

    def document(self) -> dict[str, Any]:
        """The chain as JSON values, identity first, then the members kept along."""
        return self.model_dump(mode="json")


def policy_id(chain: SeedChain) -> str:
    """64 hex digits: SHA-256 of the RFC 8785 form of the chain's five identifying members."""
    identity = chain.model_dump(mode="json", include=set(IDENTITY))
    return hashlib.sha256(rfc8785.dumps(identity)).hexdigest()


def read_chain(text: str | bytes) -> SeedChain:
    """The chain that a JSON document holds.

    Raises:
        MalformedChain: the text is not JSON, or not a chain.
        UnknownFormat: its format is unknown.
        NewerFormat: its format is newer than this version.
    """
    return parse_chain(_read_json(text))


def parse_chain(document: object) -> SeedChain:
    """The chain in a JSON value that has been read already. Raises as `read_chain`."""
    if not isinstance(document, dict):
        raise MalformedChain("a seed chain is a JSON object with format, architecture, environment, seeds and power")
    check_format(document.get("format"))
    try:
        chain = SeedChain.model_validate(document, strict=True)
        # What is kept must also be sayable again: JSON can escape half a character, which no text can hold.
        chain.model_dump_json()
    except ValidationError as error:
        raise MalformedChain(f"this is no seed chain of format {document['format']}: {_explain(error)}") from error
    except PydanticSerializationError as error:
        raise MalformedChain(f"a member cannot be written as JSON again ({error}): remove it") from error
    return chain


def check_format(name: object) -> None:
    """Returns if chains of the format `name` can be read.

    Raises:
        MalformedChain: `name` is no string.
        UnknownFormat, NewerFormat: they cannot.
    """
    if name in FORMATS:
        return
    if not isinstance(name, str):
        raise MalformedChain(f'a seed chain names its format in a string, such as "format": "{FORMAT}"')
    if re.fullmatch("philox-[1-9][0-9]{0,3}", name):
        raise NewerFormat(f"format {name} is newer than this version, which reads {_KNOWN}: upgrade neuroevo")
    raise UnknownFormat(f"format {name[:100]!r} is unknown; this version reads {_KNOWN}: is this a seed chain?")


def _read_json(text: str | bytes) -> object:
    try:
        # Editors put a byte order mark before a document that is otherwise good.
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        return json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_members, parse_constant=_refuse_constant)
    except ChainError:
        raise
    except json.JSONDecodeError as error:
        raise MalformedChain(f"this is not JSON ({error}): a seed chain is one JSON object") from error
    except UnicodeDecodeError as error:
        raise MalformedChain("this is not UTF-8 text: a seed chain is one JSON object") from error
    except (ValueError, RecursionError) as error:
        raise MalformedChain("this JSON has an endless number or is nested too deeply for a seed chain") from error


def _members(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; one with a member twice would have two readings, hence two identities."""
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise MalformedChain(f"member {name!r:.100} appears twice: remove one")
        members[name] = value
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedChain(f"{name} is not a JSON number")


def _explain(error: ValidationError) -> str:
    first, *others = error.errors()
    place = ".".join(str(part) for part in first["loc"])[:100] or "document"
    more = f" (and {len(others)} more)" if others else ""
    return f"{place}: {first['msg'].removeprefix('Value error, ')}{more}"
