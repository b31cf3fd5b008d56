"""A policy's weights as safetensors."""

import json
import struct

from safetensors.numpy import save

from exports.identity import Identity

LENGTH = struct.Struct("<Q")
ALIGNMENT = 8


def write_safetensors(policy: Identity) -> bytes:
    """The weights by name, as played. The metadata have the chain's document, its id and the fingerprint."""
    # The key and value by which Hugging Face's libraries tell of which framework the tensors are.
    return _in_order(save(policy.tensors, metadata={"format": "pt", **policy.metadata()}))


def _in_order(file: bytes) -> bytes:
    """The same file, metadata sorted: the library writes them in another order each time."""
    (length,) = LENGTH.unpack_from(file)
    start = LENGTH.size + length
    header = json.loads(file[LENGTH.size : start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return LENGTH.pack(len(text)) + text + file[start:]
