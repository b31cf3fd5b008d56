"""What the tests of exports share: policies large mutations away from their first weights, so that each one matters."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from evolution.architectures import Architecture, CshentonArchitecture, ImageArchitecture, MlpArchitecture
from evolution.chains import SeedChain
from evolution.environments import Environment
from exports.observations import observation_of

Run = Callable[[NDArray[Any]], NDArray[np.float32]]
ARCHITECTURES: dict[str, Architecture] = {
    "uber-large": ImageArchitecture(name="uber-large", actions=18),
    "nature-dqn": ImageArchitecture(name="nature-dqn", actions=9),
    "mlp": MlpArchitecture(name="mlp", inputs=4, hidden=[16, 8], actions=2),
    "matrix": MlpArchitecture(name="mlp", inputs=4, hidden=[], actions=2),
    "box": MlpArchitecture(name="mlp", inputs=3, hidden=[16], actions=2, box=True),
    "cshenton-2018": CshentonArchitecture(name="cshenton-2018", actions=18),
}


def policy(architecture: str, environment: str = "CartPole-v1", **options: Any) -> SeedChain:
    if architecture == "cshenton-2018":
        return SeedChain(
            format="cshenton-2018",
            architecture=ARCHITECTURES[architecture],
            environment=Environment(id="Frostbite-v4"),
            seeds=[5, 6],
            power=0.005,
        )
    return SeedChain(
        architecture=ARCHITECTURES[architecture],
        environment=Environment(id=environment, options=options),
        seeds=[5, 6, 7],
        power=0.02,
    )


@pytest.fixture(params=list(ARCHITECTURES))
def chain(request: pytest.FixtureRequest) -> SeedChain:
    """A policy of each kind of network."""
    return policy(request.param)


def runtime(model: bytes) -> Run:
    """The model's action values for a batch of observations, computed by ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(observations: NDArray[Any]) -> NDArray[np.float32]:
        (values,) = session.run(["action_values"], {"observation": observations})
        return np.asarray(values)

    return run


def observations(chain: SeedChain, count: int) -> NDArray[Any]:
    """A batch of random ones."""
    random = np.random.default_rng(3)
    sight = observation_of(chain.architecture)
    if sight.is_bytes:
        return random.integers(0, 256, (count, *sight.shape), np.uint8)
    return random.normal(size=(count, *sight.shape)).astype(np.float32)
