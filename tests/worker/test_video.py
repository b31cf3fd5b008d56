"""A video shows every frame of its episode, pixel by pixel, with the score and the step that belong to it."""

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.worker.conftest import chain
from worker import record_episode, video
from worker.canvas import Canvas
from worker.plates import DARK, GLYPHS, Plate, Plates, shown
from worker.recording import Moment, Replay, Rollout
from worker.video import Video, VideoTooLarge, make_video

Bytes = NDArray[np.uint8]
PLATE_HEIGHT = 22
TOLERANCE = 12
"""Of a colour's 256 levels: what rounding to the video's range, and its compression, may change."""


def recorded(environment_id: str, **options: Any) -> tuple[Rollout, list[Moment], Video]:
    policy = chain(environment_id, **options)
    rollout = record_episode(policy, policy.environment, 3)
    playing = Replay(rollout.environment, rollout.seed, rollout.actions)
    moments = list(playing)
    made = make_video(playing, rollout.frames)
    playing.close()
    return rollout, moments, made


def decoded(mp4: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(mp4), "r") as container:
        return list(container.decode(video=0))


def colours(frame: av.VideoFrame) -> Bytes:
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def read_plate(luma: Bytes, dot: tuple[int, int]) -> str:
    """The plate's text, by the glyphs that it looks most like."""
    dots = luma[dot[0] // 2 :: dot[0], dot[1] // 2 :: dot[1]] > 126
    text = ""
    for left in range(2, dots.shape[1] - 5, 6):
        seen = dots[2:9, left : left + 5]
        text += next(
            name
            for name, rows in GLYPHS.items()
            if (np.array([[row >> (4 - x) & 1 for x in range(5)] for row in rows], bool) == seen).all()
        )
    return text


def luma_of(frame: av.VideoFrame) -> Bytes:
    return np.asarray(frame.to_ndarray(format="yuv420p"), np.uint8)[: frame.height, : frame.width]


def test_a_games_video_has_each_frame_of_the_emulator_in_whole_pixels_at_its_speed() -> None:
    rollout, moments, made = recorded("ALE/Frostbite-v5", max_steps=60)
    frames = decoded(made.mp4)
    assert len(frames) == rollout.frames
    for number in (0, 1, 100, 239):
        seen = colours(frames[number])
        assert seen.shape == (420, 320, 3)
        wanted = moments[number].picture.repeat(2, 0).repeat(2, 1)
        away = np.abs(seen.astype(int) - wanted.astype(int))[:-PLATE_HEIGHT]
        assert np.percentile(away, 99.5) <= TOLERANCE
        blocks = seen[:-PLATE_HEIGHT].reshape(-1, 2, 160, 2, 3).astype(int)
        assert np.percentile(np.abs(blocks - blocks[:, :1, :, :1]), 99.5) <= TOLERANCE
    with av.open(io.BytesIO(made.mp4)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == 60
        assert stream.frames == rollout.frames
        assert stream.sample_aspect_ratio == 2
        assert stream.display_aspect_ratio == Fraction(640, 420)


def test_a_video_can_be_played_while_it_loads() -> None:
    mp4 = recorded("ALE/Frostbite-v5", max_steps=5)[2].mp4
    assert mp4[4:8] == b"ftyp"
    assert 0 < mp4.index(b"moov") < mp4.index(b"mdat")


def test_score_and_step_of_every_frame_can_be_read_in_it() -> None:
    rollout, moments, made = recorded("ALE/Frostbite-v5", max_steps=250, seeds=(1, 9))
    frames = decoded(made.mp4)
    for number in range(0, rollout.frames, 37):
        strip = luma_of(frames[number])[-PLATE_HEIGHT:]
        assert read_plate(strip[:, :94], (2, 1)) == f"SCORE {shown(moments[number].score):>9}"
        assert read_plate(strip[:, -70:], (2, 1)) == f"STEP {moments[number].step:>6}"


def test_the_poster_is_the_middle_of_the_episode_as_it_is_shown() -> None:
    rollout, moments, made = recorded("ALE/Frostbite-v5", max_steps=60)
    with av.open(io.BytesIO(made.poster), mode="r", format="jpeg_pipe") as container:
        (frame,) = container.decode(video=0)
    wanted = moments[rollout.frames // 2].picture.repeat(2, 0).repeat(4, 1).astype(int)
    assert np.abs(colours(frame) - wanted).mean() < 5
    assert len(made.poster) < 200_000


@pytest.mark.parametrize(("environment_id", "rate"), [("CartPole-v1", 50), ("Pendulum-v1", 30)])
def test_other_environments_are_filmed_a_picture_a_step(environment_id: str, rate: int) -> None:
    rollout, moments, made = recorded(environment_id, max_steps=40)
    frames = decoded(made.mp4)
    assert len(frames) == rollout.steps
    seen, wanted = colours(frames[-1]).astype(int), moments[-1].picture.astype(int)
    assert seen.shape == wanted.shape
    assert np.abs(seen - wanted)[: -2 * PLATE_HEIGHT].mean() < 2
    assert read_plate(luma_of(frames[-1])[-PLATE_HEIGHT:, :188], (2, 2)).endswith(f" {shown(rollout.score)}")
    with av.open(io.BytesIO(made.mp4)) as container:
        assert container.streams.video[0].average_rate == rate


def test_a_video_that_is_too_large_is_made_coarser_and_then_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = chain("ALE/Frostbite-v5", max_steps=200)
    rollout = record_episode(policy, policy.environment, 3)
    playing = Replay(rollout.environment, rollout.seed, rollout.actions)
    size = len(make_video(playing, rollout.frames).mp4)
    monkeypatch.setattr(video, "MOST_BYTES", size - 5000)
    coarser = make_video(playing, rollout.frames)
    assert len(coarser.mp4) <= size - 5000
    assert len(decoded(coarser.mp4)) == rollout.frames
    monkeypatch.setattr(video, "MOST_BYTES", 3000)
    with pytest.raises(VideoTooLarge, match="shorter episode"):
        make_video(playing, rollout.frames)


@pytest.mark.parametrize("multiples", [(1, 1), (2, 2), (2, 4), (4, 2), (1, 2), (2, 1)])
@pytest.mark.parametrize("shape", [(21, 35), (30, 40)])
def test_a_canvas_that_is_painted_over_is_as_one_painted_afresh(
    multiples: tuple[int, int], shape: tuple[int, int]
) -> None:
    random = np.random.default_rng(0)
    over = Canvas(*shape, multiples)
    picture = random.integers(0, 256, (*shape, 3), dtype=np.uint8)
    for _ in range(4):
        picture = picture.copy()
        picture[random.integers(0, shape[0], 3)] = random.integers(0, 256, (3, shape[1], 3), dtype=np.uint8)
        over.paint(picture)
    fresh = Canvas(*shape, multiples)
    fresh.paint(picture)
    np.testing.assert_array_equal(over.frame.to_ndarray(), fresh.frame.to_ndarray())
    even = picture[: over.height // multiples[0], : over.width // multiples[1]].repeat(multiples[0], 0)
    reference = av.VideoFrame.from_ndarray(np.ascontiguousarray(even.repeat(multiples[1], 1)), format="rgb24")
    away = luma_of(over.frame).astype(int) - luma_of(reference.reformat(format="yuv420p"))
    assert np.abs(away).max() <= 2


def test_a_picture_may_lie_in_memory_in_any_order() -> None:
    random = np.random.default_rng(0)
    over, fresh = Canvas(16, 40, (1, 1)), Canvas(16, 40, (1, 1))
    pictures = random.integers(0, 256, (3, 40, 17, 3), dtype=np.uint8).transpose(0, 2, 1, 3)
    for picture in pictures:
        over.paint(picture)
    fresh.paint(np.ascontiguousarray(pictures[-1]))
    np.testing.assert_array_equal(over.frame.to_ndarray(), fresh.frame.to_ndarray())


@pytest.mark.parametrize(
    ("score", "text"), [(40.0, "40"), (-1.25, "-1.2"), (10.0**9, "-" * 9), (999_999_999.0, "999999999")]
)
def test_a_score_is_shown_whole_where_it_is_whole_and_never_cut(score: float, text: str) -> None:
    assert shown(score) == text
    plate = Plate("SCORE ", 9, (2, 1))
    plate.write(text)
    assert read_plate(plate.luma, (2, 1)) == f"SCORE {text:>9}"


def test_plates_stand_one_above_the_other_in_a_narrow_picture_and_are_left_out_of_a_tiny_one() -> None:
    plates = list(Plates(400, 200, (2, 2)))
    assert [(top, left) for _, top, left in plates] == [(378, 0), (356, 0)]
    assert not list(Plates(16, 16, (2, 2)))
    assert all((luma >= DARK).all() for luma, _, _ in plates)
