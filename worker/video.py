"""Videos of recorded episodes: H.264 in MP4, ready to be played while it loads, with score and step in its corners.

A frame of the emulator is a frame of the video, at the speed of the game. A game's pixel is stored as a block of two by
two, so that 4:2:0 loses none of its colour, and is shown four wide and two high: the stream says that its pixels are
twice as wide as high, and a picture of 160 x 210 is shown as 640 x 420. (Stored so, encoding takes half the time.)
Other environments' pictures keep their pixels, small ones enlarged by an even number.
"""

import io
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from typing import NamedTuple

import av
from av import VideoFrame
from av.container import OutputContainer
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from worker.canvas import Canvas
from worker.episode import Picture, UnrenderableEnvironment
from worker.plates import Plates
from worker.poster import make_poster
from worker.recording import Replay

MOST_BYTES = 24_000_000
MOST_FRAMES = 216_000
"""Of a longer episode the video shows the beginning: an hour of an Atari game."""
QUANTIZERS = (20, 28, 36, 44)
"""Tried in order until the video is small enough; the first looks like the game."""
SECONDS_BETWEEN_KEYFRAMES = 4
SMALL = 320
"""Pictures of other environments with a shorter longest side are enlarged to about twice that."""
LARGEST = 4096
"""Longest side of a picture that can be filmed."""
GAME_MULTIPLES = (2, 2)


class VideoTooLarge(ValueError):
    """An episode's video would be larger than may be kept, however coarse: record a shorter episode."""


class Video(NamedTuple):
    """An episode to look at."""

    mp4: bytes
    poster: bytes
    """JPEG of the middle of the episode."""


def make_video(replay: Replay, frames: int) -> Video:
    """Replays the episode of so many frames into a video of at most `MOST_BYTES`, and a poster.

    Raises:
        UnreplayableActions, UnrenderableEnvironment, BrokenEnvironment: as the replay's iteration.
        VideoTooLarge: there is no making it small enough.
    """
    for quantizer in QUANTIZERS:
        film = _Film(replay, quantizer, frames)
        if film.shoot(replay):
            return Video(film.mp4, film.poster)
    raise VideoTooLarge(
        f"a video of {frames:,} frames of {replay.environment.id} would take more than {MOST_BYTES:,} bytes: "
        "record a shorter episode, or make its pictures smaller"
    )


class _Film:
    """One attempt at a video."""

    def __init__(self, replay: Replay, quantizer: int, frames: int) -> None:
        self.poster = b""
        self._aspect = replay.pixel_aspect
        self._rate = Fraction(replay.frames_per_second).limit_denominator(1000)
        self._quantizer = quantizer
        self._frames = min(frames, MOST_FRAMES)
        self._file = io.BytesIO()

    @property
    def mp4(self) -> bytes:
        return self._file.getvalue()

    def shoot(self, replay: Replay) -> bool:
        """Whether the video is small enough."""
        # The index is moved to the front when all is written: that needs a second look at the file.
        container = av.open(
            self._file,
            "w",
            format="mp4",
            options={"movflags": "+faststart"},
            io_open=lambda *_: io.BytesIO(self._file.getvalue()),
        )
        with container:
            stream: VideoStream | None = None
            for frame in self._draw(replay):
                stream = stream or self._open_stream(container, frame)
                container.mux(stream.encode(frame))
                if self._file.tell() > MOST_BYTES:
                    return False
            if stream is not None:
                container.mux(stream.encode())
        return len(self._file.getbuffer()) <= MOST_BYTES

    def _draw(self, replay: Replay) -> Iterator[VideoFrame]:
        canvas: Canvas | None = None
        plates: Plates | None = None
        frame_seconds = 1 / self._rate
        for number, tick in enumerate(islice(replay.ticks(), self._frames)):
            if canvas is None or plates is None:
                canvas = self._open_canvas(replay.picture())
                plates = Plates(canvas.height, canvas.width, (2, 2 // self._aspect))
            if number == self._frames // 2:
                self._take_poster(replay.picture())
            is_painted = _paint(canvas, replay)
            if plates.write(tick.score, tick.step) or is_painted:
                for plate in plates:
                    canvas.stamp(*plate)
            canvas.frame.pts = number
            canvas.frame.time_base = frame_seconds
            yield canvas.frame

    def _take_poster(self, picture: Picture) -> None:
        clean = self._open_canvas(picture)
        clean.paint(picture)
        self.poster = make_poster(clean.frame, self._aspect)

    def _open_canvas(self, picture: Picture) -> Canvas:
        height, width = picture.shape[:2]
        if max(height, width) > LARGEST or min(height, width) < 2:
            raise UnrenderableEnvironment(
                f"its pictures of {width} x {height} pixels cannot be filmed: a side may have 2 to {LARGEST}"
            )
        if self._aspect != 1:
            return Canvas(height, width, GAME_MULTIPLES)
        longest = max(height, width)
        multiple = 1 if longest >= SMALL else 2 * max(1, round(SMALL / longest))
        return Canvas(height, width, (multiple, multiple))

    def _open_stream(self, container: OutputContainer, frame: VideoFrame) -> VideoStream:
        stream: VideoStream = container.add_stream(
            "libx264",
            rate=self._rate,
            # Of little difference in size to slower ones, for such pictures; and no frame waits for later ones.
            options={"preset": "ultrafast", "tune": "zerolatency", "qp": str(self._quantizer)},
        )
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
        context = stream.codec_context
        context.thread_count = 1
        context.gop_size = round(SECONDS_BETWEEN_KEYFRAMES * self._rate)
        context.sample_aspect_ratio = Fraction(self._aspect)
        context.time_base = 1 / self._rate
        context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.SMPTE170M
        context.color_primaries, context.color_trc = ColorPrimaries.SMPTE170M, ColorTrc.SMPTE170M
        return stream


def _paint(canvas: Canvas, replay: Replay) -> bool:
    """Paints what is seen now, and tells whether it is another picture than before."""
    drawing = replay.drawing()
    return canvas.paint(replay.picture()) if drawing is None else canvas.paint_drawing(drawing, replay.picture)
