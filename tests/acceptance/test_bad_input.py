"""What is typed wrong, or stands wrong on the machine: one clear line on stderr, the right exit code, no traceback."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.conftest import Up, neuroevo, neuroevo_process
from tests.acceptance.processes import await_end

CHAIN = {
    "format": "philox-1",
    "architecture": {"name": "mlp", "inputs": 4, "hidden": [64, 64], "actions": 2, "box": False},
    "environment": {"id": "CartPole-v1", "options": {"max_steps": None}},
    "seeds": [1, 2, 3],
    "power": 0.05,
}
NOWHERE = "postgresql://nobody@127.0.0.1:9/none"
"""Port 9, discard: nothing listens there."""


def refused(*arguments: str | Path, code: int, input: str = "", **variables: str) -> str:
    """The one line that a command ends with."""
    done = neuroevo(*arguments, input=input, **variables)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("neuroevo: ")
    return line


@pytest.fixture
def busy_port() -> Iterator[int]:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A server without workers."""
    up = Up(tmp_path_factory.mktemp("served") / "data", "--workers", "0")
    try:
        up.await_line("has been created")
        yield up
    finally:
        await_end(up.kill(), seconds=30)


@pytest.mark.parametrize("command", [("up",), ("server", "start"), ("db", "upgrade")])
def test_what_is_no_database_address_is_named_before_anything_starts(tmp_path: Path, command: tuple[str, ...]) -> None:
    for url in ("nonsense", "postgresql://me:s3cret@host:port/name"):
        line = refused(*command, code=2, NEUROEVO_DATABASE_URL=url, NEUROEVO_DATA=str(tmp_path / "data"))
        assert "--database-url (NEUROEVO_DATABASE_URL): This is no address of a Postgres database" in line
        assert "s3cret" not in line
    assert not (tmp_path / "data").exists()


def test_an_unknown_option_is_named() -> None:
    assert "No such option: --wrokers" in refused("up", "--wrokers", "3", code=2)


def test_a_number_out_of_range_is_named() -> None:
    assert "--port" in refused("up", "--port", "70000", code=2)


@pytest.mark.parametrize(
    "setting",
    [
        "SLOTS=abc",
        "SLOTS=0",
        "PARENTS_MEMORY=-1",
        "PARENTS_MEMORY=abc",
        "SPOT=maybe",
        "LOG_LEVEL=loud",
        "LOG_FORMAT=xml",
    ],
)
def test_a_workers_setting_out_of_range_is_named_by_its_variable(setting: str) -> None:
    name, _, value = setting.partition("=")
    variables = {f"NEUROEVO_{name}": value, "NEUROEVO_SERVER": "http://127.0.0.1:9", "NEUROEVO_TOKEN": "t"}
    assert f"NEUROEVO_{name}" in refused("worker", "start", code=2, **variables)


@pytest.mark.parametrize(
    "setting",
    [
        *("PORT=abc", "PORT=70000", "LEASE_SECONDS=0", "BATCH_SECONDS=abc", "WAIT_SECONDS=-1", "STOP_SECONDS=abc"),
        *("BODY_BYTES=0", "RECHECK=maybe", "VIDEO_QUOTA_MB=-1", "LIBRARY_SHARE=2", "LOG_LEVEL=loud", "LOG_FORMAT=xml"),
    ],
)
def test_a_servers_setting_out_of_range_is_named_by_its_variable(setting: str) -> None:
    name, _, value = setting.partition("=")
    variables = {"NEUROEVO_DATABASE_URL": NOWHERE, f"NEUROEVO_{name}": value}
    assert f"NEUROEVO_{name}" in refused("server", "start", code=2, **variables)


def test_an_unknown_preset_is_answered_with_those_there_are(tmp_path: Path) -> None:
    line = refused("up", "--preset", "fast", "--data", tmp_path, code=2)
    assert line == "neuroevo: --preset fast: there are laptop, quick, paper, cshenton"


def test_a_busy_port_is_answered_with_a_free_one(tmp_path: Path, busy_port: int) -> None:
    line = refused("up", "--port", str(busy_port), "--data", tmp_path, code=3)
    assert f"port {busy_port} is busy: choose another, such as --port {busy_port + 1}" in line


def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = refused("up", "--data", tmp_path / "file" / "data", code=2)
    assert "cannot be used as data folder (Not a directory): choose another with --data" in line


def test_a_damaged_data_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    done = neuroevo_process("up", "--port", "0", "--data", tmp_path)
    assert done.returncode == 4
    assert f"neuroevo: {tmp_path}/postgres is there but is no whole database: put a copy of it back" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_database_ends_up_with_the_reason(tmp_path: Path) -> None:
    done = neuroevo_process("up", "--port", "0", "--data", tmp_path, "--database-url", NOWHERE)
    assert done.returncode == 4
    (line,) = done.stderr.splitlines()
    assert line.startswith("neuroevo: server ended with exit code 4 while starting: ")
    assert "Connection refused" in line


def test_a_server_without_a_database_says_which_option_is_missing() -> None:
    assert "--database-url" in refused("server", "start", code=2)


def test_the_database_cannot_be_upgraded_where_none_answers() -> None:
    assert "Connection refused" in refused("db", "upgrade", "--database-url", NOWHERE, code=4)


