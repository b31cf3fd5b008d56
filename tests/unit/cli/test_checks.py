"""What `doctor` says of a machine's memory."""

import pytest

from cli import checks
from cli.checks import check_memory


@pytest.mark.parametrize(
    ("gigabytes", "cores", "state", "remedy"),
    [
        (8.0, 8, "ok", None),
        (2.0, 4, "ok", None),
        (2.0, 5, "warn", "start with --workers 4"),
        (0.9, 1, "fail", "give it 1.0 GB"),
        (None, 1, "warn", "each worker takes about 0.2 GB"),
    ],
)
def test_a_worker_for_each_core_must_fit_beside_the_parents_quarter(
    monkeypatch: pytest.MonkeyPatch, gigabytes: float | None, cores: int, state: str, remedy: str | None
) -> None:
    memory = None if gigabytes is None else int(gigabytes * 1e9)
    monkeypatch.setattr(checks, "usable_memory", lambda: memory)
    monkeypatch.setattr(checks, "default_slots", lambda: cores)
    finding = check_memory()
    assert (finding.state, finding.remedy) == (state, remedy)
