"""From pictures to a video's planes: brightness of every pixel, colour of every two by two (4:2:0, ITU-R BT.601)."""

from collections.abc import Callable

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from worker.episode import Drawing, Picture

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

SHARES = np.array(
    [[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]], np.float32
) / np.float32(255)
"""Of red, green and blue in luma and the two differences of colour (ITU-R BT.601, 8 bits, limited range)."""
OFFSETS = np.array([16, 128, 128], np.float32)
COLOURS = 256
PAIR = np.uint16(0x0101)
UNKNOWN = 0
"""Luma of a palette's colour that was not seen yet: that of a video is higher."""


class Canvas:
    """A frame of a video, painted over in place.

    A picture's pixel becomes a block of `multiples` (rows, columns), each 1 or an even number. Where both are even
    nothing of its colour is lost. A picture with an odd side and multiple 1 loses its last row or column.
    """

    def __init__(self, height: int, width: int, multiples: tuple[int, int]) -> None:
        self._multiples = multiples
        self._kept_rows, self._kept_columns = _even(height, multiples[0]), _even(width, multiples[1])
        self.height, self.width = self._kept_rows * multiples[0], self._kept_columns * multiples[1]
        self.frame = VideoFrame(self.width, self.height, "yuv420p")
        self.luma, *self.colours = (_plane(self.frame, number) for number in range(3))
        self._pairs = _blocks(self.luma, 2).view(np.uint16)
        self._last: Bytes | None = None
        # A palette's colours as luma and the two differences of colour, each learnt when it is first seen.
        self._palette = np.full((3, COLOURS), UNKNOWN, np.uint8)

    def paint(self, picture: Picture) -> bool:
        """Paints what changed since the last picture, shape (height, width, 3), and tells whether anything did."""
        kept = picture[: self._kept_rows, : self._kept_columns]
        rows = self._changed(kept)
        if len(rows):
            self._paint_rows(rows, np.moveaxis(_convert(kept[rows]), -1, 0))
        return len(rows) > 0

    def paint_drawing(self, drawing: Drawing, picture: Callable[[], Picture]) -> bool:
        """The same of a picture made of a palette's colours, each a block of two by two.

        `picture`: asked for where a colour is new.
        """
        kept = drawing[: self._kept_rows, : self._kept_columns]
        rows = self._changed(kept)
        if len(rows):
            pixels = kept[rows]
            luma, *colours = (table.take(pixels) for table in self._palette)
            if not luma.all():
                self._palette[:, drawing.ravel()] = _convert(picture()).reshape(-1, 3).T
                luma, *colours = (table.take(pixels) for table in self._palette)
            # Two bytes that are equal, as one number: written at once.
            pairs = luma * PAIR
            self._pairs[rows, :, : pairs.shape[1]] = pairs[:, None]
            for plane, values in zip(self.colours, colours, strict=True):
                plane[rows, : values.shape[1]] = values
        return len(rows) > 0

    def stamp(self, luma: Bytes, top: int, left: int) -> None:
        """Puts a gray plate over the picture; all numbers even. It is gone where the next picture changes."""
        height, width = luma.shape
        self.luma[top : top + height, left : left + width] = luma
        for colour in self.colours:
            colour[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2] = 128

    def _changed(self, kept: Bytes) -> NDArray[np.intp]:
        """The rows that are to be painted."""
        if self._last is None:
            self._last = kept.copy()
            return np.arange(len(kept))
        changed: Flags = (_words(kept) != _words(self._last)).any(1)
        if self._multiples[0] == 1:  # two rows share their colour
            changed = changed.reshape(-1, 2).any(1).repeat(2)
        rows = np.flatnonzero(changed)
        self._last[rows] = kept[rows]
        return rows

    def _paint_rows(self, rows: NDArray[np.intp], planes: NDArray[np.float32]) -> None:
        """`planes`: shape (3, rows, columns)."""
        down, across = self._multiples
        luma = planes[0].astype(np.uint8)
        _blocks(self.luma, down)[rows, :, : self.width] = luma.repeat(across, 1)[:, None]
        for colour, values in zip(self.colours, planes[1:], strict=True):
            shared = values.reshape(len(values), -1, 2).mean(2) if across == 1 else values
            if down == 1:
                shared, targets = shared.reshape(-1, 2, shared.shape[1]).mean(1), rows[::2] // 2
            else:
                targets = rows
            pixels = shared.astype(np.uint8).repeat(max(1, across // 2), 1)
            _blocks(colour, max(1, down // 2))[targets, :, : self.width // 2] = pixels[:, None]


def _convert(pixels: Bytes) -> NDArray[np.float32]:
    """Luma and differences of colour on the last axis, to be cut to whole numbers."""
    converted: NDArray[np.float32] = pixels.astype(np.float32) @ SHARES.T + (OFFSETS + np.float32(0.5))
    return converted


def _words(picture: Bytes) -> NDArray[np.generic]:
    """The picture's rows, in words as long as can be."""
    rows = np.ascontiguousarray(picture).reshape(len(picture), -1)
    return rows.view(np.uint64) if rows.shape[1] % 8 == 0 else rows


def _plane(frame: VideoFrame, number: int) -> Bytes:
    """A view of the plane; its rows may be longer than the picture's."""
    plane = frame.planes[number]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)


def _blocks(plane: Bytes, rows: int) -> Bytes:
    """The same plane, `rows` rows at a time."""
    return plane.reshape(-1, rows, plane.shape[1])


def _even(length: int, multiple: int) -> int:
    return length - length % 2 if multiple == 1 else length
