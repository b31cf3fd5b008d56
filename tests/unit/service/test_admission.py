"""Impossible results are refused by their keys alone."""

from typing import Any

import pytest

from evolution.messages import EpisodeResult
from server.service.admission import Admission, admit
from server.service.open_generation import open_generation
from tests.unit.service.test_open_generation import BLOCK_FREE, CARRIED, CONFIGURATION, evaluations


def result(**key: Any) -> EpisodeResult:
    values = {"generation": 1, "index": 0, "phase": 0, "episode": 0}
    measured = {"score": 1.0, "steps": 1, "frames": 4, "digest": "0" * 64, "seconds": 0.1}
    return EpisodeResult.model_validate(values | measured | key)


@pytest.mark.parametrize(
    ("key", "admission"),
    [
        ({}, Admission.STORE),
        ({"index": 3, "episode": 1}, Admission.STORE),
        ({"index": 4}, Admission.REFUSE),
        ({"episode": 2}, Admission.REFUSE),
        ({"phase": 1, "index": 1}, Admission.STORE),
        ({"phase": 1, "index": 4, "episode": 2}, Admission.STORE),
        ({"phase": 1, "index": 4, "episode": 3}, Admission.REFUSE),
        ({"phase": 1, "index": 0}, Admission.REFUSE),
        ({"phase": 2, "index": 1}, Admission.REFUSE),
        ({"generation": 0}, Admission.LOOK_UP),
        ({"generation": 0, "phase": 2, "index": 4}, Admission.LOOK_UP),
        ({"generation": 0, "index": 5}, Admission.REFUSE),
        ({"generation": 2}, Admission.REFUSE),
    ],
)
def test_a_generational_run_takes_what_its_open_phases_ask_for(key: dict[str, int], admission: Admission) -> None:
    validating = open_generation(CONFIGURATION, 1, CARRIED, evaluations([1, 4, 2, 4]))
    assert admit(CONFIGURATION, validating, result(**key)) == admission


@pytest.mark.parametrize(
    ("key", "admission"),
    [
        ({"index": 1000}, Admission.STORE),
        ({"generation": 0, "index": 1000}, Admission.STORE),
        ({"index": 4}, Admission.REFUSE),
        ({"generation": 0, "index": 4}, Admission.REFUSE),
        ({"episode": 1}, Admission.REFUSE),
        ({"phase": 1}, Admission.REFUSE),
        ({"generation": 0, "phase": 1}, Admission.REFUSE),
        ({"generation": 2}, Admission.REFUSE),
    ],
)
def test_a_block_free_run_takes_late_results_too(key: dict[str, int], admission: Admission) -> None:
    assert admit(BLOCK_FREE, open_generation(BLOCK_FREE, 1, CARRIED, []), result(**key)) == admission
