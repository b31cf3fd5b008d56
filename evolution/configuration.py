"""What a run is told: the genetic algorithm's parameters, its environment and its budget.

The JSON schema of `RunConfiguration` is all that a form needs: each field has a title, a description, limits, a unit
where it has one, and the source of its meaning.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from evolution.environments import Environment
from evolution.model import Value, about
from evolution.presets import PRESETS, Preset

__all__ = [
    "PRESETS",
    "UINT32_MAX",
    "Algorithm",
    "ArchitectureName",
    "Budget",
    "Preset",
    "RunConfiguration",
    "preset_configuration",
]

ArchitectureName = Literal["uber-large", "nature-dqn", "mlp"]
Algorithm = Literal["generational", "block-free"]
UINT32_MAX = 2**32 - 1

ALGORITHM_1 = "Such et al. 2017, algorithm 1"
SETTINGS = "Such et al. 2017, ga_atari_config.json"
DESIGN = "this project"


class Budget(Value):
    """When a run ends. Read only when a generation closes; the first limit reached ends the run, none means never."""

    generations: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        title="Generations",
        description="Generations to close.",
        json_schema_extra=about("generations", DESIGN),
    )
    frames: int | None = Field(
        None,
        ge=1,
        le=10**13,
        title="Frames",
        description="Emulator frames of accepted evaluation and validation episodes, skipped ones included; test "
        "episodes do not count (paper: 1 billion).",
        json_schema_extra=about("frames", SETTINGS),
    )
    seconds: float | None = Field(
        None,
        gt=0,
        le=10**9,
        title="Time",
        description="Wall time without pauses.",
        json_schema_extra=about("s", DESIGN),
    )
    target_score: float | None = Field(
        None,
        title="Target score",
        description="Stop once the elite's validated mean score reaches this; without validation, its fitness.",
        json_schema_extra=about("points", DESIGN),
    )


class RunConfiguration(Value):
    """Everything that a run's outcome follows from, but for the engine its episodes are played with."""

    environment: Environment = Field(
        title="Environment",
        description="The game to play, with its options.",
        json_schema_extra=about(None, "Gymnasium, Arcade Learning Environment"),
    )
    architecture: ArchitectureName = Field(
        title="Network",
        description="uber-large: the paper's network of over four million parameters; nature-dqn: the same without "
        "padding, 1.7 million; mlp: dense layers for vector observations.",
        json_schema_extra=about(None, "Such et al. 2017; Mnih et al. 2015"),
    )
    hidden: list[Annotated[int, Field(ge=1, le=65536)]] = Field(
        default=[64, 64],
        max_length=16,
        title="Hidden layers",
        description="Units of each hidden layer, input first; for mlp only.",
        json_schema_extra=about("units", DESIGN),
    )
    algorithm: Algorithm = Field(
        "generational",
        title="Algorithm",
        description="generational: every individual of a generation is awaited (paper). block-free: a new individual "
        "is bred whenever a worker asks, a generation is the first results to arrive; never idle, but biased towards "
        "short episodes.",
        json_schema_extra=about(None, f"{ALGORITHM_1}; cshenton/neuroevolution 2018"),
    )
    population: int = Field(
        ge=2,
        le=100_000,
        title="Population",
        description="Individuals of a generation (paper: 1,000).",
        json_schema_extra=about("individuals", SETTINGS),
    )
    parents: int = Field(
        ge=1,
        le=100_000,
        title="Parents",
        description="Truncation size: the best individuals, from which the next generation is bred (paper: 20).",
        json_schema_extra=about("individuals", SETTINGS),
    )
    mutation_power: float = Field(
        ge=0,
        le=1000,
        title="Mutation power",
        description="Standard deviation of the noise that a mutation adds to each parameter (paper: 0.002).",
        json_schema_extra=about("weight", SETTINGS),
    )
    episodes: int = Field(
        1,
        ge=1,
        le=1000,
        title="Episodes of an evaluation",
        description="Episodes that each new individual plays; fitness is their mean (paper: 1).",
        json_schema_extra=about("episodes", SETTINGS),
    )
    candidates: int = Field(
        ge=0,
        le=1000,
        title="Candidates",
        description="Individuals that play again to choose the elite: the carried elite and the best others "
        "(paper: 10). 0: the elite is the best by fitness, unvalidated.",
        json_schema_extra=about("individuals", SETTINGS),
    )
    validation_episodes: int = Field(
        ge=1,
        le=10_000,
        title="Validation episodes",
        description="Fresh episodes that each candidate plays; the best mean is the elite (paper: 30).",
        json_schema_extra=about("episodes", SETTINGS),
    )
    test_episodes: int = Field(
        0,
        ge=0,
        le=10_000,
        title="Test episodes",
        description="Further fresh episodes that each generation's elite plays, outside the budget (paper: 200).",
        json_schema_extra=about("episodes", SETTINGS),
    )
    budget: Budget = Field(
        default=Budget(),
        title="Budget",
        description="When the run ends: at the first limit reached.",
        json_schema_extra=about(None, DESIGN),
    )
    weight: float = Field(
        1.0,
        gt=0,
        le=1000,
        title="Share",
        description="The run's share of the workers' time, against the other runs' shares.",
        json_schema_extra=about("shares", DESIGN),
    )
    seed: int | None = Field(
        None,
        ge=0,
        le=UINT32_MAX,
        title="Seed",
        description="Seed of the whole run; empty: one is drawn and kept. The same seed gives the same run.",
        json_schema_extra=about("uint32", DESIGN),
    )

    @field_validator("parents", "candidates")
    @classmethod
    def _fits_population(cls, count: int, info: ValidationInfo) -> int:
        population = info.data.get("population")
        if population is not None and count > population:
            raise ValueError(
                f"{info.field_name} ({count}) cannot exceed population ({population}): "
                f"lower {info.field_name} or raise population"
            )
        return count

    @field_validator("candidates")
    @classmethod
    def _elite_has_rivals(cls, candidates: int) -> int:
        if candidates == 1:
            raise ValueError("a single candidate would stay the elite for ever: choose 0, or 2 and more")
        return candidates

    @field_validator("candidates", "test_episodes")
    @classmethod
    def _block_free_only_evaluates(cls, count: int, info: ValidationInfo) -> int:
        if count and info.data.get("algorithm") == "block-free":
            raise ValueError(f"a block-free run neither validates nor tests: set {info.field_name} to 0")
        return count

    @field_validator("episodes")
    @classmethod
    def _block_free_plays_once(cls, episodes: int, info: ValidationInfo) -> int:
        if episodes > 1 and info.data.get("algorithm") == "block-free":
            raise ValueError("a block-free run plays one episode for each individual: set episodes to 1")
        return episodes


def preset_configuration(preset: Preset, **changes: Any) -> RunConfiguration:
    """The preset's configuration with top-level fields replaced by `changes`."""
    return RunConfiguration.model_validate(PRESETS[preset] | changes)
