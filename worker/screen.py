"""From the emulator's frames to what an image policy sees (Such et al. 2017; Mnih et al. 2015, "Preprocessing").

A frame is gray as the emulator's palette has it: .299 R + .587 G + .114 B of each colour, rounded. An image is the
maximum of the last two frames, resized to 84 x 84 by area. A policy sees the last four images, zero before the first.
"""

from typing import NamedTuple

import numpy as np
from ale_py import ALEInterface
from numpy.typing import NDArray

from worker.areas import area_taps
from worker.kernels.screen import UNKNOWN, look, push

SIDE = 84
"""Rows, and columns, of an image."""
DEPTH = 4
"""Images in a stack."""
COLOURS = 256

Gray = NDArray[np.uint8]


class Frame(NamedTuple):
    """What the emulator shows, each of shape (height, width)."""

    colours: NDArray[np.uint8]
    """Numbers of the palette."""
    gray: Gray


def take_frame(emulator: ALEInterface) -> Frame:
    """The emulator's current frame."""
    return Frame(emulator.getScreen(), emulator.getScreenGrayscale())


class Screen:
    """The last two frames, and the stack of images made of them.

    `stack`: shape (84, 84, 4), uint8, oldest image first; overwritten in place.
    """

    def __init__(self, height: int, width: int) -> None:
        self._colours = np.zeros((height, width), np.uint8)
        # The gray of each colour: the emulator's three palettes differ, so each is learnt from it when first seen.
        self._grays = np.full(COLOURS, UNKNOWN, np.int16)
        # The last two, the older first.
        self._frames = [Frame(np.zeros_like(self._colours), np.zeros_like(self._colours)) for _ in range(2)]
        # Their colours, eight pixels a number.
        self._words = [frame.colours.view(np.uint64) for frame in self._frames]
        self._seen_words = self._colours.view(np.uint64)
        self._changed = np.ones(height, np.uint8)
        self._rows, self._columns = area_taps(height, SIDE), area_taps(width, SIDE)
        self._sums = np.zeros(width, np.int32)
        self._image = np.zeros((SIDE, SIDE), np.uint8)
        # The four images of a pixel are the four bytes of one number, so that a shift by 8 bits drops the oldest.
        self._pixels = np.zeros((SIDE, SIDE), np.dtype("<u4"))
        self.stack: Gray = self._pixels.view(np.uint8).reshape(SIDE, SIDE, DEPTH)

    def begin(self, frame: Frame) -> None:
        """Starts an episode: `frame` is the one seen last."""
        self._grays[frame.colours] = frame.gray
        for kept in self._frames:
            np.copyto(kept.colours, frame.colours)
            np.copyto(kept.gray, frame.gray)
        self._changed.fill(1)
        self._pixels.fill(0)
        self.push()

    def look(self, emulator: ALEInterface) -> None:
        """Takes the emulator's current frame in place of the older of the two."""
        emulator.getScreen(self._colours)
        frame = self._frames[0]
        if not look(self._seen_words, self._words[0], self._colours, self._grays, frame.gray, self._changed):
            emulator.getScreenGrayscale(frame.gray)
            self._grays[frame.colours] = frame.gray
        self._frames.reverse()
        self._words.reverse()

    def push(self) -> None:
        """Makes an image of the two frames and puts it on the stack."""
        older, newer = self._frames
        push(older.gray, newer.gray, self._changed, self._rows, self._columns, self._sums, self._image, self._pixels)
