"""The policies that play: seed chains in `policies/`, half of them random, half evolved.

A policy that stands still makes everything fast: nothing on the screen changes, and its episode is played to the cap.
The random ones are the first seeds from 1001 on that score and use more than one action.
"""

from itertools import chain as joined
from pathlib import Path
from typing import Literal, NamedTuple

from evolution.architectures import ImageArchitecture
from evolution.chains import SeedChain, read_chain
from evolution.environments import Environment
from worker.evaluation import fitting_shape, make_game
from worker.individuals import Individual

FOLDER = Path(__file__).parent / "policies"
GAME = "ALE/Frostbite-v5"
"""In which the committed chains were evolved."""

ImageName = Literal["nature-dqn", "uber-large"]
IMAGE_NAMES: tuple[ImageName, ...] = ("nature-dqn", "uber-large")


class Counts(NamedTuple):
    """How many policies of either kind play."""

    random: int
    evolved: int


def committed_chains(architecture: str) -> list[SeedChain]:
    """Random and evolved ones in turn."""
    kinds = [
        [read_chain(path.read_bytes()) for path in sorted(FOLDER.glob(f"{architecture}-{kind}-*.json"))]
        for kind in ("random", "evolved")
    ]
    longest = max(len(kind) for kind in kinds)
    return list(joined.from_iterable(kind[place : place + 1] for place in range(longest) for kind in kinds))


def chains_for(architecture: ImageName, game: str) -> list[SeedChain]:
    """The committed chains, made to fit another game than theirs if need be: there they play as random ones do.

    Raises:
        UnplayableEnvironment: the game cannot be made here.
    """
    chains = committed_chains(architecture)
    if game == GAME:
        return chains
    environment = Environment(id=game)
    _, actions, _ = fitting_shape(make_game(game), environment)
    fitting = {"architecture": ImageArchitecture(name=architecture, actions=actions), "environment": environment}
    return [chain.model_copy(update=fitting) for chain in chains]


def cut_short(chains: list[SeedChain], steps: int) -> list[SeedChain]:
    """The same policies in episodes of so many decisions at most."""
    return [chain.model_copy(update={"environment": shortened(chain.environment, steps)}) for chain in chains]


def shortened(environment: Environment, steps: int) -> Environment:
    """The environment with episodes of so many decisions at most."""
    return Environment(id=environment.id, options={**environment.options, "max_steps": steps})


def count_kinds(chains: list[SeedChain]) -> Counts:
    """How many are random, how many evolved."""
    random = sum(len(chain.seeds) == 1 for chain in chains)
    return Counts(random, len(chains) - random)


def as_bred(chain: SeedChain) -> Individual:
    """The policy as a worker gets it in a run: its parent, which is kept, and one seed of its own."""
    return Individual(chain.architecture, chain.seeds[:-1], chain.powers, chain.seeds[-1])
