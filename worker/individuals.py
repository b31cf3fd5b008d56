"""From seeds to parameters, keeping parents: an individual of a known parent costs one mutation.

As chains grow, rebuilding networks would come to dominate evaluation (the ancestor's experience, PAPER notes); a chain
is therefore rebuilt from its longest kept beginning only, and what several chains begin with is built once.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import NamedTuple

from evolution.architectures import Architecture
from evolution.expansion import Parameters
from worker.expansion import Expansion
from worker.shelf import Place, Shelf

MILESTONES = (4, 16, 64, 256, 1024, 4096)
"""A chain is also kept as it was so many seeds before its end, for kin not known yet: what is built twice for one
stays below four times what it does not share."""
CHAINS_REMEMBERED = 128
"""Chains whose keys are not computed again: some kilobytes each."""


class Individual(NamedTuple):
    """A policy as a parent, kept for its other children, and what it adds to it."""

    architecture: Architecture
    parent: Sequence[int]
    """Seeds of the parent's chain; empty if the individual is of generation 0."""
    powers: Sequence[float]
    """Of each mutation of the whole chain: one less than its seeds."""
    newest: int | None
    """The individual's own seed; None if it is the parent itself, unchanged."""
    branchings: Sequence[int] = ()
    """How many seeds the parent shares with other parents that will be wanted. It changes no parameter."""


class Parents:
    """Parameters by seed chain, on a shelf that other processes share. What is kept changes no result."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._shelf = shelf or Shelf()

    def raise_individual(self, individual: Individual, expansion: Expansion, out: Parameters) -> None:
        """Writes the individual's parameters, in the expansion's order, to `out`, shape (expansion.size,), float32."""
        parent, newest = individual.parent, individual.newest
        if not parent:
            if newest is None:
                raise ValueError("an individual without a parent has a seed of its own")
            expansion.initial(newest, out)
            return
        with self._parent(individual, expansion, out) as parameters:
            if newest is not None:
                expansion.mutate(parameters, [newest], [individual.powers[len(parent) - 1]], out)
            elif parameters is not out:
                out[:] = parameters

    @contextmanager
    def _parent(self, individual: Individual, expansion: Expansion, spare: Parameters) -> Iterator[Parameters]:
        """The parent's parameters, from the shelf; in `spare` if they find no room there."""
        seeds, powers = tuple(individual.parent), tuple(individual.powers[: len(individual.parent) - 1])
        keys = _beginnings(f"{expansion.name} {individual.architecture.model_dump_json()}", seeds, powers)
        place = self._shelf.pin(keys[-1])
        if place is not None:
            try:
                yield place.vector
            finally:
                place.release()
            return
        with ExitStack() as held:
            yield self._build(_Chain(seeds, powers, keys, individual.branchings), expansion, spare, held)

    def _build(self, chain: "_Chain", expansion: Expansion, spare: Parameters, held: ExitStack) -> Parameters:
        """The chain's parameters; those of its beginnings which others are known, or likely, to want are kept too."""
        ready, in_making = self._shelf.lengths(chain.keys)
        known, source = self._hold_longest(chain, ready, held)
        stops: list[tuple[int, Place]] = []
        # Longest first, in every process: so they wait for each other, but never in a circle.
        for length in _stops(chain, known, in_making):
            place = self._shelf.open(chain.keys[length - 1], expansion.size)
            if place is None:
                if length == len(chain.keys):
                    return _extend(chain, known, source, length, spare, expansion)
                continue
            held.callback(place.release)
            if place.ready:
                known, source = length, place.vector
                break
            stops.append((length, place))
        for length, place in reversed(stops):
            source = _extend(chain, known, source, length, place.vector, expansion)
            place.publish()
            known = length
        if source is None:
            raise AssertionError("a chain's first stop is its end")
        return source

    def _hold_longest(self, chain: "_Chain", ready: Sequence[int], held: ExitStack) -> tuple[int, Parameters | None]:
        for length in reversed(ready):
            place = self._shelf.pin(chain.keys[length - 1])
            if place is not None:
                held.callback(place.release)
                return length, place.vector
        return 0, None


class _Chain(NamedTuple):
    seeds: Sequence[int]
    powers: Sequence[float]
    keys: Sequence[bytes]
    """Of each beginning, one seed long first."""
    branchings: Sequence[int]


def _stops(chain: _Chain, known: int, in_making: Sequence[int]) -> list[int]:
    """Lengths to keep the chain at, longest first: its end, where kin leave it, where unknown kin may have left it."""
    end = len(chain.keys)
    likely = [end - distance for distance in MILESTONES if end - distance > known + MILESTONES[0]]
    return [end, *sorted({n for n in (*in_making, *likely, *chain.branchings) if known < n < end}, reverse=True)]


def _extend(
    chain: _Chain, known: int, source: Parameters | None, length: int, out: Parameters, expansion: Expansion
) -> Parameters:
    """Writes to `out` what the chain's first `length` seeds give: `source` is what the first `known` of them give."""
    if source is None:
        expansion.initial(chain.seeds[0], out)
        known, source = 1, out
    if known < length:
        expansion.mutate(source, chain.seeds[known:length], chain.powers[known - 1 : length - 1], out)
    elif source is not out:
        out[:] = source
    return out


@lru_cache(CHAINS_REMEMBERED)
def _beginnings(order: str, seeds: tuple[int, ...], powers: tuple[float, ...]) -> list[bytes]:
    """A key for each beginning of the chain, one seed long first: each from the one before."""
    key = hashlib.sha256(order.encode()).digest()
    keys = []
    for seed, power in zip(seeds, (0.0, *powers), strict=True):
        key = hashlib.sha256(key + f"{seed} {power!r}".encode()).digest()
        keys.append(key)
    return keys
