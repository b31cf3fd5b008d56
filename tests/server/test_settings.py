"""Settings and log lines."""

import json
import logging

import pytest

from server.logs import configure_logs
from server.service.keys import draw_secret
from server.settings import BadSettings, Settings, read_settings

URL = "postgresql://me:s3cret%2Fword@host/name"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROEVO_DATABASE_URL", URL)
    monkeypatch.setenv("NEUROEVO_PORT", "9090")
    monkeypatch.setenv("NEUROEVO_TOKEN", "")

    settings = read_settings()

    assert settings.database_url.get_secret_value() == URL
    assert settings.port == 9090
    assert settings.token_was_drawn
    assert len(settings.token.get_secret_value()) > 40


def test_options_go_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROEVO_PORT", "9090")

    settings = read_settings(database_url=URL, port=7070, host=None, token="12345678")

    assert (settings.port, settings.host, settings.token_was_drawn) == (7070, "127.0.0.1", False)


def test_each_wrong_setting_is_named_with_its_variable_and_its_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEUROEVO_DATABASE_URL", raising=False)

    with pytest.raises(BadSettings) as error:
        read_settings(port=99_999, log_format="xml")

    for text in ("NEUROEVO_DATABASE_URL (--database-url)", "NEUROEVO_PORT", "NEUROEVO_LOG_FORMAT"):
        assert text in str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "postgresql://me:s3cret@host:port/name",
        "postgresql://me:s3cret@host:0/name",
        "postgresql://me:s3cret@host:65536/name",
        "postgresql://me:s3cret@[::1/name",
        "mysql://me:s3cret@host/name",
        "host:5432/name",
    ],
)
def test_what_is_no_database_address_is_refused_with_an_example_and_without_its_password(url: str) -> None:
    with pytest.raises(BadSettings) as error:
        read_settings(database_url=url)

    assert str(error.value).startswith("NEUROEVO_DATABASE_URL (--database-url): This is no address of a Postgres")
    assert "postgresql://user:password@host:5432/name" in str(error.value)
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    "url",
    [URL, "postgres://host/name", "postgresql+psycopg://host/name", "postgresql:///name?host=/tmp", "postgresql://"],
)
def test_each_way_to_write_a_database_address_is_taken(url: str) -> None:
    assert read_settings(database_url=url).database_url.get_secret_value() == url


def test_settings_never_change_and_show_no_secret() -> None:
    settings = Settings(database_url=URL, token="12345678")

    assert Settings.model_config["frozen"]
    assert "s3cret" not in repr(settings)
    assert "12345678" not in repr(settings)


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "http://127.0.0.1:8080"), ("::1", "http://[::1]:8080"), ("0.0.0.0", "http://127.0.0.1:8080")],
)
def test_the_dashboards_address_is_one_that_this_machine_can_open(host: str, address: str) -> None:
    assert Settings(database_url=URL, token="12345678", host=host).address(8080) == address


@pytest.mark.parametrize(
    ("host", "is_local"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.2", False), ("leader", False)],
)  # fmt: skip
def test_what_listens_beyond_loopback_is_known(host: str, is_local: bool) -> None:
    assert Settings(database_url=URL, host=host).is_local == is_local


@pytest.mark.parametrize("variable", ["NEUROEVO_ALLOWED_HOSTS", "NEUROEVO_PROXIES"])
def test_what_names_no_host_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "http://leader/")

    with pytest.raises(BadSettings, match=variable):
        read_settings(database_url=URL)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_log_line_holds_the_token_or_the_databases_password(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"database_url": URL, "token": "12345678", "worker_token": "87654321", "log_format": log_format}
    configure_logs(Settings.model_validate(given))
    stored = draw_secret()
    logging.getLogger("any").info("the worker's is 87654321")
    try:
        int("connecting with s3cret/word")
    except ValueError:
        logging.getLogger("any").exception("GET /?token=12345678 password=s3cret%%2Fword %s", stored)

    lines = capsys.readouterr().err
    assert "ValueError" in lines
    for secret in ("12345678", "87654321", "s3cret/word", "s3cret%2Fword", stored):
        assert secret not in lines


def test_what_others_write_forges_no_line_of_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(database_url=URL, token="12345678"))

    logging.getLogger("any").info("name=%s", "x\nroot: all is well\x1b[2J é")

    assert capsys.readouterr().err.endswith("name=x\\nroot: all is well\\x1b[2J é\n")


def test_json_lines_are_objects_with_time_level_and_message(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(database_url=URL, token="12345678", log_format="json"))

    logging.getLogger("server").info('action=test name="x"')

    line = json.loads(capsys.readouterr().err)
    assert line["time"].endswith("+00:00")
    assert (line["level"], line["logger"], line["message"]) == ("info", "server", 'action=test name="x"')


@pytest.mark.parametrize(
    ("message", "given", "told"),
    [
        (
            "action=run.%s run=%s results=%d reason=no such run",
            ("pause", "k3f9x2", 3),
            {"action": "run.pause", "run": "k3f9x2", "results": 3, "reason": "no such run"},
        ),
        ("action=a reason=%s run=%s", ("x run=forged y", "k"), {"action": "a", "reason": "x run=forged y", "run": "k"}),
        ("action=server.exposed host=%s Others listen.", ("::",), {"action": "server.exposed", "host": "::"}),
        ("action=database.unsafe %s", ("fsync=off loses",), {"action": "database.unsafe"}),
        ("another's 100%% of x=%s", ("1",), {}),
        ("another's x=1 100%", (), {}),
    ],
)
def test_json_lines_have_action_and_ids_as_members_whatever_values_hold(
    capsys: pytest.CaptureFixture[str], message: str, given: tuple[object, ...], told: dict[str, object]
) -> None:
    configure_logs(Settings(database_url=URL, token="12345678", log_format="json"))

    logging.getLogger("server").info(message, *given)

    line = json.loads(capsys.readouterr().err)
    assert line["message"] == (message % given if given else message)
    assert {name: value for name, value in line.items() if name not in {"time", "level", "logger", "message"}} == told


def test_requests_of_the_web_server_and_statements_are_not_logged_even_at_debug() -> None:
    configure_logs(Settings(database_url=URL, token="12345678", log_level="debug"))

    for name in ("uvicorn.error", "websockets", "sqlalchemy.engine"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)
