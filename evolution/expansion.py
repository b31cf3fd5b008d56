"""From a seed chain to its network's parameters, bit by bit as GENOME.md, "Parameters", or evolution.cshenton."""

import numpy as np
from numpy.typing import NDArray

from evolution import cshenton
from evolution.architectures import Architecture, CshentonArchitecture
from evolution.chains import SeedChain
from evolution.layouts import layout, parameter_count
from evolution.noise import INITIAL_WEIGHTS, MUTATION, noise

Parameters = NDArray[np.float32]
"""Shape (P,): for each layer in order its weights, row-major, then its biases, if it has any."""


def expand(chain: SeedChain) -> Parameters:
    """Shape (P,), float32: the parameters of the chain's network, as its format makes them.

    Raises:
        DifferentNormalTable, DifferentTruncatedNormal: this platform's arithmetic would give others.
    """
    if isinstance(chain.architecture, CshentonArchitecture):
        return cshenton.expand(chain.seeds, chain.architecture.actions)
    first, *mutations = chain.seeds
    parameters = initial_parameters(chain.architecture, first)
    for seed, power in zip(mutations, chain.powers, strict=True):
        parameters = mutate(parameters, seed, power)
    return parameters


def initial_parameters(architecture: Architecture, seed: int) -> Parameters:
    """Shape (P,), float32: scaled noise for weights, zero for biases (each of which uses up its element of noise)."""
    parameters = noise(seed, INITIAL_WEIGHTS, 0, parameter_count(architecture))
    start = 0
    for layer in layout(architecture):
        biases = start + layer.weights
        parameters[start:biases] *= np.float32(layer.scale)
        parameters[biases : biases + layer.outputs] = 0
        start = biases + layer.outputs
    return parameters


def mutate(parameters: Parameters, seed: int, power: float) -> Parameters:
    """Shape (P,), float32: a new vector, `parameters` plus `power` (standard deviation) times the noise of `seed`."""
    # Two operations, each rounded to float32: a fused multiply-add would give other bits.
    child = noise(seed, MUTATION, 0, len(parameters))
    child *= np.float32(power)
    child += parameters
    return child
