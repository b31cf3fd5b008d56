"""An environment module of a worker whose machine computes other bits: the lowest of one weight is the other one."""

import numpy as np

from worker.evaluation import Evaluator
from worker.individuals import Individual
from worker.policy import Policy

sound = Evaluator._policy


def flip(self: Evaluator, individual: Individual) -> Policy:
    """The individual's network, but for one bit."""
    is_filled = individual == self._filled
    policy = sound(self, individual)
    if not is_filled:
        policy.parameters.view(np.uint32)[0] ^= 1
        policy.renew()
    return policy


Evaluator._policy = flip  # type: ignore[method-assign]
