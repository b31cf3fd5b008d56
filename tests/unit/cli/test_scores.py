"""How a run's scores are written: a mean never stands without its noise."""

from cli.output import best_score, mean_score
from cli.progress import progress_line
from server.views import Progress, ScoreSummary
from tests.unit.cli.test_following import FROSTBITE, run

NOISY = ScoreSummary(mean=779, sd=640, n=10, distinct=10)


def test_a_mean_comes_with_its_spread_and_number_of_episodes() -> None:
    assert mean_score(NOISY) == "779 ± 640 (n 10)"


def test_repeated_episodes_are_told_from_distinct_ones() -> None:
    assert mean_score(NOISY.model_copy(update={"distinct": 9})) == "779 ± 640 (n 9/10)"


def test_a_single_episode_has_no_spread() -> None:
    assert mean_score(ScoreSummary(mean=20, sd=None, n=1, distinct=1)) == "20 (n 1)"


def test_without_validation_there_is_no_mean_and_the_best_is_a_fitness() -> None:
    assert mean_score(None) == "–"
    assert best_score(run("a", "running", FROSTBITE).model_copy(update={"best": 320.0})) == "320"


def test_a_run_that_nobody_can_play_now_is_called_stalled_and_says_why() -> None:
    progress = Progress(generation=3, phase="evaluation", done=5, total=9, frames_per_second=0.0, seconds_left=None)
    changes = {"progress": progress, "state_reason": "No connected worker plays it."}
    stalled = run("a", "running", FROSTBITE).model_copy(update=changes)
    assert "stalled (No connected worker plays it), generation 3 5/9 · best" in progress_line(stalled)


def test_progress_shows_best_and_elite_with_their_noise() -> None:
    elite = ScoreSummary(mean=431.2, sd=120.4, n=10, distinct=10)
    validated = run("a", "paused", FROSTBITE).model_copy(update={"best": 779.0, "best_elite": NOISY, "elite": elite})
    assert "best 779 ± 640 (n 10) · mean – · elite 431.2 ± 120.4 (n 10)" in progress_line(validated)
