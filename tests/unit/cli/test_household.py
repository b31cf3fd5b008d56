"""What `up` tells the workers that it starts."""

from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup, TyperOption
from typer.testing import CliRunner

import worker.main
from cli import household
from cli.errors import BadInput
from cli.household import Plan, worker_child
from cli.main import app
from worker.allowance import LARGEST_BYTES, MEGABYTE, parents_allowance
from worker.main import Machine

GIGABYTE = 1 << 30


def _plan(folder: Path, workers: int) -> Plan:
    return Plan(folder, "127.0.0.1", 8080, "token", workers, None, [], "worker-token")


def _parents_memory(plan: Plan, number: int) -> int:
    """The option that one worker is started with, MB."""
    command = list(worker_child(number, plan, print).recipe.command())
    return int(command[command.index("--parents-memory") + 1])


def test_workers_are_given_a_token_that_opens_nothing_but_work(tmp_path: Path) -> None:
    recipe = worker_child(1, _plan(tmp_path, 1), print).recipe
    assert recipe.environment["NEUROEVO_TOKEN"] == "worker-token"
    assert "token" not in (value for name, value in recipe.environment.items() if name.startswith("NEUROEVO_"))


@pytest.mark.parametrize("workers", [1, 8, 4096])
def test_the_parents_of_all_workers_together_take_at_most_a_quarter_of_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    (tmp_path / "meminfo").write_text(f"MemTotal: {8 * GIGABYTE // 1024} kB\n")
    monkeypatch.setattr(household, "parents_allowance", lambda count: parents_allowance(count, tmp_path, tmp_path))
    given = [_parents_memory(_plan(tmp_path, workers), number) * MEGABYTE for number in (1, workers)]
    assert max(given) * workers <= 2 * GIGABYTE
    assert min(given) > min(LARGEST_BYTES, 2 * GIGABYTE // workers) - MEGABYTE


PARENTS_BYTES = 5
"""Its place among the arguments of `run_worker`."""


@pytest.mark.parametrize(
    ("arguments", "variables", "wanted"),
    [
        (["--parents-memory", "30"], {}, 30_000_000),
        ([], {"NEUROEVO_PARENTS_MEMORY": "0"}, 0),
        ([], {}, None),
    ],
)
def test_a_worker_takes_the_memory_for_parents_that_it_is_told(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], variables: dict[str, str], wanted: int | None
) -> None:
    told: list[object] = []

    def note(*given: object, **further: object) -> int:
        told.append(given[PARENTS_BYTES])
        return 0

    monkeypatch.setattr(worker.main, "run_worker", note)
    start = ["worker", "start", "--server", "http://127.0.0.1:1", "--token", "t", *arguments]
    assert CliRunner(env=variables).invoke(app, start).exit_code == 0
    assert told == [wanted]


@pytest.mark.parametrize(
    ("arguments", "variables", "wanted"),
    [
        (["--core-hour-price", "0.0125", "--spot"], {}, Machine(spot=True, core_hour_price=0.0125)),
        ([], {"NEUROEVO_CORE_HOUR_PRICE": "0.05"}, Machine(core_hour_price=0.05)),
        ([], {"NEUROEVO_CORE_HOUR_PRICE": ""}, Machine()),
    ],
)
def test_a_worker_is_told_of_its_machine(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], variables: dict[str, str], wanted: Machine
) -> None:
    told: list[object] = []

    def note(*given: object, **_: object) -> int:
        told.append(given[-1])
        return 0

    monkeypatch.setattr(worker.main, "run_worker", note)
    start = ["worker", "start", "--server", "http://127.0.0.1:1", "--token", "t", *arguments]
    assert CliRunner(env=variables).invoke(app, start).exit_code == 0
    assert told == [wanted]


def test_the_help_tells_the_most_that_a_worker_takes_for_parents() -> None:
    command = typer.main.get_command(app)
    for name in ("worker", "start"):
        assert isinstance(command, TyperGroup)
        command = command.commands[name]
    (option,) = [option for option in command.params if option.name == "parents_memory"]
    assert isinstance(option, TyperOption)
    assert f"up to {LARGEST_BYTES / MEGABYTE:,.0f} MB" in (option.help or "")


def test_a_worker_refuses_a_level_of_its_log_that_there_is_not() -> None:
    start = ["worker", "start", "--server", "http://127.0.0.1:1", "--token", "t", "--log-level", "loud"]
    assert isinstance(CliRunner().invoke(app, start).exception, BadInput)
