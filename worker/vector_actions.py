"""Actions of a vector environment: from a network's outputs, to the bytes that are kept, and back from them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from worker.episode import UnreplayableActions
from worker.kernels.mlp import squash
from worker.policy import greedy

Action = int | NDArray[np.generic]
Choose = Callable[[NDArray[np.float32]], tuple[Action, bytes]]
Read = Callable[[bytes, int, int], tuple[Action, int]]
"""From all recorded actions, where the next begins, and the decisions before it: it, and where it ends."""


def chooser(space: spaces.Space[Any]) -> Choose:
    """From a network's outputs to the environment's action, and the bytes that record it in the digest."""
    if isinstance(space, spaces.Box):
        low, high = space.low.astype(np.float32).ravel(), space.high.astype(np.float32).ravel()
        span, shape, dtype = (high - low) / np.float32(2), space.shape, space.dtype

        def scale(outputs: NDArray[np.float32]) -> tuple[Action, bytes]:
            # GENOME.md: low + (tanh(y) + 1) / 2 * (high - low); the bounds hold though the sum is rounded.
            flat = np.clip(low + (squash(outputs) + np.float32(1)) * span, low, high)
            return flat.reshape(shape).astype(dtype), flat.astype("<f4").tobytes()

        return scale
    first = int(space.start) if isinstance(space, spaces.Discrete) else 0

    def pick(outputs: NDArray[np.float32]) -> tuple[Action, bytes]:
        choice = greedy(outputs)
        return first + choice, choice.to_bytes(2, "little")

    return pick


def reader(space: spaces.Space[Any]) -> Read:
    """The inverse of what `chooser` records."""
    if isinstance(space, spaces.Box):
        low, high = space.low.astype(np.float32).ravel(), space.high.astype(np.float32).ravel()
        size, shape, dtype = 4 * low.size, space.shape, space.dtype

        def read(actions: bytes, at: int, steps: int) -> tuple[Action, int]:
            if len(actions) < at + size:
                raise UnreplayableActions.at(steps)
            flat = np.frombuffer(actions[at : at + size], "<f4")
            if not ((low <= flat) & (flat <= high)).all():
                raise UnreplayableActions.at(steps)
            return flat.reshape(shape).astype(dtype), at + size

        return read
    first, count = (int(space.start), int(space.n)) if isinstance(space, spaces.Discrete) else (0, 0)

    def read_choice(actions: bytes, at: int, steps: int) -> tuple[Action, int]:
        choice = int.from_bytes(actions[at : at + 2], "little")
        if len(actions) < at + 2 or choice >= count:
            raise UnreplayableActions.at(steps)
        return first + choice, at + 2

    return read_choice
