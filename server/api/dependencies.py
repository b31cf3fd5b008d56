"""What the routes are given."""

from typing import Annotated, cast

from fastapi import Depends, Path, Query
from starlette.requests import HTTPConnection

from server.service.errors import NotFound
from server.service.keyring import Keyring
from server.service.master import Master
from server.service.names import short_id
from server.service.tokens import Tokens
from server.settings import Settings

MAX_PAGE = 500


async def _master(connection: HTTPConnection) -> Master:
    return cast(Master, connection.app.state.master)


async def _settings(connection: HTTPConnection) -> Settings:
    return cast(Settings, connection.app.state.settings)


async def _keyring(connection: HTTPConnection) -> Keyring:
    return cast(Keyring, connection.app.state.keyring)


async def _tokens(connection: HTTPConnection) -> Tokens:
    return cast(Tokens, connection.app.state.tokens)


async def _run_id(
    id: Annotated[
        str,
        Path(
            min_length=1,
            max_length=200,
            description="A run's id, alone or after its name.",
            examples=["k3f9x2", "brave-otter-k3f9x2"],
        ),
    ],
) -> str:
    found = short_id(id)
    if not found.isprintable():  # Postgres stores no NUL and would refuse the question.
        raise NotFound(f"There is no run {found!r}.")
    return found


MasterDep = Annotated[Master, Depends(_master)]
SettingsDep = Annotated[Settings, Depends(_settings)]
KeyringDep = Annotated[Keyring, Depends(_keyring)]
TokensDep = Annotated[Tokens, Depends(_tokens)]
RunId = Annotated[str, Depends(_run_id)]
Cursor = Annotated[
    str | None, Query(max_length=200, description="The field next_cursor of the page before; absent: the first page.")
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Most items of a page.")]
