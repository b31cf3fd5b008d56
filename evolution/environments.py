"""What is played: an environment's id with its options, and what a worker tells about it.

The options are part of a policy's identity, so they are a closed list for each family of environments and are always
written out with their defaults.
"""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, ValidationInfo, field_validator

from evolution.classic_games import is_classic
from evolution.model import Value, about

ATARI_PREFIX = "ALE/"

Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""Text that can be stored: Postgres knows no NUL."""
Engine = Annotated[Text, Field(max_length=500)]
"""What a score rests on: arithmetic, emulator and ROM versions."""


class AtariOptions(Value):
    """Options of the Atari games, `ALE/<Game>-v5`. Sources: Such et al. 2017; Machado et al. 2018 (sticky actions)."""

    sticky_actions: float = Field(
        0.25,
        ge=0,
        lt=1,
        title="Sticky actions",
        description="Probability that an emulator frame repeats the action of the frame before. 0.25 is today's "
        "standard; 0 is the paper's.",
        json_schema_extra=about("probability", "Machado et al. 2018"),
    )
    frame_skip: int = Field(
        4,
        ge=1,
        le=60,
        title="Frame skip",
        description="Emulator frames played for each decision (paper: 4).",
        json_schema_extra=about("frames", "Such et al. 2017"),
    )
    max_steps: int = Field(
        5000,
        ge=1,
        le=1_000_000,
        title="Longest episode",
        description="Decisions after which an episode is cut off (paper: 5,000 in training, 20,000 frames).",
        json_schema_extra=about("steps", "Such et al. 2017"),
    )
    minimal_actions: bool = Field(
        True,
        title="Minimal actions",
        description="Offer only the actions that do something in this game (paper); else all 18.",
        json_schema_extra=about(None, "Such et al. 2017"),
    )


class ClassicAtariOptions(Value):
    """Options of the Atari games as Gymnasium first registered them, `<Game>-v4` (format cshenton-2018 plays these).

    All else is as registered: no sticky actions, minimal actions, a frame skip of 2 to 4 drawn at each decision from
    the seed of the reset; no no-ops at the start and no FIRE, which is how the reference scores were measured.
    """

    max_steps: int = Field(
        20_000,
        ge=1,
        le=1_000_000,
        title="Longest episode",
        description="Decisions after which an episode is cut off.",
        json_schema_extra=about("steps", "the ten policies of 2018"),
    )


class VectorOptions(Value):
    """Options of any other Gymnasium environment."""

    max_steps: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        title="Longest episode",
        description="Decisions after which an episode is cut off; empty: the environment's own limit alone.",
        json_schema_extra=about("steps", "this project"),
    )


Options = AtariOptions | ClassicAtariOptions | VectorOptions


def options_of(environment_id: str) -> type[Options]:
    """The list of options that the environment with this id takes."""
    if environment_id.startswith(ATARI_PREFIX):
        return AtariOptions
    return ClassicAtariOptions if is_classic(environment_id) else VectorOptions


def _option_variants() -> list[JsonValue]:
    """For forms: each family's options as a JSON schema; the first whose prefix begins the environment's id holds.

    No run plays the classic Atari games: no network that runs evolve sees what they show.
    """
    families: list[tuple[str, type[Value]]] = [(ATARI_PREFIX, AtariOptions), ("", VectorOptions)]
    return [{"prefix": prefix, "schema": options.model_json_schema()} for prefix, options in families]


class Environment(Value):
    """An environment with its options, written out with their defaults: `{"id": …, "options": {…}}`."""

    id: str = Field(
        min_length=1,
        max_length=200,
        pattern=r"^[\x20-\x7e]+$",
        title="Environment",
        description="Gymnasium id, such as ALE/Frostbite-v5.",
        json_schema_extra=about(None, "Gymnasium"),
    )
    options: dict[str, JsonValue] = Field(
        default_factory=dict,
        validate_default=True,
        title="Options",
        description="The environment's options; absent ones take their defaults.",
        json_schema_extra={**about(None, "this project"), "variants": _option_variants()},
    )

    @field_validator("options")
    @classmethod
    def _write_out(cls, options: dict[str, JsonValue], info: ValidationInfo) -> dict[str, JsonValue]:
        if "id" not in info.data:  # It is wrong, which is said already.
            return options
        return options_of(info.data["id"]).model_validate(options).model_dump(mode="json")

    @property
    def settings(self) -> Options:
        """The options as a typed value."""
        return options_of(self.id).model_validate(self.options)


class DiscreteActions(Value):
    """`n` actions, numbered from 0."""

    kind: Literal["discrete"] = "discrete"
    n: int = Field(ge=1, lt=2**31)
    meanings: list[Annotated[Text, Field(max_length=100)]] | None = Field(None, max_length=1000)


class BoxActions(Value):
    """A vector of bounded numbers, one entry of `low` and `high` for each."""

    kind: Literal["box"] = "box"
    low: list[float] = Field(max_length=1000)
    high: list[float] = Field(max_length=1000)


Actions = Annotated[DiscreteActions | BoxActions, Field(discriminator="kind")]


class EnvironmentDescription(Value):
    """A worker's answer to `describe`: what the server must know of an environment that it cannot make itself."""

    environment: Environment
    engine: Engine = Field(description="What a score rests on: arithmetic, emulator and ROM versions.")
    observation_shape: list[Annotated[int, Field(ge=0, lt=2**31)]] = Field(
        max_length=8, description="Shape of what the policy sees, after preprocessing."
    )
    actions: Actions | None = Field(description="The action space; null when no policy fits it.")
    frames_per_second: float = Field(gt=0, description="Emulator frames in a second of game time.")
    deterministic: bool = Field(description="Whether one episode seed always gives one episode.")
    architectures: list[Annotated[Text, Field(max_length=100)]] = Field(
        max_length=100, description="Names of the architectures that fit; the first is the usual choice."
    )
    problem: Text | None = Field(None, description="Why no policy fits, or why it cannot be made, and what to do.")
