"""`neuroevo run export` and `run import`: a run moves, whole, between servers."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import DEFAULT_DATA, Data, Json, RunName, ServerUrl, Token

GZIP = "application/gzip"
Out = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", show_default=False, help="File to write; else the run's id with .run.gz."),
]
Source = Annotated[Path, typer.Argument(metavar="FILE", help="What `neuroevo run export` wrote.")]


def export_run(
    run: RunName, out: Out = None, data: Data = DEFAULT_DATA, server: ServerUrl = None, token: Token = None
) -> None:
    """Write a run whole into a file: another server goes on from it with the same outcome."""
    from urllib.parse import quote

    from cli.client import Server
    from cli.connection import find_connection
    from cli.errors import BadInput

    with Server(find_connection(data, server, token)) as master:
        id = master.get(f"runs/{quote(run, safe='')}")["id"]
        file = out or Path(f"{id}.run.gz")
        # Under another name first: what is there under this one is whole.
        unfinished = file.with_name(f"{file.name}.unfinished")
        try:
            with unfinished.open("wb") as content:
                master.fetch(f"runs/{id}/export", content)
            unfinished.replace(file)
        except OSError as error:
            raise BadInput(f"{file} cannot be written: {error.strerror}") from None
        finally:
            unfinished.unlink(missing_ok=True)
    typer.echo(f"{file} written: {file.stat().st_size:,} bytes")


def import_run(
    file: Source, data: Data = DEFAULT_DATA, server: ServerUrl = None, token: Token = None, as_json: Json = False
) -> None:
    """Take in a run that was exported. It waits, paused, where it stood."""
    from cli.client import Server
    from cli.connection import find_connection
    from cli.errors import BadInput
    from cli.output import print_json

    try:
        with file.open("rb") as content, Server(find_connection(data, server, token)) as master:
            run = master.send("runs/imports", content, GZIP)
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None
    if as_json:
        print_json(run)
    else:
        advice = f": neuroevo run resume {run['id']}" if run["state"] == "paused" else ""
        typer.echo(f"{run['name']} imported, {run['state']} at generation {run['generation']}{advice}")
