"""What a machine lets a process use."""

from pathlib import Path

import pytest

from cli.machine import free_disk


def test_a_folder_that_is_not_there_yet_has_the_space_of_its_disk(tmp_path: Path) -> None:
    assert free_disk(tmp_path / "a" / "b") == pytest.approx(free_disk(tmp_path), rel=0.1)
