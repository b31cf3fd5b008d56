"""From seeds to parameters, keeping parents: an individual of a known parent costs one mutation.

As chains grow, rebuilding networks would come to dominate evaluation (the ancestor's experience, PAPER notes); a chain
is therefore rebuilt from its longest kept beginning only.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from evolution.architectures import Architecture
from evolution.expansion import Parameters
from worker.expansion import Expansion

DEFAULT_MEMORY_BYTES = 400 * 2**20
"""Of kept parents, for each evaluation process: 24 of `uber-large`, 59 of `nature-dqn`."""


class Individual(NamedTuple):
    """A policy as a parent, kept for its other children, and what it adds to it."""

    architecture: Architecture
    parent: Sequence[int]
    """Seeds of the parent's chain; empty if the individual is of generation 0."""
    powers: Sequence[float]
    """Of each mutation of the whole chain: one less than its seeds."""
    newest: int | None
    """The individual's own seed; None if it is the parent itself, unchanged."""


class Parents:
    """Parameters by seed chain, least recently used dropped first. What is kept changes no result."""

    def __init__(self, memory_bytes: int = DEFAULT_MEMORY_BYTES) -> None:
        self._memory_bytes = memory_bytes
        self._kept: OrderedDict[bytes, Parameters] = OrderedDict()
        self._held_bytes = 0

    def raise_individual(self, individual: Individual, expansion: Expansion, out: Parameters) -> None:
        """Writes the individual's parameters, in the expansion's order, to `out`, shape (expansion.size,), float32."""
        architecture, seeds, powers, newest = individual
        if not seeds:
            if newest is None:
                raise ValueError("an individual without a parent has a seed of its own")
            expansion.initial(newest, out)
            return
        parent = self._parameters(architecture, seeds, powers, expansion)
        if newest is None:
            out[:] = parent
        else:
            expansion.mutate(parent, newest, powers[len(seeds) - 1], out)

    def _parameters(
        self, architecture: Architecture, seeds: Sequence[int], powers: Sequence[float], expansion: Expansion
    ) -> Parameters:
        keys = _beginnings(f"{expansion.name} {architecture.model_dump_json()}", seeds, powers)
        known = next((number for number in range(len(keys), 0, -1) if keys[number - 1] in self._kept), 0)
        if known == len(keys):
            self._kept.move_to_end(keys[-1])
            return self._kept[keys[-1]]
        parameters = np.empty(expansion.size, np.float32)
        if known:
            source = self._kept[keys[known - 1]]
            self._kept.move_to_end(keys[known - 1])
        else:
            source, known = parameters, 1
            expansion.initial(seeds[0], parameters)
        for seed, power in zip(seeds[known:], powers[known - 1 :], strict=False):
            expansion.mutate(source, seed, power, parameters)
            source = parameters
        self._keep(keys[-1], parameters)
        return parameters

    def _keep(self, key: bytes, parameters: Parameters) -> None:
        if key in self._kept:
            self._kept.move_to_end(key)
            return
        self._kept[key] = parameters
        self._held_bytes += parameters.nbytes
        while self._held_bytes > self._memory_bytes and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._held_bytes -= dropped.nbytes


def _beginnings(order: str, seeds: Sequence[int], powers: Sequence[float]) -> list[bytes]:
    """A key for each beginning of the chain, one seed long first: each from the one before."""
    key = hashlib.sha256(order.encode()).digest()
    keys = []
    for seed, power in zip(seeds, [0.0, *powers], strict=False):
        key = hashlib.sha256(key + f"{seed} {power!r}".encode()).digest()
        keys.append(key)
    return keys
