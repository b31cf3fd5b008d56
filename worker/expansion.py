"""Expansion in place: a policy's parameters, in the order that its network wants them, each step written where asked.

The numbers are GENOME.md's; their order is the expansion's own, so that no network needs to pack them again.
"""

from typing import Protocol

from evolution.architectures import Architecture
from evolution.expansion import Parameters, initial_parameters, mutate
from evolution.layouts import parameter_count


class Expansion(Protocol):
    """How the parameters of one architecture are made and ordered."""

    @property
    def name(self) -> str:
        """Of the order: parameters kept under another name are not read as this one's."""

    @property
    def size(self) -> int:
        """float32 numbers, those of padding included."""

    def initial(self, seed: int, out: Parameters) -> None:
        """Writes all of `out`, shape (size,): the parameters that a chain's first seed gives."""

    def mutate(self, parent: Parameters, seed: int, power: float, out: Parameters) -> None:
        """Writes all of `out`, which may be `parent`: the parent plus `power` times the noise of `seed`."""


class PlainExpansion:
    """GENOME.md's own order, made by the reference."""

    name = "plain"

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture
        self.size = parameter_count(architecture)

    def initial(self, seed: int, out: Parameters) -> None:
        out[:] = initial_parameters(self._architecture, seed)

    def mutate(self, parent: Parameters, seed: int, power: float, out: Parameters) -> None:
        out[:] = mutate(parent, seed, power)
