"""One call of every kernel, so that each is compiled."""

import numpy as np

from evolution.architectures import Architecture, ImageArchitecture, MlpArchitecture
from worker.kernels.screen import area_taps, look, push
from worker.policy import Observation


def use_all() -> None:
    """Calls every kernel once, with arguments of the types that play has."""
    from worker.networks import build_policy

    networks: list[tuple[Architecture, Observation]] = [
        (ImageArchitecture(name="nature-dqn", actions=2), np.zeros((84, 84, 4), np.uint8)),
        (MlpArchitecture(name="mlp", inputs=2, hidden=[2], actions=2), np.zeros(2, np.float32)),
    ]
    for architecture, observation in networks:
        policy = build_policy(architecture)
        policy.expansion.initial(0, policy.parameters)
        policy.expansion.mutate(policy.parameters, 0, 0.0, policy.parameters)
        policy.renew()
        policy.outputs(observation)
    colours, gray, rows = np.zeros((210, 160), np.uint8), np.zeros((210, 160), np.uint8), np.ones(210, np.uint8)
    words = colours.view(np.uint64)
    look(words, words.copy(), colours, np.zeros(256, np.int16), gray, rows)
    image, pixels = np.zeros((84, 84), np.uint8), np.zeros((84, 84), np.uint32)
    push(gray, gray, rows, area_taps(210, 84), area_taps(160, 84), np.zeros(160, np.int32), image, pixels)
