"""What an image policy sees: gray, brightest of two frames, resized by area, four deep."""

from typing import Any

import numpy as np
import pytest
from ale_py import ALEInterface
from numpy.typing import NDArray

from worker.atari import AtariGame
from worker.screen import Screen, resize


class Showing(ALEInterface):
    """An emulator that shows what the test draws."""

    def __init__(self, frame: NDArray[np.uint8]) -> None:
        super().__init__()
        self.frame = frame

    def getScreenGrayscale(self, array: Any = None) -> Any:  # noqa: N802
        np.copyto(array, self.frame)


def frame(value: int, height: int = 210) -> NDArray[np.uint8]:
    return np.full((height, 160), value, np.uint8)


def whole_image(older: NDArray[np.uint8], newer: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return resize(np.maximum(older, newer), 84)


def test_the_stack_starts_from_zeros_and_keeps_the_oldest_first() -> None:
    screen = Screen(210, 160)
    screen.begin(frame(10))
    assert screen.stack[0, 0].tolist() == [0, 0, 0, 10]
    for value in (20, 30, 40, 50):
        for _ in range(2):
            screen.look(Showing(frame(value)))
        screen.push()
    assert (screen.stack == [20, 30, 40, 50]).all()
    screen.begin(frame(60))
    assert (screen.stack == [0, 0, 0, 60]).all()


def test_an_image_is_the_maximum_of_the_last_two_frames() -> None:
    screen = Screen(210, 160)
    screen.begin(frame(0))
    left, right = frame(0), frame(0)
    left[:, :80], right[:, 80:] = 100, 200
    for shown in (frame(255), left, right):
        screen.look(Showing(shown))
    screen.push()
    assert screen.stack[0, 0, 3] == 100
    assert screen.stack[0, 83, 3] == 200
    screen.look(Showing(frame(0)))
    screen.push()
    assert screen.stack[0, [0, 83], 3].tolist() == [0, 200]


@pytest.mark.parametrize("height", [210, 214, 250])
def test_resizing_only_what_changed_gives_the_whole_image(height: int) -> None:
    random, screen = np.random.default_rng(height), Screen(height, 160)
    older = newer = random.integers(0, 256, (height, 160), np.uint8)
    screen.begin(newer)
    assert (screen.stack[..., 3] == resize(newer, 84)).all()
    for _ in range(60):
        older, newer = newer, newer.copy()
        top, left = random.integers(0, height), random.integers(0, 160)
        newer[top : top + random.integers(0, 30), left : left + 20] = random.integers(0, 256)
        screen.look(Showing(newer))
        screen.push()
        assert (screen.stack[..., 3] == whole_image(older, newer)).all()


def test_each_pixel_is_the_mean_of_the_area_it_covers() -> None:
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (210, 160), np.uint8)
    rows, columns = _cover(210), _cover(160)
    wanted = rows @ picture.astype(np.float64) @ columns.T
    assert np.abs(resize(picture, 84) - wanted).max() <= 0.5 + 1e-3


def test_gray_is_the_luminance_of_the_palette() -> None:
    game = AtariGame("frostbite")
    emulator = game._emulator
    rgb, gray = emulator.getScreenRGB().astype(float), emulator.getScreenGrayscale()
    assert len(np.unique(gray)) > 4
    assert (gray == np.rint(rgb @ [0.299, 0.587, 0.114])).all()


def _cover(length: int) -> NDArray[np.float64]:
    """Shape (84, length): how much of each pixel of the output each pixel of the input covers."""
    edges = np.arange(85) * length / 84
    starts, stops = edges[:-1, None], edges[1:, None]
    pixel = np.arange(length)
    overlap = np.clip(np.minimum(stops, pixel + 1) - np.maximum(starts, pixel), 0, None)
    return np.asarray(overlap / overlap.sum(1, keepdims=True), dtype=np.float64)
