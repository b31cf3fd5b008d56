"""What numba lacks, written in LLVM's own language: a say in what stays in registers.

Sums stay in vector registers for a whole loop. A lane is one output, so that each output is one chain of fused
multiply-adds in the order of the loop: the bits do not depend on how wide the processor's vectors are, nor on how many
sums are kept at once. LLVM splits the vectors of 16 where a processor has narrower ones.
"""

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from worker.instructions import CONVERTING

LANES = 16
HIDDEN_GROUP = 32
"""Units of a hidden layer whose weights lie together until they are rounded."""
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

    The weights are numbers of single or half precision.

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
            load, vectors_a_line = (_load, 1) if weights.type == _number.as_pointer() else (_load_halves, 2)
            places = [_at(builder, sums, _index(LANES * v)) for v in range(vectors)]

            def one_row(n: Any, chains: list[Any]) -> list[Any]:
                coming = builder.load(_at(builder, rows, builder.add(n, _index(AHEAD))))
                _fetch(builder, _at(builder, weights, builder.mul(coming, pitch)), range(0, vectors, vectors_a_line))
                value = _spread(builder, builder.load(_at(builder, values, n)))
                row = _at(builder, weights, builder.mul(builder.load(_at(builder, rows, n)), pitch))
                return [
                    _fused(builder, value, load(builder, _at(builder, row, _index(LANES * v))), chain)
                    for v, chain in enumerate(chains)
                ]

            chains = _loop(builder, count, [_load(builder, place) for place in places], one_row)
            for place, chain in zip(places, chains, strict=True):
                builder.store(chain, _as_vector(builder, place), align=4)
            return context.get_dummy_value()

        return types.void(*arguments), emit

    return row_sums


def _fetch(builder: Builder, row: Any, lines: range) -> None:
    """Asks for the lines of the cache in which the given vectors of a row begin."""
    word, byte = ir.IntType(32), ir.IntType(8).as_pointer()
    prefetch = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(ir.VoidType(), [byte, word, word, word]), "llvm.prefetch.p0"
    )
    for v in lines:
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


def _load_halves(builder: Builder, pointer: Any) -> Any:
    """16 numbers of half precision, as single ones: the same numbers."""
    halves = builder.load(builder.bitcast(pointer, ir.VectorType(ir.IntType(16), LANES).as_pointer()), align=2)
    if CONVERTING:
        return builder.fpext(builder.bitcast(halves, ir.VectorType(ir.HalfType(), LANES)), _vector)
    # Exponent and fraction moved to their places, in a number too small by a constant power of two.
    wide = builder.zext(halves, _words(0).type)
    magnitude = builder.shl(builder.and_(wide, _words(0x7FFF)), _words(13))
    number = builder.fmul(builder.bitcast(magnitude, _vector), ir.Constant(_vector, [2.0**112] * LANES))
    sign = builder.shl(builder.and_(wide, _words(0x8000)), _words(16))
    return builder.bitcast(builder.or_(builder.bitcast(number, wide.type), sign), _vector)


@intrinsic
def shorten(typing: Any, numbers: Any, place: Any, halves: Any, out: Any) -> Any:
    """A kernel for numba: rounds 16 numbers, from `place` on, to half precision, from halves[out] on.

    Of two that are equally near it is the even one; from 65,520 on it is infinity.
    """

    def emit(context: Any, builder: Builder, signature: Any, given: Sequence[Any]) -> Any:
        numbers, halves = (_data(context, builder, signature, given, at) for at in (0, 2))
        word = builder.bitcast(_load(builder, _at(builder, numbers, given[1])), _words(0).type)
        magnitude = builder.and_(word, _words(0x7FFFFFFF))
        # The fraction is shortened by 13 bits, the exponent counts from 15 instead of from 127.
        odd = builder.and_(builder.lshr(magnitude, _words(13)), _words(1))
        large = builder.lshr(builder.add(builder.add(magnitude, odd), _words(0xFFF - (112 << 23))), _words(13))
        large = builder.select(builder.icmp_unsigned("<", large, _words(0x7C00)), large, _words(0x7C00))
        # Too small for a whole fraction: the sum with 1/2 is rounded where that fraction ends.
        raised = builder.fadd(builder.bitcast(magnitude, _vector), ir.Constant(_vector, [0.5] * LANES))
        small = builder.sub(builder.bitcast(raised, word.type), _words(126 << 23))
        half = builder.select(builder.icmp_unsigned("<", magnitude, _words(113 << 23)), small, large)
        half = builder.or_(half, builder.and_(builder.lshr(word, _words(16)), _words(0x8000)))
        short = ir.VectorType(ir.IntType(16), LANES)
        place = builder.bitcast(_at(builder, halves, given[3]), short.as_pointer())
        builder.store(builder.trunc(half, short), place, align=2)
        return context.get_dummy_value()

    return types.void(numbers, place, halves, out), emit


