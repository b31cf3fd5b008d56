"""`neuroevo token …`: who may ask the server, and links that let a browser in."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, cast

import typer

from cli.errors import BadInput
from cli.options import DEFAULT_DATA, DEFAULT_PORT, Data, DatabaseUrl, Json, ServerUrl, Token

if TYPE_CHECKING:
    from cli.client import Server
    from evolution.model import Value
    from server.service.tokens import Tokens
    from server.token_views import Role

app = typer.Typer(
    help="Who may ask the server: tokens of viewers, operators and workers; links for browsers.", rich_markup_mode=None
)

ROLES = ("viewer", "operator", "worker")
RoleName = Annotated[
    str,
    typer.Option(
        "--role",
        envvar="NEUROEVO_ROLE",
        metavar="ROLE",
        help="viewer: looks; operator: does everything; worker: claims and reports work.",
    ),
]
TokenId = Annotated[str, typer.Argument(metavar="ID", help="The token's id, as `token list` shows it.")]


class Place(NamedTuple):
    """Where the tokens are: a server, or the database that it keeps them in."""

    data: Path
    server: str | None
    token: str | None
    database_url: str | None


@app.command("create")
def create_token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is, or what for.")],
    role: RoleName,
    days: Annotated[
        int | None,
        typer.Option("--days", envvar="NEUROEVO_DAYS", min=1, max=3650, help="Its life; else until it is revoked."),
    ] = None,
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Make a token and show its secret, this once."""
    wanted = _role(role)
    body = {"name": name, "role": wanted} | ({"days": days} if days else {})
    made = _ask(
        Place(data, server, token, database_url),
        lambda master: master.post("tokens", body),
        lambda tokens: tokens.create(_name(name), wanted, days),
    )
    _show_secret(made, as_json)


@app.command("list")
def list_tokens(
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """List the tokens, and the browsers that were let in, newest first."""
    from cli.output import print_json, table

    found = _ask(
        Place(data, server, token, database_url),
        lambda master: master.get("tokens")["items"],
        lambda tokens: tokens.list(),
    )
    if as_json:
        print_json(found)
    elif found:
        header = ("id", "kind", "name", "role", "state", "created", "expires", "used")
        moments = ("created_at", "expires_at", "used_at")
        rows = [(*(each[key] for key in header[:5]), *(_moment(each[key]) for key in moments)) for each in found]
        typer.echo(table(header, rows))
    else:
        typer.echo("no tokens but the server's own: neuroevo token create NAME --role viewer")


@app.command("revoke")
def revoke_token(
    id: TokenId,
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make a token, and the browsers that it let in, open nothing any more."""
    place = Place(data, server, token, database_url)
    _ask(place, lambda master: master.delete(f"tokens/{_path(id)}"), lambda tokens: tokens.revoke(id))
    typer.echo(f"{id} is revoked")


@app.command("rotate")
def rotate_token(
    id: TokenId,
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Give a token another secret and show it, this once; the old one opens nothing any more."""
    renewed = _ask(
        Place(data, server, token, database_url),
        lambda master: master.post(f"tokens/{_path(id)}/rotate"),
        lambda tokens: tokens.rotate(id),
    )
    _show_secret(renewed, as_json)


@app.command("link")
def make_link(
    role: RoleName = "operator",
    url: Annotated[
        str | None,
        typer.Option(
            "--url", envvar="NEUROEVO_URL", metavar="URL", help="The server's address as the browser will see it."
        ),
    ] = None,
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Print a link that lets one browser in, once, within ten minutes.

    Where there is no server to ask, as in a container of its own, the database is enough: NEUROEVO_DATABASE_URL.
    """
    from cli.output import print_json

    wanted, place = _role(role), Place(data, server, token, database_url)
    made = _ask(
        place, lambda master: master.post("tokens/links", {"role": wanted}), lambda tokens: tokens.make_link(wanted)
    )
    link = f"{(url or _address(place)).rstrip('/')}{made['path']}"
    if as_json:
        print_json({"link": link, "role": made["role"], "expires_at": made["expires_at"]})
    else:
        typer.echo(link)
        typer.echo("It lets one browser in, once, within ten minutes.", err=True)


def _ask(place: Place, rest: "Callable[[Server], Any]", direct: "Callable[[Tokens], Awaitable[Any]]") -> Any:
    """What the server answers; where none is named or runs here, what the database gives."""
    from cli.client import Server
    from cli.connection import find_connection, read_connection

    if place.database_url and place.server is None and read_connection(place.data) is None:
        return _ask_database(place.database_url, direct)
    with Server(find_connection(place.data, place.server, place.token)) as master:
        return rest(master)


def _ask_database(url: str, ask: "Callable[[Tokens], Awaitable[Any]]") -> Any:
    import asyncio

    from cli.databases import DatabaseNotUpgraded, upgrade_to_this_release
    from cli.errors import Refused
    from server.service.clock import SystemClock
    from server.service.tokens import Tokens
    from server.storage.database import Storage
    from server.storage.errors import DatabaseUnavailable

    async def answer() -> Any:
        storage = Storage(url, connections=1)
        try:
            return _plain(await ask(Tokens(storage.reading, storage.unfenced, SystemClock())))
        finally:
            await storage.close()

    upgrade_to_this_release(url)
    try:
        return asyncio.run(answer())
    except DatabaseUnavailable as error:
        raise DatabaseNotUpgraded(str(error)) from None
    except _refusals() as error:
        raise Refused(str(error)) from None


def _refusals() -> tuple[type[Exception], ...]:
    from server.service.errors import Conflict, NotFound

    return Conflict, NotFound


def _plain(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_plain(each) for each in answer]
    return None if answer is None else cast("Value", answer).model_dump(mode="json")


def _role(text: str) -> "Role":
    if text not in ROLES:
        raise BadInput(f"--role {text}: there are {', '.join(ROLES)}")
    return cast("Role", text)


def _name(text: str) -> str:
    from pydantic import TypeAdapter, ValidationError

    from server.service.labels import TokenName

    try:
        return str(TypeAdapter(TokenName).validate_python(text))
    except ValidationError:
        raise BadInput(f"{text!r} is no name: give 1 to 100 characters that can be shown") from None


def _path(id: str) -> str:
    from urllib.parse import quote

    return quote(id, safe="")


def _address(place: Place) -> str:
    from cli.connection import read_connection

    local = read_connection(place.data)
    return place.server or (local.url if local else f"http://127.0.0.1:{DEFAULT_PORT}")


def _moment(text: str | None) -> str:
    from cli.output import MISSING

    return text[:16].replace("T", " ") if text else MISSING


def _show_secret(token: Any, as_json: bool) -> None:
    from cli.output import print_json

    if as_json:
        print_json(token)
        return
    typer.echo(token["secret"])
    typer.echo(
        f"{token['id']} ({token['name']}, {token['role']}): keep this secret now, nobody can show it again.", err=True
    )
