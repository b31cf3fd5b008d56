"""`neuroevo up`: server, database and workers on this machine, kept alive until Ctrl-C."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import (
    DEFAULT_DATA,
    DEFAULT_HOST,
    DEFAULT_PORT,
    Data,
    DatabaseUrl,
    EnvironmentModules,
    Host,
    Port,
)

TOKEN_BYTES = 32


def up(
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", envvar="NEUROEVO_WORKERS", min=0, max=4096, help="Workers; else one for each usable core."
        ),
    ] = None,
    port: Port = DEFAULT_PORT,
    host: Host = DEFAULT_HOST,
    data: Data = DEFAULT_DATA,
    preset: Annotated[
        str,
        typer.Option(
            "--preset",
            envvar="NEUROEVO_PRESET",
            help="The run to start where none goes on: laptop, quick, paper or cshenton.",
        ),
    ] = "laptop",
    new: Annotated[
        bool, typer.Option("--new", envvar="NEUROEVO_NEW", help="Start another run even if there is one.")
    ] = False,
    database_url: DatabaseUrl = None,
    modules: EnvironmentModules = None,
) -> None:
    """Start the platform on this machine and make sure that a run is going. Ctrl-C stops everything in order.

    The next start on the same data folder goes on with the newest run that has not ended; a paused one stays paused.
    One that the workers' engine cannot play, as after an upgrade, is passed over, and a run of the preset is started.
    Where all have ended, it shows the newest if that played what the preset does, and else starts a run of the preset.
    """
    import asyncio
    import os

    from cli import lock, ports
    from cli.errors import BadInput
    from cli.household import Plan
    from cli.progress import Screen
    from cli.supervision import Supervision
    from evolution.configuration import PRESETS

    if preset not in PRESETS:
        raise BadInput(f"--preset {preset}: there are {', '.join(PRESETS)}")
    folder = data.resolve()
    with lock.held(folder) as own:
        token = os.environ.get("NEUROEVO_TOKEN") or _kept_token(folder / "token")
        plan = Plan(
            data=folder,
            host=host,
            port=ports.free_port(host, port),
            token=token,
            workers=_default_slots() if workers is None else workers,
            database_url=database_url,
            environment_modules=modules or [],
            worker_token=os.environ.get("NEUROEVO_WORKER_TOKEN") or _kept_token(folder / "worker-token"),
        )
        asyncio.run(Supervision(plan, own, Screen()).run(preset, new=new))


def _kept_token(path: Path) -> str:
    """The token of the last start, so that who has it stays let in; a new one at the first."""
    import secrets

    from cli.connection import write_private
    from cli.errors import BadInput

    try:
        if path.exists() and (token := path.read_text().strip()):
            return token
        token = secrets.token_urlsafe(TOKEN_BYTES)
        write_private(path, f"{token}\n")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}; it must be yours to read and write") from None
    return token


def _default_slots() -> int:
    from worker.slots import default_slots

    return default_slots()
