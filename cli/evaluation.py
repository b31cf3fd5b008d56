"""Playing episodes with one policy, on this machine: fresh ones, or those whose scores its document tells."""

import secrets
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from cli.errors import BadInput
from evolution.chains import SeedChain
from evolution.configuration import UINT32_MAX
from evolution.selection import summarize
from worker.compilation import NoPlaceForKernels, compile_kernels
from worker.episode import BrokenEnvironment, Played, UnplayableEnvironment, UnsuitablePolicy
from worker.evaluation import check_fit, evaluate_episodes, evaluate_policy, make_game
from worker.registry import MissingModule, engine_of, import_modules

if TYPE_CHECKING:
    from server.service.document_scores import Told


def evaluate(chain: SeedChain, episodes: int, seed: int | None, modules: Sequence[str]) -> dict[str, Any]:
    """Scores of `episodes` episodes, whose chance follows from `seed` (uint32; None: one is drawn), and what they mean.

    Raises:
        BadInput: the environment cannot be made here, or the policy does not fit it.
    """
    base = secrets.randbelow(UINT32_MAX + 1) if seed is None else seed
    return _play(chain, evaluate_episodes(chain, episodes, base), modules) | {"seed": base}


def evaluate_told(chain: SeedChain, scores: "Sequence[Told]", modules: Sequence[str]) -> dict[str, Any]:
    """The same of the episodes of the chain's own protocol that `scores` tell of; `same`: how many score as told.

    Raises:
        BadInput: as `evaluate`, or none is told of.
    """
    from server.service.protocols import protocol_of

    own = protocol_of(chain.environment)
    told = {each.seed: each.score for entry in scores if entry.protocol in {None, own} for each in entry.episodes}
    if not told:
        raise BadInput(f"its document tells the score of no single episode under its own protocol ({own})")
    found = _play(chain, (evaluate_policy(chain, chain.environment, seed) for seed in told), modules)
    same = sum(score == known for score, known in zip(found["scores"], told.values(), strict=True))
    return found | {"told": list(told.values()), "same": same}


def _play(chain: SeedChain, playing: Iterable[Played], modules: Sequence[str]) -> dict[str, Any]:
    environment = chain.environment.id
    try:
        own = import_modules(modules)
        check_fit(chain.architecture, make_game(environment), chain.environment)
        compile_kernels(partial(print, file=sys.stderr))
        played = list(playing)
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
        "engine": engine_of(environment, own.get(environment)),
    }
