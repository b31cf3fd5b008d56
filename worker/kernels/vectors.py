"""What numba lacks, written in LLVM's own language: a say in what stays in registers.

Sums stay in vector registers for a whole loop. A lane is one output, so that each output is one chain of fused
multiply-adds in the order of the loop: the bits do not depend on how wide the processor's vectors are, nor on how many
sums are kept at once. LLVM splits the vectors of 16 where a processor has narrower ones.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

Numbers = NDArray[np.float32]
Places = NDArray[np.int64]
Flags = NDArray[np.uint8]
Pixels = NDArray[np.uint32]

LANES = 16
AHEAD = 4
"""Rows of a sparse sum that are fetched before they are needed."""

Builder = Any
Kernel = Callable[..., None]

_number = ir.FloatType()
_vector = ir.VectorType(_number, LANES)
_index = ir.IntType(64)


def make_window_sums(windows: int, vectors: int) -> Kernel:
    """A kernel for numba: `windows` x `vectors` sums over windows of an image, held in registers.

    Called as (image, places, first, weights, start, pitch, biases, rows, run, row_pitch, sums, sums_start): for each of
    `windows` places from `first` on (where each window begins in `image`), and each of 16 * `vectors` outputs,
    sums[sums_start + window * 16 * vectors + output] = biases[start + output], to which
    image[place + row * row_pitch + k] * weights[(row * run + k) * pitch + start + output] is added, fused,
    for row in `rows`, for k in `run`.
    """

    @intrinsic
    def window_sums(
        typing: Any, image: Any, places: Any, first: Any, weights: Any, start: Any, pitch: Any, biases: Any,
        rows: Any, run: Any, row_pitch: Any, sums: Any, sums_start: Any,
    ) -> Any:  # fmt: skip
        arguments = (image, places, first, weights, start, pitch, biases, rows, run, row_pitch, sums, sums_start)

        def emit(context: Any, builder: Builder, signature: Any, given: Sequence[Any]) -> Any:
            image, places, weights, biases, sums = (
                _data(context, builder, signature, given, at) for at in (0, 1, 3, 6, 10)
            )
            first, start, pitch, rows, run, row_pitch, sums_start = (given[at] for at in (2, 4, 5, 7, 8, 9, 11))
            numbers = [builder.add(first, _index(number)) for number in range(windows)]
            begins = [_at(builder, image, builder.load(_at(builder, places, number))) for number in numbers]
            own = [_load(builder, _at(builder, biases, builder.add(start, _index(LANES * v)))) for v in range(vectors)]
            weights = _at(builder, weights, start)
            chains = _window_chains(builder, begins, own, weights, (pitch, rows, run, row_pitch))
            for at, chain in enumerate(chains):
                place = _at(builder, sums, builder.add(sums_start, _index(LANES * at)))
                builder.store(chain, _as_vector(builder, place), align=4)
            return context.get_dummy_value()

        return types.void(*arguments), emit

    return window_sums


def _window_chains(builder: Builder, begins: list[Any], biases: list[Any], weights: Any, sizes: Any) -> list[Any]:
    """Emits the loops over a window; of each window that begins in `begins` in turn, a chain for each of `biases`."""
    pitch, rows, run, row_pitch = sizes
    vectors = len(biases)

    def one_row(row: Any, chains: list[Any]) -> list[Any]:
        lines = [_at(builder, begin, builder.mul(row, row_pitch)) for begin in begins]
        row_weights = _at(builder, weights, builder.mul(builder.mul(row, run), pitch))

        def one_number(k: Any, chains: list[Any]) -> list[Any]:
            here = _at(builder, row_weights, builder.mul(k, pitch))
            factors = [_load(builder, _at(builder, here, _index(LANES * v))) for v in range(vectors)]
            seen = [_spread(builder, builder.load(_at(builder, line, k))) for line in lines]
            return [
                _fused(builder, seen[at // vectors], factors[at % vectors], chain) for at, chain in enumerate(chains)
            ]

        return _loop(builder, run, chains, one_number)

    return _loop(builder, rows, biases * len(begins), one_row)


def make_row_sums(vectors: int) -> Kernel:
    """A kernel for numba: a weighted sum of some rows of a matrix, 16 * `vectors` columns of it held in registers.

    Called as (values, rows, count, weights, pitch, start, sums, sums_start): each of sums[sums_start + column] is added
    to values[n] * weights[rows[n] * pitch + start + column], fused, for n in `count`.
    """

    @intrinsic
    def row_sums(
        typing: Any, values: Any, rows: Any, count: Any, weights: Any, pitch: Any, start: Any, sums: Any,
        sums_start: Any,
    ) -> Any:  # fmt: skip
        arguments = (values, rows, count, weights, pitch, start, sums, sums_start)

        def emit(context: Any, builder: Builder, signature: Any, given: Sequence[Any]) -> Any:
            values, rows, weights, sums = (_data(context, builder, signature, given, at) for at in (0, 1, 3, 6))
            count, pitch, start, sums_start = (given[at] for at in (2, 4, 5, 7))
            weights, sums = _at(builder, weights, start), _at(builder, sums, sums_start)
            places = [_at(builder, sums, _index(LANES * v)) for v in range(vectors)]

            def one_row(n: Any, chains: list[Any]) -> list[Any]:
                _fetch_row(builder, weights, rows, builder.add(n, _index(AHEAD)), pitch, vectors)
                value = _spread(builder, builder.load(_at(builder, values, n)))
                row = _at(builder, weights, builder.mul(builder.load(_at(builder, rows, n)), pitch))
                return [
                    _fused(builder, value, _load(builder, _at(builder, row, _index(LANES * v))), chain)
                    for v, chain in enumerate(chains)
                ]

            chains = _loop(builder, count, [_load(builder, place) for place in places], one_row)
            for place, chain in zip(places, chains, strict=True):
                builder.store(chain, _as_vector(builder, place), align=4)
            return context.get_dummy_value()

        return types.void(*arguments), emit

    return row_sums


def _fetch_row(builder: Builder, weights: Any, rows: Any, n: Any, pitch: Any, vectors: int) -> None:
    """Asks for row number `n` of those listed; the list has AHEAD entries more than are summed."""
    row = _at(builder, weights, builder.mul(builder.load(_at(builder, rows, n)), pitch))
    word, byte = ir.IntType(32), ir.IntType(8).as_pointer()
    prefetch = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(ir.VoidType(), [byte, word, word, word]), "llvm.prefetch.p0"
    )
    for v in range(vectors):  # 16 numbers are a line of cache too
        line = builder.bitcast(_at(builder, row, _index(LANES * v)), byte)
        builder.call(prefetch, [line, word(0), word(3), word(1)])


def _loop(builder: Builder, count: Any, start: list[Any], body: Callable[[Any, list[Any]], list[Any]]) -> list[Any]:
    """Emits a loop that carries values: body(n, values) gives the next values. Returns those after the last round."""
    before = builder.basic_block
    head, inside, after = (builder.append_basic_block(name) for name in ("head", "body", "after"))
    builder.branch(head)
    builder.position_at_end(head)
    n = builder.phi(_index)
    carried = [builder.phi(value.type) for value in start]
    builder.cbranch(builder.icmp_signed("<", n, count), inside, after)
    builder.position_at_end(inside)
    following = body(n, carried)
    following_n, last = builder.add(n, _index(1)), builder.basic_block
    builder.branch(head)
    for phi, first, later in zip([n, *carried], [_index(0), *start], [following_n, *following], strict=True):
        phi.add_incoming(first, before)
        phi.add_incoming(later, last)
    builder.position_at_end(after)
    return carried


def _data(context: Any, builder: Builder, signature: Any, values: Sequence[Any], at: int) -> Any:
    """A pointer to the first number of an array argument."""
    return context.make_array(signature.args[at])(context, builder, values[at]).data


def _at(builder: Builder, pointer: Any, index: Any) -> Any:
    return builder.gep(pointer, [index], inbounds=True)


def _as_vector(builder: Builder, pointer: Any) -> Any:
    return builder.bitcast(pointer, _vector.as_pointer())


def _load(builder: Builder, pointer: Any) -> Any:
    return builder.load(_as_vector(builder, pointer), align=4)


def _spread(builder: Builder, number: Any) -> Any:
    """A vector of one number."""
    single = builder.insert_element(ir.Constant(_vector, ir.Undefined), number, ir.IntType(32)(0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(single, ir.Constant(_vector, ir.Undefined), lanes)


def _fused(builder: Builder, a: Any, b: Any, c: Any) -> Any:
    """a * b + c, rounded once."""
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(_vector, [_vector] * 3), "llvm.fma.v16f32"
    )
    return builder.call(function, [a, b, c])


@intrinsic
def add_transposed(
    typing: Any, values: Any, out: Any, places: Any, column: Any, first: Any, noise: Any, starts: Any, factor: Any
) -> Any:
    """A kernel for numba: adds a transposed block of 16 x 16 numbers, times a factor: product and sum each rounded.

    Called as (values, out, places, column, first, noise, starts, factor): for 16 columns from `column` on and 16 lanes
    from `first` on, out[p] = values[p] + factor * noise[starts[lane] + column], where p = places[column] + lane.
    """
    arguments = (values, out, places, column, first, noise, starts, factor)

    def emit(context: Any, builder: Builder, signature: Any, given: Sequence[Any]) -> Any:
        values, out, places, noise, starts = (_data(context, builder, signature, given, at) for at in (0, 1, 2, 5, 6))
        column, first, factor = (given[at] for at in (3, 4, 7))
        rows = []
        for lane in range(LANES):
            start = builder.load(_at(builder, starts, builder.add(first, _index(lane))))
            rows.append(_load(builder, _at(builder, noise, builder.add(start, column))))
        factors = _spread(builder, factor)
        for number, row in enumerate(_transposed(builder, rows)):
            here = builder.load(_at(builder, places, builder.add(column, _index(number))))
            place = builder.add(here, first)
            total = builder.fadd(_load(builder, _at(builder, values, place)), builder.fmul(factors, row))
            builder.store(total, _as_vector(builder, _at(builder, out, place)), align=4)
        return context.get_dummy_value()

    return types.void(*arguments), emit


def _transposed(builder: Builder, rows: list[Any]) -> list[Any]:
    """16 vectors of 16 as a matrix, transposed: halves, quarters, eighths, single numbers change places."""
    distance = LANES // 2
    while distance:
        for number in range(LANES):
            if not number & distance:
                upper, lower = rows[number], rows[number + distance]
                lanes = range(LANES)
                first = [lane if not lane & distance else LANES + lane - distance for lane in lanes]
                second = [lane + distance if not lane & distance else LANES + lane for lane in lanes]
                rows[number] = _shuffled(builder, upper, lower, first)
                rows[number + distance] = _shuffled(builder, upper, lower, second)
        distance //= 2
    return rows


def _shuffled(builder: Builder, a: Any, b: Any, lanes: list[int]) -> Any:
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), LANES), lanes))
