"""How commands find the server."""

import json
import stat
from pathlib import Path

import pytest

from cli.connection import Connection, connection_file, find_connection, read_connection, write_connection
from cli.errors import NoServer

HERE = Connection("http://127.0.0.1:8080", "secret-token")


def test_the_file_says_url_and_token_to_its_owner_alone(tmp_path: Path) -> None:
    write_connection(tmp_path, HERE)
    path = connection_file(tmp_path)
    assert json.loads(path.read_text()) == {"url": "http://127.0.0.1:8080", "token": "secret-token"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["connection.json"]


def test_the_data_folder_says_where_the_server_is(tmp_path: Path) -> None:
    write_connection(tmp_path, HERE)
    assert find_connection(tmp_path, None, None) == HERE
    assert find_connection(tmp_path, None, "other") == Connection(HERE.url, "other")


def test_a_named_server_wins_and_lends_the_folders_token_if_it_is_that_one(tmp_path: Path) -> None:
    write_connection(tmp_path, HERE)
    assert find_connection(tmp_path, "http://far:9/", "t") == Connection("http://far:9", "t")
    assert find_connection(tmp_path, HERE.url, None) == HERE


def test_no_token_is_sent_to_another_server(tmp_path: Path) -> None:
    write_connection(tmp_path, HERE)
    with pytest.raises(NoServer, match="a token is needed for http://far:9"):
        find_connection(tmp_path, "http://far:9", None)


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"url": "http://h:1"}'])
def test_without_a_whole_file_the_error_says_what_to_do(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        connection_file(tmp_path).write_text(text)
    assert read_connection(tmp_path) is None
    with pytest.raises(NoServer, match="start one with `neuroevo up`"):
        find_connection(tmp_path, None, None)
