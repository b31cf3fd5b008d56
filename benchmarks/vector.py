"""Vector environments: CartPole, against the environment's own steps."""

import time
from typing import NamedTuple

from benchmarks.bare import BareEnvironment
from benchmarks.chains import committed_chains
from benchmarks.ours import WorkerLoop
from benchmarks.slices import Contender, Key, Round, Slice, play_rounds
from benchmarks.summary import pace
from worker.evaluation import Evaluator

ENVIRONMENT = "CartPole-v1"
ARCHITECTURE = "mlp"


class Steps(NamedTuple):
    """Medians over the rounds; as `summary.Pace`."""

    steps_per_second: float
    raw_steps_per_second: float
    ratio: float
    ratio_quartiles: tuple[float, float]


class Alone:
    """`Turns` of a single process."""

    def take(self, contender: Contender, seconds: float) -> Slice:
        return contender.measure(seconds)

    def goes_on(self, deadline: float) -> bool:
        return time.monotonic() < deadline


def cartpole_steps(seconds: float, slice_seconds: float) -> Steps:
    """The worker's steps and the environment's, in alternation."""
    loop = WorkerLoop(Evaluator(), committed_chains(ARCHITECTURE))
    contenders: dict[Key, Contender] = {
        Key("ours", ARCHITECTURE): loop,
        Key("raw", ARCHITECTURE): BareEnvironment(loop, ENVIRONMENT),
    }
    loop.warm_up()
    rounds: list[Round] = play_rounds(contenders, Alone(), slice_seconds, time.monotonic() + seconds)
    found = pace([rounds], Key("ours", ARCHITECTURE))
    return Steps(found.frames_per_second, found.raw_frames_per_second, found.ratio, found.ratio_quartiles)
