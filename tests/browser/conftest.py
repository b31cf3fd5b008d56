"""A real Chromium on a real server with a real worker. Any fault in a page's console fails the test that saw it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.platform import TOKEN, Platform
from tests.conftest import TEMPLATE, Postgres

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
PATIENCE_SECONDS = 60.0
"""On a busy machine; who finds what it waits for waits no longer."""

expect.set_options(timeout=1000 * PATIENCE_SECONDS)


def chromium_path() -> str | None:
    """The Chromium to use: NEUROEVO_CHROMIUM, else the system's, else (None) Playwright's own."""
    chosen = os.environ.get("NEUROEVO_CHROMIUM")
    return chosen or (str(CHROMIUM) if CHROMIUM.exists() else None)


@pytest.fixture(scope="session")
def platform(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Server and worker, shared by all tests here."""
    database_url = postgres.create_database(TEMPLATE)
    running = Platform(database_url, tmp_path_factory.mktemp("platform"))
    try:
        running.await_worker()
        yield running
    finally:
        running.stop()
        postgres.drop_database(database_url)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Of the module: Playwright keeps an event loop, in which other tests could not run theirs."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        yield chromium
        chromium.close()


@contextmanager
def opened(browser: Browser, platform: Platform) -> Iterator[BrowserContext]:
    """A browser that the server does not know."""
    context = browser.new_context(
        base_url=platform.url,
        viewport={"width": 1280, "height": 900},
        color_scheme="light",
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(1000 * PATIENCE_SECONDS)
    yield context
    context.close()


@pytest.fixture
def stranger(browser: Browser, platform: Platform) -> Iterator[BrowserContext]:
    """A browser that the server does not know."""
    with opened(browser, platform) as context:
        yield context


@pytest.fixture
def context(stranger: BrowserContext, platform: Platform) -> Iterator[BrowserContext]:
    """A browser that was let in, on a server without runs."""
    stranger.add_cookies([{"name": f"neuroevo-{platform.port}", "value": TOKEN, "url": platform.url}])
    yield stranger
    platform.delete_runs()


class Faults:
    """What pages complained of. `expect`: parts of complaints that the test provokes."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._expected: list[str] = []

    def expect(self, *parts: str) -> None:
        """Let complaints pass that contain one of these."""
        self._expected += parts

    def watch(self, page: Page, host: str) -> None:
        """Collect errors and warnings of its console, its uncaught errors and its requests to other hosts."""

        def hear(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                self._found.append(message.text)

        page.on("console", hear)
        page.on("pageerror", lambda error: self._found.append(f"uncaught: {error}"))
        page.on("request", lambda request: self._look_at(request.url, host))
        page.on("websocket", lambda socket: self._look_at(socket.url, host))

    def _look_at(self, url: str, host: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"data", "blob"} and parts.netloc != host:
            self._found.append(f"foreign: {url}")

    @property
    def unexpected(self) -> list[str]:
        """Complaints that nobody provoked."""
        return [fault for fault in self._found if not any(part in fault for part in self._expected)]


@pytest.fixture
def faults() -> Iterator[Faults]:
    """Fails the test if a page complained."""
    collected = Faults()
    yield collected
    assert collected.unexpected == []


@pytest.fixture
def page(context: BrowserContext, faults: Faults, platform: Platform) -> Page:
    """A page of a browser that was let in."""
    opened = context.new_page()
    faults.watch(opened, urlsplit(platform.url).netloc)
    return opened


@pytest.fixture
def viewer(browser: Browser, faults: Faults, platform: Platform) -> Iterator[Page]:
    """A page of another browser, which was let in to look and change nothing."""
    with opened(browser, platform) as context:
        page = context.new_page()
        faults.watch(page, urlsplit(platform.url).netloc)
        page.goto(platform.ask("POST", "/tokens/links", {"role": "viewer"})["path"])
        expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
        # Pages are left before their websocket has opened.
        faults.expect("WebSocket is closed before the connection is established")
        yield page
