"""From pictures to a video's planes: brightness of every pixel, colour of every two by two (4:2:0, ITU-R BT.601)."""

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from worker.episode import Picture

Bytes = NDArray[np.uint8]

SHARES = np.array(
    [[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]], np.float32
) / np.float32(255)
"""Of red, green and blue in luma and the two differences of colour (ITU-R BT.601, 8 bits, limited range)."""
OFFSETS = np.array([16, 128, 128], np.float32)


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
        self._last = np.zeros((self._kept_rows, self._kept_columns, 3), np.uint8)
        self._is_blank = True

    def paint(self, picture: Picture) -> None:
        """Paints what changed since the last picture, shape (height, width, 3)."""
        picture = picture[: self._kept_rows, : self._kept_columns]
        changed = (picture != self._last).reshape(len(picture), -1).any(1)
        if self._is_blank:
            changed[:] = True
            self._is_blank = False
        if self._multiples[0] == 1:  # two rows share their colour
            changed = changed.reshape(-1, 2).any(1).repeat(2)
        if changed.any():
            self._last[changed] = picture[changed]
            self._convert(np.flatnonzero(changed))

    def _convert(self, rows: NDArray[np.intp]) -> None:
        down, across = self._multiples
        planes = self._last[rows].astype(np.float32) @ SHARES.T + (OFFSETS + np.float32(0.5))
        luma = planes[:, :, 0].astype(np.uint8)
        _blocks(self.luma, down)[rows, :, : self.width] = luma.repeat(across, 1)[:, None]
        for colour, values in zip(self.colours, (planes[:, :, 1], planes[:, :, 2]), strict=True):
            shared = values.reshape(len(values), -1, 2).mean(2) if across == 1 else values
            if down == 1:
                shared, targets = shared.reshape(-1, 2, shared.shape[1]).mean(1), rows[::2] // 2
            else:
                targets = rows
            pixels = shared.astype(np.uint8).repeat(max(1, across // 2), 1)
            _blocks(colour, max(1, down // 2))[targets, :, : self.width // 2] = pixels[:, None]

    def stamp(self, luma: Bytes, top: int, left: int) -> None:
        """Puts a gray plate over the picture; all numbers even. It is gone where the next picture changes."""
        height, width = luma.shape
        self.luma[top : top + height, left : left + width] = luma
        for colour in self.colours:
            colour[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2] = 128


def _plane(frame: VideoFrame, number: int) -> Bytes:
    """A view of the plane; its rows may be longer than the picture's."""
    plane = frame.planes[number]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)


def _blocks(plane: Bytes, rows: int) -> Bytes:
    """The same plane, `rows` rows at a time."""
    return plane.reshape(-1, rows, plane.shape[1])


def _even(length: int, multiple: int) -> int:
    return length - length % 2 if multiple == 1 else length
