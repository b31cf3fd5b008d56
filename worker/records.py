"""Records of arrays that compiled functions read from memory.

Calling a function with dozens of arrays costs more than some kernels take; handing over one array of bytes does not.
"""

from collections.abc import Callable, Sequence
from typing import Any, get_type_hints

from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic

from worker.arrays import Flags, Halves, Numbers, Places, Words

FIELDS = {
    Numbers: types.float32[::1],
    Places: types.int64[::1],
    Flags: types.uint8[::1],
    Words: types.uint32[::1],
    Halves: types.uint16[::1],
    int: types.int64,
}
"""What a record may hold: flat arrays and whole numbers."""
RECORD_BYTES = 8192
"""Memory for a record."""


def make_store(record: type) -> tuple[Callable[[Any, Any], None], Callable[[Any], Any]]:
    """Two functions for numba, `put(memory, value)` and `take(memory)`, to keep a NamedTuple of arrays as bytes.

    `record`'s fields are annotated with keys of FIELDS or with such NamedTuples. Whoever holds the bytes keeps the
    arrays alive.
    """
    numba_type = _type_of(record)

    @intrinsic
    def put(typing: Any, memory: Any, value: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, given: Sequence[Any]) -> Any:
            data = context.make_array(memory)(context, builder, given[0]).data
            if context.get_abi_sizeof(context.get_value_type(numba_type)) > RECORD_BYTES:
                raise ValueError(f"a record of {record.__name__} does not fit into RECORD_BYTES")
            value = _ownerless(context, builder, numba_type, given[1])
            builder.store(value, builder.bitcast(data, value.type.as_pointer()), align=1)
            return context.get_dummy_value()

        return types.void(memory, numba_type), emit

    @intrinsic
    def take(typing: Any, memory: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, given: Sequence[Any]) -> Any:
            layout = context.get_value_type(numba_type)
            data = context.make_array(memory)(context, builder, given[0]).data
            pointer = builder.bitcast(data, layout.as_pointer())
            return impl_ret_borrowed(context, builder, numba_type, builder.load(pointer, align=1))

        return numba_type(memory), emit

    return put, take


def _type_of(field: Any) -> Any:
    if field in FIELDS:
        return FIELDS[field]
    return types.NamedTuple([_type_of(part) for part in get_type_hints(field).values()], field)


def _ownerless(context: Any, builder: Any, numba_type: Any, value: Any) -> Any:
    """The same arrays without numba's count of who uses them, which ends with a call."""
    if isinstance(numba_type, types.Array):
        array = context.make_array(numba_type)(context, builder, value)
        array.meminfo, array.parent = (cgutils.get_null_value(part.type) for part in (array.meminfo, array.parent))
        return array._getvalue()  # noqa: SLF001
    if isinstance(numba_type, types.NamedTuple):
        for number, part in enumerate(numba_type.types):
            inner = _ownerless(context, builder, part, builder.extract_value(value, number))
            value = builder.insert_value(value, inner, number)
    return value
