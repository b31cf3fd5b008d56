"""Fixtures of the pure tests: the golden values of format philox-1."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# A busy machine is no reason to fail.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def golden() -> dict[str, Any]:
    """Values that an independent implementation of format philox-1 gave."""
    values: dict[str, Any] = json.loads(Path(__file__).with_name("genome-golden.json").read_text(encoding="utf-8"))
    return values
