"""A database in trouble under a living server: the page says what is the matter and what to do, until it is mended."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from cli.postgres import EmbeddedPostgres
from migrations.upgrade import upgrade
from tests.acceptance.processes import children_of, until
from tests.browser.conftest import PATIENCE_SECONDS, Faults
from tests.browser.platform import TOKEN, Platform
from tests.browser.test_runs import LONG
from tests.conftest import FAST

Trouble = Callable[[EmbeddedPostgres], AbstractContextManager[None]]


@contextmanager
def paused(postgres: EmbeddedPostgres) -> Iterator[None]:
    """It stands still, connections and all."""
    postmaster = int((postgres.folder / "postmaster.pid").read_text().split()[0])
    frozen = [postmaster, *children_of(postmaster)]
    for process in frozen:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in reversed(frozen):
            os.kill(process, signal.SIGCONT)


@contextmanager
def away(postgres: EmbeddedPostgres) -> Iterator[None]:
    """It was stopped."""
    postgres.stop()
    try:
        yield
    finally:
        postgres.start()


@contextmanager
def read_only(postgres: EmbeddedPostgres) -> Iterator[None]:
    """It takes no writes."""
    set_read_only(postgres, "on")
    try:
        yield
    finally:
        set_read_only(postgres, "off")


def set_read_only(postgres: EmbeddedPostgres, value: str) -> None:
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}".encode())
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A Postgres that no other test uses."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("database"), FAST) as postgres:
        upgrade(postgres.url)
        yield postgres


@pytest.fixture(scope="module")
def troubled(database: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Server and worker on that database."""
    running = Platform(database.url, tmp_path_factory.mktemp("troubled"))
    try:
        running.await_worker()
        yield running
    finally:
        running.stop()


@pytest.fixture
def watcher(browser: Browser, troubled: Platform, faults: Faults) -> Iterator[Page]:
    """A page of a browser that was let in there."""
    faults.expect("503")
    context = browser.new_context(base_url=troubled.url)
    context.set_default_timeout(1000 * PATIENCE_SECONDS)
    context.add_cookies([{"name": f"neuroevo-{troubled.port}", "value": TOKEN, "url": troubled.url}])
    page = context.new_page()
    faults.watch(page, urlsplit(troubled.url).netloc)
    yield page
    context.close()
    troubled.delete_runs()


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("trouble", "words"), [(paused, "does not answer"), (away, "does not answer"), (read_only, "is read-only")]
)
def test_a_database_in_trouble_is_announced_until_it_is_mended(
    watcher: Page, troubled: Platform, database: EmbeddedPostgres, trouble: Trouble, words: str
) -> None:
    run = troubled.create_run(**LONG)
    watcher.goto(f"/runs/{run['id']}")
    closed = watcher.get_by_role("table", name="Generations and their elites").get_by_role("rowheader")
    expect(closed.first).to_be_visible()
    alert = watcher.get_by_role("alert").filter(has_text="Workers keep their results")
    expect(alert).to_be_hidden()
    with trouble(database):
        expect(alert).to_contain_text(f"The database {words}")
        expect(closed.first).to_be_visible()
        watcher.reload()
        expect(alert).to_contain_text(f"The database {words}")
    expect(alert).to_be_hidden()
    known = troubled.ask("GET", f"/runs/{run['id']}")["generation"]
    until(lambda: int(closed.first.inner_text()) > known, PATIENCE_SECONDS)
