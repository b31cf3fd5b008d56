"""A GIF shows part of an episode in the game's very colours, with its score and step, and stays small."""

import io
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.worker.conftest import chain
from worker import record_episode
from worker.gif import EmptyPart, Part, make_gif
from worker.recording import Moment, Replay

PLATE_HEIGHT = 12


def animated(environment_id: str, part: Part, **options: Any) -> tuple[list[Moment], list[av.VideoFrame], bytes]:
    policy = chain(environment_id, **options)
    rollout = record_episode(policy, policy.environment, 3)
    playing = Replay(rollout.environment, rollout.seed, rollout.actions)
    moments, made = list(playing), make_gif(playing, part)
    playing.close()
    with av.open(io.BytesIO(made), "r") as container:
        return moments, list(container.decode(video=0)), made


def colours(frame: av.VideoFrame) -> NDArray[np.uint8]:
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


@pytest.mark.parametrize(("rate", "every"), [(20.0, 3), (30.0, 2)])
def test_a_games_animation_has_its_very_pixels_at_its_speed(rate: float, every: int) -> None:
    moments, frames, made = animated("ALE/Frostbite-v5", Part(0.5, 1.5, rate), max_steps=60)
    assert len(frames) == 1.5 * rate
    assert len(made) < 100_000
    for number, frame in enumerate(frames):
        assert frame.time == pytest.approx(number / rate, abs=0.005)
        wanted = moments[30 + every * number].picture.repeat(2, 1)
        np.testing.assert_array_equal(colours(frame)[:-PLATE_HEIGHT], wanted[:-PLATE_HEIGHT])


def test_an_animation_may_be_larger_by_a_whole_number_and_ends_with_its_episode() -> None:
    moments, frames, _ = animated("ALE/Frostbite-v5", Part(multiple=2), max_steps=20)
    assert len(frames) == 27
    wanted = moments[-2].picture.repeat(2, 0).repeat(4, 1)
    np.testing.assert_array_equal(colours(frames[-1])[: -2 * PLATE_HEIGHT], wanted[: -2 * PLATE_HEIGHT])


def test_another_environment_is_drawn_in_few_colours_at_its_own_rate_if_that_is_less() -> None:
    moments, frames, _ = animated("Pendulum-v1", Part(rate=50), max_steps=40)
    assert len(frames) == len(moments)
    away = colours(frames[-1]).astype(int) - moments[-1].picture
    assert np.abs(away)[: -2 * PLATE_HEIGHT].max() <= 26


def test_a_part_after_the_end_is_refused() -> None:
    with pytest.raises(EmptyPart, match=r"no second 30: it lasts 0\.7 s"):
        animated("ALE/Frostbite-v5", Part(start=30), max_steps=10)
