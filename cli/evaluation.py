"""Playing fresh episodes with one policy, on this machine."""

import secrets
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from cli.errors import BadInput
from evolution.chains import SeedChain
from evolution.configuration import UINT32_MAX
from evolution.selection import summarize
from worker.compilation import NoPlaceForKernels, compile_kernels
from worker.episode import BrokenEnvironment, UnplayableEnvironment, UnsuitablePolicy
from worker.evaluation import check_fit, evaluate_episodes, make_game
from worker.registry import MissingModule, engine_of, import_modules


def evaluate(chain: SeedChain, episodes: int, seed: int | None, modules: Sequence[str]) -> dict[str, Any]:
    """Scores of `episodes` episodes, whose chance follows from `seed` (uint32; None: one is drawn), and what they mean.

    Raises:
        BadInput: the environment cannot be made here, or the policy does not fit it.
    """
    base = secrets.randbelow(UINT32_MAX + 1) if seed is None else seed
    environment = chain.environment.id
    try:
        own = import_modules(modules)
        check_fit(chain.architecture, make_game(environment), chain.environment)
        compile_kernels(partial(print, file=sys.stderr))
        played = list(evaluate_episodes(chain, episodes, base))
    except (MissingModule, NoPlaceForKernels, UnplayableEnvironment, UnsuitablePolicy, BrokenEnvironment) as error:
        raise BadInput(str(error)) from None
    scores = [episode.score for episode in played]
    summary = summarize(scores, [episode.digest for episode in played])
    return {
        "scores": scores,
        "mean": summary.mean,
        "sd": summary.sd,
        "n": summary.n,
        "distinct": summary.distinct,
        "steps": sum(episode.steps for episode in played),
        "frames": sum(episode.frames for episode in played),
        "seed": base,
        "engine": engine_of(environment, own.get(environment)),
    }
