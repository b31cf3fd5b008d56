"""Evaluation: a pure function of a policy, an environment with its options, and an episode's seed.

What an evaluator keeps between episodes (emulators, networks' places, parents) saves time and changes no result.
"""

import sys
from collections import OrderedDict
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, cast

from evolution.architectures import Architecture, CshentonArchitecture, ImageArchitecture
from evolution.breeding import episode_seed
from evolution.chains import SeedChain
from evolution.classic_games import is_classic
from evolution.cshenton import SCREEN_SHAPE
from evolution.environments import (
    ATARI_PREFIX,
    AtariOptions,
    BoxActions,
    ClassicAtariOptions,
    Environment,
    Options,
    VectorOptions,
)
from evolution.messages import Phase
from worker.episode import Played, UnplayableEnvironment, UnsuitablePolicy
from worker.individuals import Individual, Parents
from worker.networks import build_policy
from worker.policy import Player, Policy
from worker.registry import EMULATOR, classic_rom_of, rom_of
from worker.shelf import Shelf
from worker.vector import VectorGame

if TYPE_CHECKING:
    from worker.atari import AtariGame
    from worker.classic_atari import ClassicAtariGame

    Game = AtariGame | ClassicAtariGame | VectorGame

IMAGES = "images"
"""What most networks of Atari games take."""
MOST_GAMES = 4
"""Games kept ready in a process; each takes some megabytes."""


class Evaluator:
    """Plays episodes in this process, on one thread."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._parents = Parents(shelf)
        self._games: OrderedDict[str, Game] = OrderedDict()
        self._policies: OrderedDict[str, Policy] = OrderedDict()
        self._filled: Individual | None = None

    def evaluate(self, individual: Individual, environment: Environment, seed: int) -> Played:
        """One episode.

        Raises:
            UnplayableEnvironment: the environment cannot be made here.
            UnsuitablePolicy: the individual's network does not fit it.
            BrokenEnvironment: it failed in play.
        """
        game = self._game(environment.id)
        check_fit(individual.architecture, game, environment)
        return play_episode(game, self._policy(individual), environment.settings, seed)

    def _game(self, environment_id: str) -> "Game":
        if environment_id not in self._games:
            self._games[environment_id] = make_game(environment_id)
            if len(self._games) > MOST_GAMES:
                self._games.popitem(last=False)
        self._games.move_to_end(environment_id)
        return self._games[environment_id]

    def _policy(self, individual: Individual) -> Policy:
        """The individual's network. The one asked for last is kept: validation plays many episodes in a row."""
        architecture = individual.architecture
        key = architecture.model_dump_json()
        if key not in self._policies:
            self._policies[key] = build_policy(architecture)
            if len(self._policies) > MOST_GAMES:
                self._policies.popitem(last=False)
            self._filled = None
        self._policies.move_to_end(key)
        if individual != self._filled:
            policy = self._policies[key]
            self._parents.raise_individual(individual, policy.expansion, policy.parameters)
            policy.renew()
            self._filled = individual
        return self._policies[key]


def play_episode(game: "Game", policy: Player, options: Options, seed: int) -> Played:
    """One episode of the game whose options these are. Raises: BrokenEnvironment: it failed in play."""
    if isinstance(game, VectorGame):
        return game.play(policy, VectorOptions.model_validate(options, from_attributes=True), seed)
    if isinstance(options, ClassicAtariOptions):
        return cast("ClassicAtariGame", game).play(policy, options, seed)
    return cast("AtariGame", game).play(policy, AtariOptions.model_validate(options, from_attributes=True), seed)


