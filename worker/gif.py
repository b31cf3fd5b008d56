"""Small animations of recorded episodes, for pages that show no videos: GIF in the game's own few colours.

A game's pixel is shown two wide and one high, or a whole multiple of that, in its very colour. Other environments'
pictures are drawn in 216 colours, six levels of red, green and blue each, without dithering.
"""

import io
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import av
import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from worker.canvas import COLOURS
from worker.episode import Drawing, Picture, Tick
from worker.plates import Plates
from worker.recording import Replay

MOST_SECONDS = 120.0
FASTEST = 50
"""Frames a second: a GIF counts in hundredths of a second, and what shows one for less than two is not shown right."""
MOST_MULTIPLE = 4
HUNDREDTH = Fraction(1, 100)
LONGEST_SIDE = 640
"""Larger pictures of other environments are made smaller, by a whole number."""
LEVELS = 6
STEP = 255 // (LEVELS - 1)
"""Between one level of a colour and the next."""
# Numbers that neither the emulator, whose colours are even numbers, nor the cube of levels uses.
WHITE, BLACK, SAME = 251, 253, 255
SMALL_DOTS, LARGE_DOTS = (1, 1), (2, 2)


class EmptyPart(ValueError):
    """The episode ends before the part of it that is to be shown begins: choose an earlier part."""


class Part(NamedTuple):
    """What of an episode an animation shows, and how."""

    start: float = 0.0
    """Seconds of game time from its beginning."""
    seconds: float = 20.0
    rate: float = 20.0
    """Frames a second; no more than the game has are shown."""
    multiple: int = 1
    """Of a game's pixel, which is two wide and one high; of other environments' pixels, which are square."""


def make_gif(replay: Replay, part: Part) -> bytes:
    """Replays the episode into an animation that repeats without end.

    Raises:
        UnreplayableActions, UnrenderableEnvironment, BrokenEnvironment: as the replay's iteration.
        EmptyPart: the episode is over before.
    """
    rate = min(Fraction(part.rate).limit_denominator(100), Fraction(replay.frames_per_second).limit_denominator(1000))
    palette = _learn_palette(replay, part, rate)
    plates: Plates | None = None
    file = io.BytesIO()
    with av.open(file, "w", format="gif") as container:
        stream = container.add_stream("gif", rate=rate)
        stream.pix_fmt, stream.codec_context.time_base = "pal8", HUNDREDTH
        for number, tick in enumerate(_chosen(replay, part, rate)):
            image = _draw(replay, part.multiple)
            if plates is None:
                stream.height, stream.width = image.shape
                plates = Plates(stream.height, stream.width, SMALL_DOTS if replay.pixel_aspect != 1 else LARGE_DOTS)
            plates.write(tick.score, tick.step)
            for luma, top, left in plates:
                image[top : top + luma.shape[0], left : left + luma.shape[1]] = np.where(luma > 126, WHITE, BLACK)
            frame = _frame(image, palette)
            frame.pts, frame.time_base = round(number / rate / HUNDREDTH), HUNDREDTH
            container.mux(stream.encode(frame))
        if plates is None:
            raise EmptyPart(
                f"the episode has no second {part.start:g}: "
                f"it lasts {replay.played.frames / replay.frames_per_second:.1f} s"
            )
        container.mux(stream.encode())
    return file.getvalue()


def _chosen(replay: Replay, part: Part, rate: Fraction) -> Iterator[Tick]:
    """The moments that are shown."""
    shown, count = 0, max(1, math.ceil(part.seconds * rate))
    start, frame_seconds = Fraction(part.start), 1 / Fraction(replay.frames_per_second)
    for number, tick in enumerate(replay.ticks()):
        if number * frame_seconds >= start + shown / rate:
            shown += 1
            yield tick
        if shown == count:
            return


def _learn_palette(replay: Replay, part: Part, rate: Fraction) -> NDArray[np.uint8]:
    """Shape (256, 4): alpha, red, green and blue of each number."""
    palette = np.full((COLOURS, 4), 255, np.uint8)
    steps = np.arange(LEVELS, dtype=np.uint8) * STEP
    palette[: LEVELS**3, 1:] = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    palette[[WHITE, BLACK, SAME], 1:] = [[255] * 3, [0] * 3, [0] * 3]
    palette[SAME, 0] = 0
    is_known = np.zeros(COLOURS, np.bool_)
    for _ in _chosen(replay, part, rate):
        drawing = replay.drawing()
        if drawing is None:
            break
        if not is_known[drawing].all():
            palette[drawing.ravel(), 1:] = replay.picture().reshape(-1, 3)
            is_known[drawing] = True
    return palette


def _frame(image: Drawing, palette: NDArray[np.uint8]) -> VideoFrame:
    frame = VideoFrame(image.shape[1], image.shape[0], "pal8")
    pixels, colours = (np.frombuffer(memoryview(plane), np.uint8) for plane in frame.planes)
    pixels.reshape(len(image), -1)[:, : image.shape[1]] = image
    colours.view(np.uint32)[:] = palette.view(">u4").ravel()
    return frame


def _draw(replay: Replay, multiple: int) -> Drawing:
    """What is seen now, in numbers of the palette; to be written on."""
    drawing = replay.drawing()
    image = _reduce(replay.picture()) if drawing is None else drawing
    return image.repeat(multiple, 0).repeat(multiple * replay.pixel_aspect, 1)


def _reduce(picture: Picture) -> Drawing:
    """In 216 colours, and no larger than may be."""
    shrink = -(-max(picture.shape[:2]) // LONGEST_SIDE)
    small = picture[::shrink, ::shrink].astype(np.uint16)
    levels = (small + STEP // 2) // STEP
    return (levels @ np.array([LEVELS**2, LEVELS, 1], np.uint16)).astype(np.uint8)
