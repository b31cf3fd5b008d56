"""Uploaded videos and posters that are nearly right: each is whole, or refused in words."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.service.errors import DamagedMedia
from server.service.media import check_jpeg, check_mp4

KINDS = st.sampled_from([b"ftyp", b"moov", b"mdat", b"free", b"\0\0\0\0", b"uuid"])
SIZES = st.sampled_from([0, 1, 7, 8, 9, 2**31, 2**32 - 1]) | st.none()


def box(kind: bytes, content: bytes, size: int | None = None) -> bytes:
    """A box of an MP4 file; `size`: what it says of itself, if not the truth."""
    return struct.pack(">I4s", 8 + len(content) if size is None else size, kind) + content


def large(kind: bytes, content: bytes, size: int | None = None) -> bytes:
    """The same with its size in eight bytes."""
    return struct.pack(">I4sQ", 1, kind, 16 + len(content) if size is None else size) + content


BOXES = st.builds(box, KINDS, st.binary(max_size=20), SIZES)
LARGE = st.builds(large, KINDS, st.binary(max_size=20), st.sampled_from([0, 1, 15, 16, 2**63, 2**64 - 1]) | st.none())


@given(st.lists(st.one_of(BOXES, BOXES, LARGE, st.binary(max_size=12)), max_size=6), st.booleans())
def test_a_video_is_whole_or_refused(parts: list[bytes], begins: bool) -> None:
    content = (box(b"ftyp", b"isom") if begins else b"") + b"".join(parts)
    try:
        check_mp4(content)
    except DamagedMedia:
        return
    assert content[4:8] == b"ftyp"
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_a_video_of_millions_of_empty_boxes_is_refused_before_they_are_counted() -> None:
    whole = box(b"ftyp", b"isom") + box(b"moov", b"index") + box(b"mdat", b"pictures")
    check_mp4(whole + box(b"free", b"") * 100)
    with pytest.raises(DamagedMedia, match="boxes"):
        check_mp4(whole + box(b"free", b"") * 100_000)


@given(
    st.binary(max_size=20), st.sampled_from([b"", b"\xff\xd8", b"\xff\xd8\xff"]), st.sampled_from([b"", b"\xff\xd9"])
)
def test_a_poster_is_whole_or_refused(content: bytes, start: bytes, end: bytes) -> None:
    try:
        check_jpeg(start + content + end)
    except DamagedMedia:
        return
    assert (start + content + end).startswith(b"\xff\xd8\xff")
    assert (start + content + end).endswith(b"\xff\xd9")
