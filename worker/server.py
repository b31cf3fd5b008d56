"""The server as the worker sees it: four requests over HTTP."""

from types import TracebackType
from typing import Self, TypeVar

import httpx2
from pydantic import ValidationError

from evolution.messages import PROTOCOL, BatchReply, BatchRequest, ExtendReply, ExtendRequest, ReleaseRequest
from evolution.model import Value

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
"""An empty request is held by the server for up to 20 s."""

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
FORBIDDEN = 403
UNAUTHORIZED = frozenset({401, FORBIDDEN})
OTHER_PROTOCOL = 426
AGAIN = frozenset({408, 425, 429})

ReplyType = TypeVar("ReplyType", bound=Value)


class ServerUnreachable(ConnectionError):
    """No usable answer: the server is away, restarting or does not lead. Ask again later."""


class Refused(Exception):
    """The server will never take this worker as it is: asking again is no use. The message says what to do."""


class WrongToken(Refused):
    """The server does not accept the token: pass the one that it was started with."""


class OtherProtocol(Refused):
    """Server and worker speak different versions of the protocol: install one version of neuroevo on both."""


class Server:
    """A connection to the server, to be used in an `async with` block."""

    def __init__(self, url: str, token: str | None) -> None:
        """Raises: Refused: `url` is no address."""
        try:
            host = httpx2.URL(url).host
            self._client = httpx2.AsyncClient(
                base_url=f"{url.rstrip('/')}/api/v1/",
                headers={"Authorization": f"Bearer {token}"} if token else {},
                timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
                trust_env=host not in LOCAL_HOSTS,
            )
        except (httpx2.InvalidURL, ValueError) as error:
            raise Refused(f"{url} is no address ({error}): write it like http://host:8080") from None
        if not host or not url.startswith(("http://", "https://")):
            raise Refused(f"{url} is no address: write it like http://host:8080")
        self.url = url

    async def exchange(self, request: BatchRequest) -> BatchReply:
        """Submits results and asks for work.

        Raises:
            ServerUnreachable: nothing is known to be committed.
            Refused: WrongToken, OtherProtocol, or the server takes no such request.
        """
        return self._read(BatchReply, await self._post("batches", request))

    async def extend(self, request: ExtendRequest) -> ExtendReply:
        """Keeps leases alive. Raises as `exchange`."""
        return self._read(ExtendReply, await self._post("batches/extend", request))

    async def release(self, request: ReleaseRequest) -> None:
        """Hands leases back. Raises as `exchange`."""
        await self._post("batches/release", request)

    async def put(self, path: str, kind: str, content: bytes) -> None:
        """Stores a file of the media type `kind`. Raises as `exchange`."""
        await self._send("PUT", path, content, kind)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def _post(self, path: str, body: Value) -> httpx2.Response:
        return await self._send("POST", path, body.model_dump_json().encode(), "application/json")

    async def _send(self, method: str, path: str, content: bytes, kind: str) -> httpx2.Response:
        try:
            response = await self._client.request(method, path, content=content, headers={"Content-Type": kind})
        except httpx2.TransportError as error:
            raise ServerUnreachable(str(error) or type(error).__name__) from None
        if not response.is_success:
            raise self._complaint(response)
        return response

    def _complaint(self, response: httpx2.Response) -> Refused | ServerUnreachable:
        status, said = response.status_code, _said(response)
        if status == FORBIDDEN and said:
            return WrongToken(f"the server at {self.url} does not accept the token: {said}")
        if status in UNAUTHORIZED:
            return WrongToken(
                f"the server at {self.url} does not accept the token: pass the one that it was started with, as "
                "--token or NEUROEVO_TOKEN (`neuroevo up` keeps it in DATA/connection.json)"
            )
        if status == OTHER_PROTOCOL:
            return OtherProtocol(said or f"this worker speaks protocol {PROTOCOL}, the server another one")
        if status >= 500 or status in AGAIN:
            return ServerUnreachable(f"{status} {said}".strip())
        return Refused(f"{self.url} answered {status}{f': {said}' if said else ''}: is this the right server?")

    def _read(self, kind: type[ReplyType], response: httpx2.Response) -> ReplyType:
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            raise OtherProtocol(
                f"the answer of {self.url} is not what a worker of protocol {PROTOCOL} understands "
                f"({error.error_count()} errors): install the server's version of neuroevo"
            ) from None


def _said(response: httpx2.Response) -> str:
    """The detail of a problem document, or nothing."""
    try:
        problem = response.json()
    except ValueError:
        return ""
    return str(problem.get("detail") or problem.get("title") or "") if isinstance(problem, dict) else ""
