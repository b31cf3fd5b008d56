"""What an uploaded video or poster must look like: checked by its structure, so that no damaged one is kept. Pure."""

import struct
from collections.abc import Iterator
from itertools import islice

from server.service.errors import DamagedMedia

VIDEO_BYTES = 24 * 2**20
POSTER_BYTES = 200 * 1000
"""Longest video and poster that are taken."""
BOX = struct.Struct(">I4s")
MOST_BOXES = 10_000
"""A recording has half a dozen; counting millions of empty ones would hold everything else up."""
JPEG_START, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"


def check_mp4(content: bytes) -> None:
    """Returns if it is a whole MP4 file that can be played while it is loaded (its index before its pictures).

    Raises:
        DamagedMedia: it is not; the message says what is wrong.
    """
    if content[4:8] != b"ftyp":
        raise DamagedMedia("This is no MP4 video: it does not begin with a box `ftyp`.")
    kinds = list(islice(_boxes(content), MOST_BOXES + 1))
    if len(kinds) > MOST_BOXES:
        raise DamagedMedia(f"The MP4 video has more than {MOST_BOXES:,} boxes: write it as one film, in few.")
    if b"moov" not in kinds or b"mdat" not in kinds:
        raise DamagedMedia("The MP4 video has no index or no pictures: write it to its end before it is sent.")
    if kinds.index(b"moov") > kinds.index(b"mdat"):
        raise DamagedMedia("The MP4 video's index comes after its pictures: write it with faststart.")


def _boxes(content: bytes) -> Iterator[bytes]:
    """The kinds of the boxes that the file consists of (ISO/IEC 14496-12, 4.2)."""
    place = 0
    while place < len(content):
        if len(content) - place < BOX.size:
            raise DamagedMedia("The MP4 video is cut off: send all of it.")
        size, kind = BOX.unpack_from(content, place)
        if size == 1 and len(content) - place >= BOX.size + 8:
            size = int.from_bytes(content[place + BOX.size : place + BOX.size + 8], "big")
        if size < BOX.size or place + size > len(content):
            raise DamagedMedia("The MP4 video is damaged or cut off: its boxes do not fill it. Send all of it again.")
        yield kind
        place += size


def check_jpeg(content: bytes) -> None:
    """Returns if it begins and ends as a JPEG picture. Raises DamagedMedia."""
    if not content.startswith(JPEG_START):
        raise DamagedMedia("This is no JPEG picture: it begins otherwise.")
    if not content.endswith(JPEG_END):
        raise DamagedMedia("The JPEG picture is cut off: send all of it again.")