def make_game(environment_id: str) -> "Game":
    """The environment, ready to play in this process.

    Raises:
        UnplayableEnvironment: it cannot be made here.
    """
    rom = rom_of(environment_id)
    if rom is not None:
        from worker.atari import AtariGame

        return AtariGame(rom)
    classic_rom = classic_rom_of(environment_id)
    if classic_rom is not None:
        from worker.classic_atari import ClassicAtariGame

        return ClassicAtariGame(classic_rom)
    if is_classic(environment_id) and EMULATOR in sys.modules:
        raise UnplayableEnvironment(
            f"{environment_id} is registered by another package than ale-py: name yours otherwise"
        )
    if (is_classic(environment_id) or environment_id.startswith(ATARI_PREFIX)) and EMULATOR not in sys.modules:
        raise UnplayableEnvironment(f"{environment_id} needs the emulator, which is not installed: pip install ale-py")
    return VectorGame(environment_id)


def check_fit(architecture: Architecture, game: "Game", environment: Environment) -> None:
    """Returns if the network takes what the game shows and chooses among the game's actions.

    Raises:
        UnsuitablePolicy: it does not.
    """
    needed = fitting_shape(game, environment)
    has = _shape_of(architecture)
    if has != needed:
        raise UnsuitablePolicy(
            f"the policy does not fit {environment.id} with these options: its network is for {_words(*has)}, "
            f"the environment has {_words(*needed)}; play it in the environment that it was evolved in"
        )


def fitting_shape(game: "Game", environment: Environment) -> tuple[str, int, bool]:
    """What a fitting network takes, in words, how many outputs it has, and if they are a box."""
    options = environment.settings
    if isinstance(game, VectorGame):
        box = isinstance(game.actions, BoxActions)
        outputs = len(game.actions.low) if isinstance(game.actions, BoxActions) else game.actions.n
        return _numbers(game.observations), outputs, box
    if isinstance(options, ClassicAtariOptions):
        classic = cast("ClassicAtariGame", game)
        return _screens(classic.screen_shape), len(classic.actions), False
    actions = cast("AtariGame", game).actions(AtariOptions.model_validate(options, from_attributes=True))
    return IMAGES, len(actions), False


def _shape_of(architecture: Architecture) -> tuple[str, int, bool]:
    """As `fitting_shape`, of the network."""
    if isinstance(architecture, ImageArchitecture):
        return IMAGES, architecture.actions, False
    if isinstance(architecture, CshentonArchitecture):
        return _screens(SCREEN_SHAPE), architecture.actions, False
    return _numbers(architecture.inputs), architecture.actions, architecture.box


def _numbers(inputs: int) -> str:
    return f"{inputs} numbers"


def _screens(shape: tuple[int, int, int]) -> str:
    return f"raw screens of {shape[0]} x {shape[1]}"


def evaluate_policy(chain: SeedChain, environment: Environment, episode_seed: int) -> Played:
    """One episode of the chain's policy: the same chain, environment and seed (0..2**31-1) give the same result.

    Raises:
        UnplayableEnvironment: the environment cannot be made here.
        UnsuitablePolicy: the chain's network does not fit it.
        BrokenEnvironment: it failed in play.
    """
    return _evaluator().evaluate(individual_of(chain), environment, episode_seed)


def evaluate_episodes(chain: SeedChain, episodes: int, base_seed: int = 0) -> Iterator[Played]:
    """Fresh episodes 0..episodes-1 of a policy in its own environment.

    Their seeds are the test episodes that individual 0 of generation 0 would play in a run of seed `base_seed`
    (uint32; GENOME.md, "Episode", phase 2), so that policies evaluated with one base seed meet the same chance.
    Raises as `evaluate_policy`.
    """
    for episode in range(episodes):
        yield evaluate_policy(chain, chain.environment, episode_seed(base_seed, 0, 0, Phase.TEST, episode))


def individual_of(chain: SeedChain) -> Individual:
    """The chain's policy, kept whole as its own parent: it will play again."""
    return Individual(chain.architecture, chain.seeds, chain.powers, None)


@cache
def _evaluator() -> Evaluator:
    return Evaluator()


def _words(inputs: str, outputs: int, box: bool) -> str:
    return f"{inputs} and {f'a box of {outputs} actions' if box else f'{outputs} discrete actions'}"
