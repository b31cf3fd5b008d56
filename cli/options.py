"""The options that several commands share. Each has its environment variable."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer


def _check_database_url(url: str | None) -> str | None:
    if url is not None:
        from cli.errors import BadInput
        from server.settings import parse_database_url

        try:
            parse_database_url(url)
        except ValueError as error:
            raise BadInput(f"--database-url (NEUROEVO_DATABASE_URL): {error}") from None
    return url


Json = Annotated[bool, typer.Option("--json", envvar="NEUROEVO_JSON", help="Print JSON.")]
Data = Annotated[
    Path, typer.Option("--data", envvar="NEUROEVO_DATA", metavar="DIR", help="Folder of the database, logs and link.")
]
ServerUrl = Annotated[
    str | None,
    typer.Option(
        "--server", envvar="NEUROEVO_SERVER", metavar="URL", help="Server; else the one of the data folder's `up`."
    ),
]
Token = Annotated[
    str | None, typer.Option("--token", envvar="NEUROEVO_TOKEN", metavar="TOKEN", help="What the server asks for.")
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        envvar="NEUROEVO_DATABASE_URL",
        metavar="URL",
        callback=_check_database_url,
        help="postgresql://…; else the embedded Postgres in the data folder.",
    ),
]
Host = Annotated[str, typer.Option("--host", envvar="NEUROEVO_HOST", help="Address to listen on.")]
Port = Annotated[
    int, typer.Option("--port", envvar="NEUROEVO_PORT", min=0, max=65535, help="TCP port; 0: any free one.")
]
EnvironmentModules = Annotated[
    list[str] | None,
    typer.Option(
        "--env-module",
        envvar="NEUROEVO_ENV_MODULE",
        metavar="MODULE",
        help="Python module that registers environments of your own. May be given several times.",
    ),
]
LogLevel = Annotated[
    str | None,
    typer.Option("--log-level", envvar="NEUROEVO_LOG_LEVEL", help="debug, info, warning or error."),
]
LogFormat = Annotated[
    Literal["text", "json"] | None,
    typer.Option(
        "--log-format", envvar="NEUROEVO_LOG_FORMAT", help="text, or json: one object an event, with `action` and ids."
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        envvar="NEUROEVO_SET",
        metavar="KEY=VALUE",
        help="A field of the configuration, dotted, its value as JSON: --set budget.generations=20. Repeatable.",
    ),
]


def core_hour_price(use: str) -> Any:
    """The option of a price; `use`: what it is for, which ends its help."""
    return typer.Option(
        "--core-hour-price",
        envvar="NEUROEVO_CORE_HOUR_PRICE",
        metavar="DOLLARS",
        min=0,
        max=1000,
        help=f"What an hour of one core of this machine costs{use}",
    )


RunName = Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or name-id as in its page's address.")]

DEFAULT_DATA = Path("data")
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8080
