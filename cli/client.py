"""The server's REST interface as the commands use it."""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, BinaryIO, Self

import httpx2

from cli.connection import HOW_TO_FIND, Connection
from cli.errors import NoServer, Refused

CONNECT_SECONDS = 5.0
PIECE = 2**20
ANSWER_SECONDS = 60.0
"""Creating a run may wait for a worker to describe its environment."""


class Server:
    """A server that answers, or a clear error. To be used in a `with` block."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        try:
            self._client = httpx2.Client(
                base_url=f"{connection.url}/api/v1/",
                headers={"Authorization": f"Bearer {connection.token}"},
                timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
                trust_env=not _is_local(connection.url),
            )
        except (httpx2.InvalidURL, ValueError) as error:
            raise NoServer(f"{connection.url} is no address ({error}): write it like http://host:8080") from None

    def get(self, path: str, **query: Any) -> Any:
        """The JSON that GET gives; query parameters that are None are left out.

        Raises:
            NoServer: no answer.
            Refused: an error as answer.
        """
        return self._request("GET", path, params={name: value for name, value in query.items() if value is not None})

    def post(self, path: str, body: Any = None) -> Any:
        """The JSON that POST gives. Raises as `get`."""
        return self._request("POST", path, json=body)

    def link(self) -> str:
        """The dashboard's address, with a code in it that lets one browser in. Raises as `get`."""
        return f"{self.connection.url}{self.post('tokens/links', {})['path']}"

    def delete(self, path: str) -> None:
        """Raises as `get`."""
        self._request("DELETE", path)

    def fetch(self, path: str, to: BinaryIO) -> None:
        """Writes what GET gives to `to`, however long. Raises as `get`."""
        try:
            with self._client.stream("GET", path) as response:
                if not response.is_success:
                    response.read()
                    raise Refused(_complaint(response))
                to.writelines(response.iter_raw())
        except httpx2.TransportError as error:
            raise NoServer(f"{self.connection.url} broke off ({_reason(error)}): {HOW_TO_FIND}") from None

    def send(self, path: str, content: BinaryIO, kind: str) -> Any:
        """The JSON that POST of a file of the media type `kind` gives. Raises as `get`."""
        parts = iter(lambda: content.read(PIECE), b"")
        return self._request("POST", path, content=parts, headers={"Content-Type": kind}, timeout=None)

    def every(self, path: str, **query: Any) -> Iterator[Any]:
        """The items of all pages. Raises as `get`."""
        cursor = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def clock_offset(self) -> float:
        """Seconds by which the server's clock is ahead of this machine's, to about a second. Raises as `get`."""
        date = self._send("GET", f"{self.connection.url}/healthz").headers.get("Date")
        return parsedate_to_datetime(date).timestamp() - time.time() if date else 0.0

    def is_ready(self) -> bool:
        """Whether the server leads and its database answers. Raises nothing."""
        try:
            return bool(self._client.get(f"{self.connection.url}/readyz").is_success)
        except httpx2.TransportError:
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def _request(self, method: str, path: str, **options: Any) -> Any:
        response = self._send(method, path, **options)
        return response.json() if response.content else None

    def _send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        try:
            response = self._client.request(method, path, **options)
        except httpx2.TransportError as error:
            raise NoServer(f"no server answers at {self.connection.url} ({_reason(error)}): {HOW_TO_FIND}") from None
        if not response.is_success:
            raise Refused(_complaint(response))
        return response


def _is_local(url: str) -> bool:
    """Whether a proxy of the environment must not come between."""
    return httpx2.URL(url).host in {"127.0.0.1", "localhost", "::1"}


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _complaint(response: httpx2.Response) -> str:
    """A problem document in one line."""
    if response.status_code == 401:
        return "the server does not accept this token: take one that `neuroevo token create` made"
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        return f"{response.url} answered {response.status_code} {response.reason_phrase}: is this the right server?"
    fields = "; ".join(f"{error['field']}: {error['message']}" for error in problem.get("errors") or [])
    parts = [problem.get("detail") or problem.get("title"), fields]
    return ": ".join(str(part) for part in parts if part) or f"the server answered {response.status_code}"
