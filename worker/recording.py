"""Recordings: one episode with everything that replays and checks it on any machine, without the network."""

from collections.abc import Generator, Iterator
from typing import Any, NamedTuple, Protocol

from evolution.chains import SeedChain
from evolution.environments import Environment
from worker.episode import Drawing, Picture, Played, Tick, UnreplayableActions
from worker.evaluation import evaluate_policy, make_game
from worker.registry import engine_of
from worker.vector import VectorGame


class Replayable(Protocol):
    """A game that can be played again from its actions."""

    @property
    def frames_per_second(self) -> float: ...

    @property
    def pixel_aspect(self) -> int: ...

    def picture(self) -> Picture: ...

    def drawing(self) -> Drawing | None:
        """The same in few colours; None: there is no palette."""

    def replay(self, options: Any, seed: int, actions: bytes) -> Generator[Tick, None, Played]:
        """`options`: those of the game's kind of environment."""


class Rollout(NamedTuple):
    """One recorded episode."""

    environment: Environment
    seed: int
    """The episode's, uint32."""
    score: float
    steps: int
    """Decisions of the policy."""
    frames: int
    """As `Played.frames`: so many pictures its replay has."""
    digest: str
    """SHA-256, in hex, of the actions and the final memory."""
    engine: str
    """What the score rests on."""
    actions: bytes
    """As `Played.actions`."""
    chain: SeedChain | None = None
    """The policy, if it is known."""


class Moment(NamedTuple):
    """One frame of a replayed episode."""

    picture: Picture
    """Shape (height, width, 3), uint8: what is seen after the frame."""
    score: float
    """So far."""
    step: int
    """The decision that the frame belongs to, from 1."""


class Verification(NamedTuple):
    """Whether a rollout is what it says: `differences` names what is not, with both values; none if it is."""

    differences: tuple[str, ...]

    @property
    def matches(self) -> bool:
        return not self.differences


def record_episode(chain: SeedChain, environment: Environment, seed: int, module: str | None = None) -> Rollout:
    """One episode of the chain's policy, with its actions. `module`: the user's own that registers the environment.

    Raises:
        UnplayableEnvironment: the environment cannot be made here.
        UnsuitablePolicy: the chain's network does not fit it.
        BrokenEnvironment: it failed in play.
    """
    return rollout_of(evaluate_policy(chain, environment, seed), chain, environment, seed, module)


def rollout_of(
    played: Played, chain: SeedChain | None, environment: Environment, seed: int, module: str | None = None
) -> Rollout:
    """What was played, as a rollout of this machine's engine."""
    return Rollout(
        environment=environment,
        seed=seed,
        score=played.score,
        steps=played.steps,
        frames=played.frames,
        digest=played.digest,
        engine=engine_of(environment.id, module),
        actions=played.actions,
        chain=chain,
    )


class Replay:
    """An episode played again from its actions: iterate over it for its moments, as often as you like.

    A replay is one frame after another of one emulator: begin the next when you are done with the last.
    """

    def __init__(self, environment: Environment, seed: int, actions: bytes, *, filmed: bool = True) -> None:
        """`filmed`: pictures are wanted.

        Raises:
            UnplayableEnvironment: the environment cannot be made here.
            UnrenderableEnvironment: it gives no pictures here.
        """
        self.environment, self.seed, self.actions = environment, seed, actions
        self._game = _open_game(environment, filmed=filmed)
        self._played: Played | None = None

    @property
    def played(self) -> Played:
        """What the whole episode gave. Raises: RuntimeError: it has not been replayed to its end yet."""
        if self._played is None:
            raise RuntimeError("the episode is not replayed to its end yet: iterate over the replay first")
        return self._played

    @property
    def frames_per_second(self) -> float:
        """Frames in a second of game time."""
        return self._game.frames_per_second

    @property
    def pixel_aspect(self) -> int:
        """How many times as wide as high a picture's pixels are shown."""
        return self._game.pixel_aspect

    def __iter__(self) -> Iterator[Moment]:
        """The episode's moments, one for each frame.

        Raises:
            UnreplayableActions: no episode of this seed has these actions.
            UnrenderableEnvironment: a moment has no picture.
            BrokenEnvironment: the environment failed.
        """
        for tick in self.ticks():
            yield Moment(self.picture(), tick.score, tick.step)

    def ticks(self) -> Iterator[Tick]:
        """The same without the pictures; ask for those that are wanted. Raises as iteration."""
        self._played = None
        self._played = yield from self._episode()

    def picture(self) -> Picture:
        """What is seen after the last tick. Raises UnrenderableEnvironment."""
        return self._game.picture()

    def drawing(self) -> Drawing | None:
        """The same as numbers of colours, of which `picture` shows one each; None: it is not made of few colours."""
        return self._game.drawing()

    def run(self) -> Played:
        """What the whole episode gives, played without a look at it. Raises as iteration."""
        for _ in self.ticks():
            pass
        return self.played

    def close(self) -> None:
        """Frees what the environment holds."""
        if isinstance(self._game, VectorGame):
            self._game.close()

    def _episode(self) -> Generator[Tick, None, Played]:
        return self._game.replay(self.environment.settings, self.seed, self.actions)


def replay(environment: Environment, seed: int, actions: bytes) -> Replay:
    """The episode of these actions, with pictures. Raises as `Replay`."""
    return Replay(environment, seed, actions)


def verify(rollout: Rollout) -> Verification:
    """Replays the rollout's actions, without its policy, and compares score, steps, frames and final memory exactly.

    Raises:
        UnplayableEnvironment: the environment cannot be made here.
        BrokenEnvironment: it failed.
    """
    playing = Replay(rollout.environment, rollout.seed, rollout.actions, filmed=False)
    try:
        played = playing.run()
    except UnreplayableActions as error:
        return Verification((str(error),))
    finally:
        playing.close()
    return Verification(tuple(_differences(rollout, played)))


def _differences(rollout: Rollout, played: Played) -> Iterator[str]:
    for name in ("score", "steps", "frames", "digest"):
        told, found = getattr(rollout, name), getattr(played, name)
        if told != found:
            yield f"the {name} is {found}, not {told}"
    if len(played.actions) < len(rollout.actions):  # Too few do not replay: see `UnreplayableActions`.
        yield f"the episode ends after {played.steps} decisions, and there are more actions"


def _open_game(environment: Environment, *, filmed: bool) -> Replayable:
    game = make_game(environment.id)
    if not (filmed and isinstance(game, VectorGame)):
        return game
    game.close()
    return VectorGame(environment.id, filmed=True)
