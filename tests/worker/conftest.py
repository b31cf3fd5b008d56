"""What the worker's tests share: policies made of a few seeds, a game whose every frame is noted, real workers."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ale_py import ALEInterface

import worker.atari
from evolution.architectures import Architecture, ImageArchitecture, MlpArchitecture
from evolution.chains import SeedChain
from evolution.environments import Environment
from tests.worker.fake_server import FakeServer, serving

PROGRAM = """
import sys
from worker.main import Machine, run_worker
sys.exit(run_worker(sys.argv[1], "token", int(sys.argv[2]), sys.argv[4:], machine=Machine(sys.argv[3] == "spot")))
"""
Start = Callable[..., subprocess.Popen[str]]
GOLDEN = Path(__file__).parents[1] / "unit" / "evolution" / "genome-golden.json"


@pytest.fixture(scope="session")
def golden() -> dict[str, Any]:
    values: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return values


class NotedEmulator(ALEInterface):
    """An emulator that keeps the action of every frame since the last restore."""

    def __init__(self) -> None:
        super().__init__()
        self.acted: list[int] = []

    def act(self, action: Any, paddle_strength: float = 1.0) -> int:
        self.acted.append(int(action))
        return super().act(action, paddle_strength)

    def restoreState(self, state: Any) -> None:  # noqa: N802
        self.acted.clear()
        super().restoreState(state)


@pytest.fixture
def noted_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker.atari, "ALEInterface", NotedEmulator)


def chain(
    environment_id: str,
    architecture: Architecture | None = None,
    *,
    seeds: tuple[int, ...] = (1, 2),
    power: float = 0.05,
    **options: Any,
) -> SeedChain:
    """A policy that plays the environment with these options."""
    return SeedChain(
        architecture=architecture or fitting(environment_id),
        environment=Environment(id=environment_id, options=options),
        seeds=list(seeds),
        power=power,
    )


def fitting(environment_id: str) -> Architecture:
    """A network for one of the environments that the tests play."""
    known: dict[str, Architecture] = {
        "ALE/Frostbite-v5": ImageArchitecture(name="nature-dqn", actions=18),
        "ALE/Pong-v5": ImageArchitecture(name="nature-dqn", actions=6),
        "ALE/Breakout-v5": ImageArchitecture(name="nature-dqn", actions=4),
        "ALE/Qbert-v5": ImageArchitecture(name="nature-dqn", actions=6),
        "CartPole-v1": MlpArchitecture(name="mlp", inputs=4, hidden=[16], actions=2),
        "Pendulum-v1": MlpArchitecture(name="mlp", inputs=3, hidden=[16], actions=1, box=True),
    }
    return known[environment_id]


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with serving(FakeServer()) as server:
        yield server


@pytest.fixture
def start(fake: FakeServer) -> Iterator[Start]:
    """Starts workers; none outlives its test."""
    started: list[subprocess.Popen[str]] = []

    def start_worker(
        slots: int = 1, modules: Sequence[str] = (), url: str | None = None, *, spot: bool = False
    ) -> subprocess.Popen[str]:
        arguments = [sys.executable, "-c", PROGRAM, url or fake.url, str(slots), "spot" if spot else "-", *modules]
        started.append(subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start_worker
    for process in started:
        process.kill()
        process.communicate()
