"""What an image policy sees: gray, brightest of two frames, resized by area, four deep."""

from typing import Any

import cv2
import numpy as np
import pytest
from ale_py import ALEInterface
from numpy.typing import NDArray

from tests.worker.reference import image_of
from worker.atari import AtariGame
from worker.screen import Screen, take_frame

Pixels = NDArray[np.uint8]


class Showing(ALEInterface):
    """An emulator that shows what the test draws; each colour's number is also its gray, but for one offset."""

    def __init__(self, frame: Pixels, offset: int = 0) -> None:
        super().__init__()
        self._frame, self._offset = frame, np.uint8(offset)

    def getScreen(self, array: Any = None) -> Any:  # noqa: N802
        return given(self._frame, array)

    def getScreenGrayscale(self, array: Any = None) -> Any:  # noqa: N802
        return given(self._frame + self._offset, array)


def given(pixels: Pixels, array: Pixels | None) -> Pixels:
    if array is None:
        return pixels.copy()
    np.copyto(array, pixels)
    return array


def frame(value: int, height: int = 210) -> Pixels:
    return np.full((height, 160), value, np.uint8)


def begin(screen: Screen, pixels: Pixels) -> None:
    screen.begin(take_frame(Showing(pixels)))


def test_the_stack_starts_from_zeros_and_keeps_the_oldest_first() -> None:
    screen = Screen(210, 160)
    begin(screen, frame(10))
    assert screen.stack[0, 0].tolist() == [0, 0, 0, 10]
    for value in (20, 30, 40, 50):
        for _ in range(2):
            screen.look(Showing(frame(value)))
        screen.push()
    assert (screen.stack == [20, 30, 40, 50]).all()
    begin(screen, frame(60))
    assert (screen.stack == [0, 0, 0, 60]).all()


def test_an_image_is_the_maximum_of_the_last_two_frames() -> None:
    screen = Screen(210, 160)
    begin(screen, frame(0))
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


@pytest.mark.parametrize("height", [210, 214, 220, 230, 250])
def test_resizing_only_what_changed_gives_the_whole_image(height: int) -> None:
    random, screen = np.random.default_rng(height), Screen(height, 160)
    older = newer = random.integers(0, 256, (height, 160), np.uint8)
    begin(screen, newer)
    assert (screen.stack[..., 3] == image_of(newer, newer)).all()
    for _ in range(60):
        older, newer = newer, newer.copy()
        top, left = random.integers(0, height), random.integers(0, 160)
        newer[top : top + random.integers(0, 30), left : left + 20] = random.integers(0, 256)
        screen.look(Showing(newer))
        screen.push()
        assert (screen.stack[..., 3] == image_of(older, newer)).all()


def test_a_colours_gray_is_asked_of_the_emulator_when_it_is_first_seen() -> None:
    screen = Screen(210, 160)
    screen.begin(take_frame(Showing(frame(10), offset=1)))
    picture = frame(10)
    picture[100, 80:] = 20
    for _ in range(2):
        screen.look(Showing(picture, offset=1))
    screen.push()
    assert (screen.stack[..., 3] == image_of(picture + 1, picture + 1)).all()


@pytest.mark.parametrize("game", ["frostbite", "carnival", "pitfall2", "air_raid", "journey_escape", "pooyan"])
def test_images_are_opencvs_but_for_the_rounding_of_halves(game: str) -> None:
    emulator, random = AtariGame(game)._emulator, np.random.default_rng(0)
    screen, older = Screen(*emulator.getScreenDims()), emulator.getScreenGrayscale()
    screen.begin(take_frame(emulator))
    different = pixels = 0
    for _ in range(100):
        emulator.act(int(random.integers(18)))
        screen.look(emulator)
        screen.push()
        newer = emulator.getScreenGrayscale()
        opencvs = cv2.resize(np.maximum(older, newer), (84, 84), interpolation=cv2.INTER_AREA)
        distance = np.abs(opencvs.astype(int) - screen.stack[..., 3])
        assert distance.max() <= 1
        different, pixels, older = different + int(np.count_nonzero(distance)), pixels + distance.size, newer
    assert different < pixels / 200


def test_gray_is_the_luminance_of_the_palette() -> None:
    game = AtariGame("frostbite")
    emulator = game._emulator
    rgb, gray = emulator.getScreenRGB().astype(float), emulator.getScreenGrayscale()
    assert len(np.unique(gray)) > 4
    assert (gray == np.rint(rgb @ [0.299, 0.587, 0.114])).all()
