"""The worker: claims batches of seed chains, plays their episodes and returns scores. It keeps nothing that matters."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evolution.chains import SeedChain
    from evolution.environments import Environment
    from worker.episode import Played
    from worker.recording import Rollout


def evaluate_policy(chain: "SeedChain", environment: "Environment", episode_seed: int) -> "Played":
    """One episode of the chain's policy: the same chain, environment and seed (0..2**31-1) give the same result.

    Raises:
        UnplayableEnvironment: the environment cannot be made here.
        UnsuitablePolicy: the chain's network does not fit it.
        BrokenEnvironment: it failed in play.
    """
    # Imported when used: most of the worker does not need the kernels, which take a second to load.
    from worker.evaluation import evaluate_policy as evaluate

    return evaluate(chain, environment, episode_seed)


def record_episode(chain: "SeedChain", environment: "Environment", episode_seed: int) -> "Rollout":
    """The same episode with its actions, which replay it anywhere without the network. Raises as `evaluate_policy`."""
    from worker.recording import record_episode as record

    return record(chain, environment, episode_seed)
