"""A decision of an `mlp`: dense layers, tanh between them.

Order of summation, engine exact-1: the bias, then the inputs in ascending order, each fused, in float32. `tanh` is one
fixed sequence of float32 operations, each rounded, none fused.
"""

import numpy as np
from numba import njit

from worker.arrays import Numbers, Places
from worker.kernels.vectors import LANES, make_row_sums

_sums = make_row_sums(1)

_ONE, _TWO, _HALF = (np.float32(number) for number in (1, 2, 0.5))
_SMALL, _LARGE = np.float32(0.625), np.float32(9.1)
"""Below the first tanh is a polynomial, from the second on it is 1 in float32."""


@njit(cache=True)
def decide(
    parameters: Numbers, layers: Places, observation: Numbers, values: tuple[Numbers, Numbers], order: Places
) -> None:  # fmt: skip
    """Puts the outputs into values[number of layers % 2].

    `layers`, shape (layers, 3): where in `parameters` each begins, its inputs, its outputs rounded up to 16. `order`:
    0, 1, 2, … as far as the widest layer reaches, and AHEAD more.
    """
    for number in range(len(observation)):
        values[0][number] = observation[number]
    for number in range(len(layers)):
        start, inputs, width = layers[number]
        given, sums = values[number % 2], values[(number + 1) % 2]
        biases = start + inputs * width
        for unit in range(width):
            sums[unit] = parameters[biases + unit]
        for first in range(0, width, LANES):
            _sums(given, order, inputs, parameters, width, start + first, sums, first)
        if number < len(layers) - 1:
            for unit in range(width):
                sums[unit] = tanh(sums[unit])


# tanh(x) = x + x * s * P(s), s = x * x; exp(r) = 1 + r + r * r * Q(r): both fitted at Chebyshev points in high
# precision (P on 0..0.39, Q on -0.347..0.347) and rounded to float32; the constant term first.
_P = tuple(np.float32(c) for c in (-3.3333334e-1, 1.3333304e-1, -5.3959407e-2, 2.176996e-2, -8.346978e-3, 2.2958387e-3))
_Q = tuple(np.float32(c) for c in (5.0e-1, 1.6666576e-1, 4.1666463e-2, 8.363193e-3, 1.393367e-3))
# The logarithm of 2 in two parts, so that a multiple of the first is exact.
_PER_LN2, _LN2_HIGH, _LN2_LOW = np.float32(1.442695), np.float32(0.693359375), np.float32(-2.1219444e-4)
_POWERS = np.ldexp(np.float32(1), np.arange(32)).astype(np.float32)


@njit(cache=True)
def squash(numbers: Numbers) -> Numbers:
    """Shape (n,): the hyperbolic tangent of each."""
    found = np.empty_like(numbers)
    for number in range(len(numbers)):
        found[number] = tanh(numbers[number])
    return found


@njit(cache=True)
def tanh(x: np.float32) -> np.float32:
    """The hyperbolic tangent, within 2 units in the last place of float32."""
    magnitude = abs(x)
    if magnitude < _SMALL:
        s = x * x
        tail = _P[4] + s * _P[5]
        tail = _P[3] + s * tail
        tail = _P[2] + s * tail
        tail = _P[1] + s * tail
        tail = _P[0] + s * tail
        return x + (x * s) * tail
    if magnitude >= _LARGE:
        return _ONE if x > 0 else -_ONE
    if magnitude != magnitude:  # not a number
        return x
    z = magnitude + magnitude
    exponent = np.int32(z * _PER_LN2 + _HALF)
    n = np.float32(exponent)
    r = (z - n * _LN2_HIGH) - n * _LN2_LOW
    tail = _Q[3] + r * _Q[4]
    tail = _Q[2] + r * tail
    tail = _Q[1] + r * tail
    tail = _Q[0] + r * tail
    power = _POWERS[exponent] * (_ONE + (r + (r * r) * tail))
    result = _ONE - _TWO / (power + _ONE)
    return result if x > 0 else -result
