"""Starting points for a run's configuration, all editable, with what people read about them."""

from typing import Any, Literal, NamedTuple

Preset = Literal["laptop", "quick", "paper", "cshenton"]


class PresetText(NamedTuple):
    """How a preset is shown."""

    title: str
    description: str


PRESET_TEXTS: dict[Preset, PresetText] = {
    "laptop": PresetText(
        "Frostbite on a laptop",
        "A small population with large mutations and sticky actions: progress within minutes on a few cores.",
    ),
    "quick": PresetText("CartPole in seconds", "Balances a pole: shows in seconds that everything works."),
    "paper": PresetText(
        "As in the paper",
        "The genetic algorithm of Such et al. 2017 with the authors' released settings: one billion frames, about "
        "90 core-hours.",
    ),
    "cshenton": PresetText(
        "Never idle (cshenton, 2018)",
        "Block-free: a new individual is bred whenever a worker asks, so that none waits for another. For big fleets.",
    ),
}

PRESETS: dict[Preset, dict[str, Any]] = {
    # Of random policies more than a third stand still without a point until the cap, at any cap, and would take most of
    # the time; those that score 200 to 1,000 points do so in 500 to 800 decisions. A lower cap than the paper's 5,000
    # makes the first generation three times as quick.
    "laptop": {
        "environment": {"id": "ALE/Frostbite-v5", "options": {"sticky_actions": 0.25, "max_steps": 1200}},
        "architecture": "nature-dqn",
        "population": 200,
        "parents": 10,
        "mutation_power": 0.005,
        "candidates": 5,
        "validation_episodes": 10,
    },
    # One random network in twenty balances the pole: a large first generation leaves no curve to look at. To a
    # validated 475, the environment's own mark of success, these sizes took 4 generations at the median of 24 run
    # seeds, 13 at most, and a single one with four of them; 78,000 steps on average, 244,000 at most. Larger mutations
    # drown the output layer's small weights: children forget what their parents could.
    "quick": {
        "environment": {"id": "CartPole-v1"},
        "architecture": "mlp",
        "hidden": [16],
        "population": 16,
        "parents": 4,
        "mutation_power": 0.01,
        "candidates": 3,
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
    # github.com/cshenton/neuroevolution, 2018.
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
