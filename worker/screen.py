"""From the emulator's frames to what an image policy sees (Such et al. 2017; Mnih et al. 2015, "Preprocessing").

A frame is gray as the emulator's palette has it: .299 R + .587 G + .114 B of each colour, rounded. An image is the
maximum of the last two frames, resized to 84 x 84 by area. A policy sees the last four images, zero before the first.
"""

from math import gcd

import cv2
import numpy as np
from ale_py import ALEInterface
from numpy.typing import NDArray

SIDE = 84
"""Rows, and columns, of an image."""
DEPTH = 4
"""Images in a stack."""

Gray = NDArray[np.uint8]


class Screen:
    """The last two frames, and the stack of images made of them.

    `stack`: shape (84, 84, 4), uint8, oldest image first; overwritten in place.
    """

    def __init__(self, height: int, width: int) -> None:
        self._older, self._newer = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
        self._seen, self._brightest = np.zeros_like(self._newer), np.zeros_like(self._newer)
        self._image = np.zeros((SIDE, SIDE), np.uint8)
        # The four images of a pixel are the four bytes of one number, so that a shift by 8 bits drops the oldest.
        self._pixels = np.zeros((SIDE, SIDE), np.dtype("<u4"))
        self.stack: Gray = self._pixels.view(np.uint8).reshape(SIDE, SIDE, DEPTH)
        self._blocks = gcd(height, SIDE)

    def begin(self, frame: Gray) -> None:
        """Starts an episode: `frame`, shape (height, width), is the one seen last."""
        np.copyto(self._newer, frame)
        np.copyto(self._older, frame)
        self._pixels.fill(0)
        np.copyto(self._seen, frame)
        np.copyto(self._image, resize(frame, SIDE))
        self.stack[..., -1] = self._image

    def look(self, emulator: ALEInterface) -> None:
        """Takes the emulator's current frame in place of the older of the two."""
        self._older, self._newer = self._newer, self._older
        emulator.getScreenGrayscale(self._newer)

    def push(self) -> None:
        """Makes an image of the two frames and puts it on the stack."""
        np.maximum(self._older, self._newer, out=self._brightest)
        self._refresh()
        self._pixels >>= 8
        self.stack[..., -1] = self._image

    def _refresh(self) -> None:
        """Brings the image up to date.

        `blocks` equal bands of the frame make as many bands of the image, each by itself; only those that changed are
        resized (of Frostbite's 42 bands about a sixth).
        """
        bands = self._brightest.reshape(self._blocks, -1)
        changed = np.flatnonzero((bands.view(np.uint64) != self._seen.reshape(self._blocks, -1).view(np.uint64)).any(1))
        if changed.size:
            width = self._brightest.shape[1]
            rows = SIDE // self._blocks
            fresh = resize(bands[changed].reshape(-1, width), changed.size * rows)
            self._image.reshape(self._blocks, -1)[changed] = fresh.reshape(changed.size, -1)
            self._seen, self._brightest = self._brightest, self._seen


def resize(frame: Gray, rows: int) -> Gray:
    """Shape (rows, 84), uint8: the frame resized by area, each pixel the mean of what it covers, rounded."""
    return np.asarray(cv2.resize(frame, (SIDE, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)