def _words(word: int) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), LANES), [word % 2**32] * LANES)


def _spread(builder: Builder, number: Any) -> Any:
    """A vector of one number."""
    single = builder.insert_element(ir.Constant(_vector, ir.Undefined), number, ir.IntType(32)(0))
    return builder.shuffle_vector(single, ir.Constant(_vector, ir.Undefined), _words(0))


def _fused(builder: Builder, a: Any, b: Any, c: Any) -> Any:
    """a * b + c, rounded once."""
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(_vector, [_vector] * 3), "llvm.fma.v16f32"
    )
    return builder.call(function, [a, b, c])


@intrinsic
def add_noise_to(
    typing: Any, values: Any, out: Any, place: Any, words: Any, even: Any, odd: Any, shift: Any, table: Any, factor: Any
) -> Any:
    """A kernel for numba: adds noise, times a factor, to 32 numbers from `place` on: product and sum each rounded.

    out[place + 2 * lane] = values[the same] + factor * table[the 16 bits from `shift` on of words[even + lane]], and
    from `odd` on lie the words for the numbers in between. Only the second half of the table is read, for the first is
    its mirror image, negative: half the memory to be cached.
    """
    arguments = (values, out, place, words, even, odd, shift, table, factor)

    def emit(context: Any, builder: Builder, signature: Any, given: Sequence[Any]) -> Any:
        values, out, words, table = (_data(context, builder, signature, given, at) for at in (0, 1, 3, 7))
        positive, numbers = builder.ptrtoint(_at(builder, table, _index(2**15)), _index), []
        for begin in given[4:6]:
            word = builder.bitcast(_load(builder, _at(builder, words, begin)), _words(0).type)
            shifts = builder.bitcast(_spread(builder, builder.bitcast(given[6], _number)), word.type)
            below = builder.ashr(builder.shl(builder.not_(builder.lshr(word, shifts)), _words(16)), _words(31))
            entry = builder.and_(builder.xor(builder.lshr(word, shifts), below), _words(2**15 - 1))
            number = builder.bitcast(_gather(builder, positive, entry), word.type)
            numbers.append(builder.xor(number, builder.and_(below, _words(1 << 31))))
        for half in (0, LANES):
            lanes = [lane // 2 + lane % 2 * LANES for lane in range(half, half + LANES)]
            mixed = builder.shuffle_vector(*numbers, ir.Constant(_words(0).type, lanes))
            product = builder.fmul(_spread(builder, given[8]), builder.bitcast(mixed, _vector))
            here = builder.add(given[2], _index(half))
            total = builder.fadd(_load(builder, _at(builder, values, here)), product)
            builder.store(total, _as_vector(builder, _at(builder, out, here)), align=4)
        return context.get_dummy_value()

    return types.void(*arguments), emit


def _gather(builder: Builder, address: Any, places: Any) -> Any:
    """16 numbers from wherever they are."""
    wide, pointers = (ir.VectorType(part, LANES) for part in (_index, _number.as_pointer()))
    flags, line = ir.VectorType(ir.IntType(1), LANES), ir.Constant(wide, ir.Undefined)
    start = builder.shuffle_vector(builder.insert_element(line, address, _index(0)), line, _words(0))
    where = builder.add(start, builder.shl(builder.zext(places, wide), ir.Constant(wide, [2] * LANES)))
    gather = ir.FunctionType(_vector, [pointers, ir.IntType(32), flags, _vector])
    function = cgutils.get_or_insert_function(builder.module, gather, "llvm.masked.gather.v16f32.v16p0")
    given = builder.inttoptr(where, pointers), ir.IntType(32)(4), ir.Constant(flags, [1] * LANES)
    return builder.call(function, [*given, ir.Constant(_vector, ir.Undefined)])
