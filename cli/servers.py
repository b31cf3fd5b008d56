"""`neuroevo server …`: the master."""

from typing import Annotated

import typer

from cli.errors import BadInput
from cli.options import DatabaseUrl, LogFormat, LogLevel, Token

app = typer.Typer(help="The server: runs, selection, storage, dashboard.", rich_markup_mode=None)


@app.command("start")
def start_server(
    database_url: DatabaseUrl = None,
    host: Annotated[str | None, typer.Option("--host", envvar="NEUROEVO_HOST", help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", envvar="NEUROEVO_PORT", min=0, max=65535, help="TCP port; 0: any free one.")
    ] = None,
    token: Token = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Start the server on a Postgres database; `neuroevo up` brings its own."""
    from server.main import run_server
    from server.settings import BadSettings, read_settings

    try:
        settings = read_settings(
            database_url=database_url, host=host, port=port, token=token, log_level=log_level, log_format=log_format
        )
    except BadSettings as error:
        raise BadInput(str(error)) from None
    raise typer.Exit(run_server(settings))
