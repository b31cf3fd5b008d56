"""Recording and verifying on this machine, with what can go wrong as one line."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from cli.errors import BadInput
from evolution.chains import SeedChain
from worker.compilation import NoPlaceForKernels, compile_kernels
from worker.episode import (
    BrokenEnvironment,
    UnplayableEnvironment,
    UnrenderableEnvironment,
    UnreplayableActions,
    UnsuitablePolicy,
)
from worker.evaluation import check_fit, make_game
from worker.gif import EmptyPart, Part, make_gif
from worker.recording import Replay, Rollout, Verification, record_episode, verify
from worker.registry import MissingModule, import_modules
from worker.video import VideoTooLarge, make_video


def play(chain: SeedChain, seed: int, modules: Sequence[str]) -> Rollout:
    """One episode in the chain's own environment. Raises: BadInput."""
    environment = chain.environment
    with _saying_what_is_wrong():
        own = import_modules(modules)
        check_fit(chain.architecture, make_game(environment.id), environment)
        compile_kernels(partial(print, file=sys.stderr))
        return record_episode(chain, environment, seed, own.get(environment.id))


def film(rollout: Rollout) -> bytes:
    """The episode as an MP4. Raises: BadInput."""
    with _filmed(rollout) as replay:
        return make_video(replay, rollout.frames).mp4


def animate(rollout: Rollout, part: Part) -> bytes:
    """Part of the episode as a GIF. Raises: BadInput."""
    with _filmed(rollout) as replay:
        return make_gif(replay, part)


def check(rollout: Rollout, modules: Sequence[str]) -> Verification:
    """Whether the rollout is what it says. Raises: BadInput."""
    with _saying_what_is_wrong():
        import_modules(modules)
        return verify(rollout)


@contextmanager
def _filmed(rollout: Rollout) -> Iterator[Replay]:
    with _saying_what_is_wrong():
        replay = Replay(rollout.environment, rollout.seed, rollout.actions)
        try:
            yield replay
        finally:
            replay.close()


@contextmanager
def _saying_what_is_wrong() -> Iterator[None]:
    try:
        yield
    except (
        MissingModule,
        NoPlaceForKernels,
        UnplayableEnvironment,
        UnsuitablePolicy,
        BrokenEnvironment,
        UnreplayableActions,
        UnrenderableEnvironment,
        VideoTooLarge,
        EmptyPart,
    ) as error:
        raise BadInput(str(error)) from None
