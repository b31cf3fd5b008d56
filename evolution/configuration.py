"""What a run is told: the genetic algorithm's parameters, its environment and its budget, with the presets.

Sources: Such et al. 2017 (arXiv 1712.06567), algorithm 1 and appendix, with the authors' released settings.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from evolution.environments import Environment
from evolution.model import Value

ArchitectureName = Literal["uber-large", "nature-dqn", "mlp"]
Preset = Literal["laptop", "quick", "paper", "cshenton"]
UINT32_MAX = 2**32 - 1


class Budget(Value):
    """When a run ends. Read only when a generation closes; the first limit reached ends the run, none means never."""

    generations: int | None = Field(
        None, ge=1, le=1_000_000, title="Generations", description="Generations to close.", json_schema_extra={"unit": "generations"}
    )
    frames: int | None = Field(
        None,
        ge=1,
        le=10**13,
        title="Frames",
        description="Emulator frames of accepted evaluation and validation episodes, skipped ones included; test "
        "episodes do not count (paper: 1 billion).",
        json_schema_extra={"unit": "frames"},
    )
    seconds: float | None = Field(
        None, gt=0, le=10**9, title="Time", description="Wall time without pauses.", json_schema_extra={"unit": "s"}
    )
    target_score: float | None = Field(
        None,
        title="Target score",
        description="Stop once the elite's validated mean score reaches this.",
        json_schema_extra={"unit": "points"},
    )


class RunConfiguration(Value):
    """Everything that a run's outcome follows from, but for the engine its episodes are played with."""

    environment: Environment = Field(description="The game to play, with its options.", title="Environment")
    architecture: ArchitectureName = Field(
        title="Network",
        description="uber-large: the paper's 4-million-parameter network; nature-dqn: the same without padding, 1.7 million; "
        "mlp: dense layers for vector observations.",
    )
    hidden: list[Annotated[int, Field(ge=1, le=65536)]] = Field(
        default=[64, 64],
        max_length=16,
        title="Hidden layers",
        description="Units of each hidden layer; for mlp only.",
        json_schema_extra={"unit": "units"},
    )
    algorithm: Literal["generational", "block-free"] = Field(
        "generational",
        title="Algorithm",
        description="generational: every individual of a generation is awaited (paper). block-free: a new individual is bred "
        "whenever a worker asks, a generation is the first results to arrive; never idle, but biased towards short episodes.",
    )
    population: int = Field(
        ge=2,
        le=100_000,
        title="Population",
        description="Individuals of a generation (paper: 1,000).",
        json_schema_extra={"unit": "individuals"},
    )
    parents: int = Field(
        ge=1,
        le=100_000,
        title="Parents",
        description="Truncation size: the best individuals, from which the next generation is bred (paper: 20).",
        json_schema_extra={"unit": "individuals"},
    )
    mutation_power: float = Field(
        ge=0,
        le=1000,
        title="Mutation power",
        description="Standard deviation of the noise that a mutation adds to each parameter (paper: 0.002).",
    )
    episodes: int = Field(
        1,
        ge=1,
        le=1000,
        title="Episodes of an evaluation",
        description="Episodes that each new individual plays; fitness is their mean (paper: 1).",
        json_schema_extra={"unit": "episodes"},
    )
    candidates: int = Field(
        ge=0,
        le=1000,
        title="Candidates",
        description="Individuals that play again to choose the elite: the carried elite and the best others (paper: 10). "
        "0: the elite is the best by fitness, unvalidated.",
        json_schema_extra={"unit": "individuals"},
    )
    validation_episodes: int = Field(
        ge=1,
        le=10_000,
        title="Validation episodes",
        description="Fresh episodes that each candidate plays; the best mean is the elite (paper: 30).",
        json_schema_extra={"unit": "episodes"},
    )
    test_episodes: int = Field(
        0,
        ge=0,
        le=10_000,
        title="Test episodes",
        description="Further fresh episodes that each generation's elite plays, outside the budget (paper: 200).",
        json_schema_extra={"unit": "episodes"},
    )
    budget: Budget = Field(default=Budget(), title="Budget", description="When the run ends.")
    weight: float = Field(
        1.0,
        gt=0,
        le=1000,
        title="Share",
        description="The run's share of the workers' time, against the other runs' shares.",
    )
    seed: int | None = Field(
        None,
        ge=0,
        le=UINT32_MAX,
        title="Seed",
        description="Seed of the whole run (uint32); empty: one is drawn and kept. The same seed gives the same run.",
    )

    @model_validator(mode="after")
    def _sizes_agree(self) -> Self:
        if self.parents > self.population:
            raise ValueError(
                f"parents ({self.parents}) cannot exceed population ({self.population}): lower parents or raise population"
            )
        if self.candidates > self.population:
            raise ValueError(
                f"candidates ({self.candidates}) cannot exceed population ({self.population}): lower candidates or raise population"
            )
        if self.algorithm == "block-free" and self.candidates:
            raise ValueError("a block-free run has no validation: set candidates to 0")
        if self.algorithm == "block-free" and self.test_episodes:
            raise ValueError("a block-free run has no test: set test_episodes to 0")
        if self.algorithm == "block-free" and self.episodes > 1:
            raise ValueError("a block-free run plays one episode for each individual: set episodes to 1")
        return self


PRESETS: dict[Preset, dict[str, Any]] = {
    # Progress on Frostbite within minutes on a laptop.
    "laptop": {
        "environment": {"id": "ALE/Frostbite-v5", "options": {"sticky_actions": 0.25}},
        "architecture": "nature-dqn",
        "population": 200,
        "parents": 10,
        "mutation_power": 0.005,
        "candidates": 5,
        "validation_episodes": 10,
    },
    # CartPole solved in seconds.
    "quick": {
        "environment": {"id": "CartPole-v1"},
        "architecture": "mlp",
        "population": 100,
        "parents": 10,
        "mutation_power": 0.05,
        "candidates": 5,
        "validation_episodes": 20,
        "budget": {"target_score": 475.0, "generations": 100},
    },
    # Such et al. 2017, the authors' ga_atari_config.json.
    "paper": {
        "environment": {"id": "ALE/Frostbite-v5", "options": {"sticky_actions": 0.0}},
        "architecture": "uber-large",
        "population": 1000,
        "parents": 20,
        "mutation_power": 0.002,
        "candidates": 10,
        "validation_episodes": 30,
        "test_episodes": 200,
        "budget": {"frames": 1_000_000_000},
    },
    # cshenton/neuroevolution, 2018: block-free, 5000 individuals, 50 parents.
    "cshenton": {
        "environment": {"id": "ALE/Frostbite-v5", "options": {"sticky_actions": 0.0}},
        "architecture": "uber-large",
        "algorithm": "block-free",
        "population": 5000,
        "parents": 50,
        "mutation_power": 0.005,
        "candidates": 0,
        "validation_episodes": 1,
        "budget": {"frames": 1_000_000_000},
    },
}


def preset_configuration(preset: Preset, **changes: Any) -> RunConfiguration:
    """The preset's configuration with top-level fields replaced by `changes`."""
    return RunConfiguration.model_validate(PRESETS[preset] | changes)
