"""A user's own module, given with --env-module."""

import sys
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

__version__ = "1.2"
Observation = NDArray[np.float64]


ENTRY = f"{__name__}:Counting"


class Counting(gymnasium.Env[Observation, Any]):
    """Ends after ten steps; each gives the action as reward. Observations are two by three."""

    metadata = {"render_modes": []}

    def __init__(self, actions: spaces.Space[Any], reward: float = 1.0, observations: Any = None) -> None:
        self.observation_space = observations or spaces.Box(-np.inf, np.inf, (2, 3), np.float64)
        self.action_space = actions
        self._reward, self._steps = reward, 0
        self.taken: list[Any] = []

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._steps = 0
        self.taken.clear()
        return self.np_random.normal(size=(2, 3)), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.taken.append(action)
        self._steps += 1
        if self._reward < -1:
            raise ValueError("the user's mistake")
        return self.np_random.normal(size=(2, 3)), self._reward, self._steps == 10, False, {}


class Spaceless(Counting):
    """Says nothing of its actions."""

    def __init__(self) -> None:
        super().__init__(BOX)
        del self.action_space


class Unclosable(Counting):
    """Fails when it is no longer needed."""

    def close(self) -> None:
        raise OSError("the user's window is gone")


class Exiting(Counting):
    """Ends the process that makes it."""

    def __init__(self) -> None:
        sys.exit("no licence")


class Endless(Counting):
    """Runs at no speed that there is."""

    metadata = {"render_modes": [], "render_fps": float("inf")}


class Excessive(Counting):
    """Runs faster than a number can say."""

    metadata = {"render_modes": [], "render_fps": 10**400}


BOX = spaces.Box(np.array([[-1.0, 0.0]]), np.array([[3.0, 0.5]]), dtype=np.float64)
SPACES: dict[str, spaces.Space[Any]] = {
    "Box": BOX,
    "Started": spaces.Discrete(3, start=5),
    "Many": spaces.MultiDiscrete([2, 3]),
    "Unbounded": spaces.Box(-np.inf, np.inf, (1,)),
    "Whole": spaces.Box(0, 5, (1,), np.int64),
}
for name, space in SPACES.items():
    gymnasium.register(f"user/{name}-v0", entry_point=ENTRY, kwargs={"actions": space})
gymnasium.register("user/NaN-v0", entry_point=ENTRY, kwargs={"actions": BOX, "reward": float("nan")})
gymnasium.register("user/Broken-v0", entry_point=ENTRY, kwargs={"actions": BOX, "reward": -2.0})
gymnasium.register("user/Dict-v0", entry_point=ENTRY, kwargs={"actions": BOX, "observations": spaces.Dict(a=BOX)})
gymnasium.register("user/Unmakeable-v0", entry_point=ENTRY, kwargs={"no_such": 1})
gymnasium.register("user/Chancy-v0", entry_point=ENTRY, kwargs={"actions": BOX}, nondeterministic=True)
gymnasium.register("user/Spaceless-v0", entry_point=f"{__name__}:Spaceless")
gymnasium.register("user/Exiting-v0", entry_point=f"{__name__}:Exiting")
for kind in (Unclosable, Endless, Excessive):
    gymnasium.register(f"user/{kind.__name__}-v0", entry_point=f"{__name__}:{kind.__name__}", kwargs={"actions": BOX})