def test_without_a_server_the_commands_say_how_to_get_one(tmp_path: Path) -> None:
    assert "start one with `neuroevo up`" in refused("run", "list", "--data", tmp_path, code=7)
    assert "no server answers" in refused("run", "list", "--server", "http://127.0.0.1:9", "--token", "t", code=7)
    for address in ("127.0.0.1:9", "http://[::1", "http://h:port"):
        assert "is no address" in refused("run", "list", "--server", address, "--token", "t", code=7)


def test_a_wrong_token_is_told_apart(served: Up) -> None:
    assert "does not accept this token" in refused("run", "list", "--data", served.data, "--token", "wrong", code=8)


def test_an_unknown_run_is_named(served: Up) -> None:
    assert "zzzzzz" in refused("run", "show", "zzzzzz", "--data", served.data, code=8)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (["population=0"], "population"),
        (["population=1000000000"], "population"),
        (["population=20", "parents=30"], "parents"),
        (["mutation_power=NaN"], "mutation_power"),
        (["colour=red"], "colour"),
        (["environment.options.sticky=0.5"], "sticky"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_by_field(served: Up, settings: list[str], complaint: str) -> None:
    options = [part for setting in settings for part in ("--set", setting)]
    assert complaint in refused("run", "create", *options, "--data", served.data, code=8)
    assert len(served.run("run", "list")) == 1


def test_a_setting_without_a_value_is_refused(served: Up) -> None:
    assert "key=value" in refused("run", "create", "--set", "population", "--data", served.data, code=2)


def test_nothing_is_deleted_unasked(served: Up) -> None:
    (run,) = served.run("run", "list")
    assert "--yes" in refused("run", "delete", run["id"], "--data", served.data, input="", code=2)
    assert len(served.run("run", "list")) == 1


def test_a_picture_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    assert ".html, .json, .png, .svg" in refused("run", "plot", "any", tmp_path / "curve.gif", code=2)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ("{", "this is not JSON"),
        ("[]", "lists no policy"),
        ('{"items": []}', "lists no policy"),
        ('[{"document": 5}]', "is a JSON object"),
        (json.dumps(CHAIN | {"seeds": []}), "seeds"),
        (json.dumps(CHAIN | {"seeds": [2**32]}), "seeds.0"),
        (json.dumps(CHAIN | {"power": [0.1]}), "power has 1 entries for 2 mutations"),
        (json.dumps(CHAIN | {"format": "philox-2"}), "format philox-2 is newer than this version"),
        (json.dumps(CHAIN | {"format": "unheard-of"}), "is unknown"),
    ],
)
def test_a_document_that_is_no_chain_is_refused(tmp_path: Path, document: str, complaint: str) -> None:
    (tmp_path / "chain.json").write_text(document)
    for command in ("show", "evaluate"):
        assert complaint in refused("policy", command, tmp_path / "chain.json", code=2)


def test_a_policy_that_does_not_fit_its_environment_is_refused(tmp_path: Path) -> None:
    (tmp_path / "chain.json").write_text(json.dumps(CHAIN | {"environment": {"id": "Acrobot-v1", "options": {}}}))
    assert "does not fit Acrobot-v1" in refused("policy", "evaluate", tmp_path / "chain.json", code=2)


def test_what_a_document_tells_of_no_episode_cannot_be_compared(tmp_path: Path) -> None:
    (tmp_path / "chain.json").write_text(json.dumps(CHAIN | {"scores": [{"mean": 9.0, "n": 3}]}))
    command = ("policy", "evaluate", tmp_path / "chain.json", "--told")
    assert "tells the score of no single episode under its own protocol" in refused(*command, code=2)
    assert "leave out --episodes and --seed" in refused(*command, "--episodes", "3", code=2)


def test_an_environment_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "chain.json").write_text(json.dumps(CHAIN | {"environment": {"id": "Unheard-v1", "options": {}}}))
    assert "Unheard-v1" in refused("policy", "evaluate", tmp_path / "chain.json", code=2)
    line = refused("policy", "evaluate", tmp_path / "chain.json", "--env-module", "no_such_module", code=2)
    assert "--env-module no_such_module cannot be imported" in line


def test_a_document_that_is_not_there_is_named(tmp_path: Path) -> None:
    line = refused("policy", "show", tmp_path / "none.json", code=2)
    assert line.endswith("none.json cannot be read: No such file or directory")
    line = refused("policy", "show", "8c0834e", code=2)
    assert line.endswith(": No such file or directory, and as a policy's id it lacks digits: give eight at least")


def test_the_unexpected_is_one_line_with_its_traceback_in_a_file(tmp_path: Path) -> None:
    """A connection file that is a folder: nobody foresaw that."""
    (tmp_path / "connection.json").mkdir()
    line = refused("run", "list", "--data", tmp_path, code=1, TMPDIR=str(tmp_path))
    assert line.startswith("neuroevo: unexpected IsADirectoryError: ")
    assert "Traceback" in Path(line.rsplit("details: ", 1)[1].rstrip(")")).read_text()


def test_a_reader_that_goes_ends_the_command_quietly(served: Up) -> None:
    import subprocess

    from tests.acceptance.conftest import PROGRAM, clean_environment

    with subprocess.Popen(
        [*PROGRAM, "run", "list", "--json", "--data", str(served.data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    ) as command:
        assert command.stdout
        assert command.stderr
        command.stdout.close()
        assert command.stderr.read() == ""
