"""`neuroevo worker …`: those who play."""

import sys
from typing import Annotated

import typer

from cli.options import DEFAULT_DATA, Data, EnvironmentModules, LogFormat, LogLevel, ServerUrl, Token, core_hour_price

CoreHourPrice = Annotated[float | None, core_hour_price(", US dollars; else as the server is set.")]

app = typer.Typer(help="Workers: they rebuild networks from seed chains and play episodes.", rich_markup_mode=None)


@app.command("start")
def start_worker(
    server: ServerUrl = None,
    token: Token = None,
    slots: Annotated[
        int | None,
        typer.Option(
            "--slots",
            envvar="NEUROEVO_SLOTS",
            min=1,
            max=4096,
            help="Evaluation processes; else what the cgroup allows.",
        ),
    ] = None,
    modules: EnvironmentModules = None,
    name: Annotated[
        str | None, typer.Option("--name", envvar="NEUROEVO_NAME", help="Name for people; else host and a number.")
    ] = None,
    parents_memory: Annotated[
        int | None,
        typer.Option(
            "--parents-memory",
            envvar="NEUROEVO_PARENTS_MEMORY",
            metavar="MB",
            min=0,
            max=1_000_000,
            help="Memory for its parents' networks, at most; else a quarter of the machine's, up to 1,074 MB. "
            "Of several workers on one machine give each its part, as `up` does.",
        ),
    ] = None,
    spot: Annotated[
        bool,
        typer.Option(
            "--spot",
            envvar="NEUROEVO_SPOT",
            help="The machine may be taken away at any time: SIGTERM counts as preemption.",
        ),
    ] = False,
    core_hour_price: CoreHourPrice = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Start a worker. SIGTERM or Ctrl-C makes it hand back what it holds and leave within 10 s."""
    import logging
    import signal

    # What is imported below takes a second, and a container's first process is deaf to SIGTERM unless it says so.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    from cli.connection import find_connection
    from cli.errors import BadInput
    from worker.allowance import MEGABYTE
    from worker.journal import LogStyle
    from worker.main import Machine, run_worker

    level = logging.getLevelNamesMapping().get((log_level or "info").upper())
    if level is None:
        raise BadInput(f"--log-level (NEUROEVO_LOG_LEVEL) {log_level}: there are debug, info, warning and error")
    connection = find_connection(data, server, token)
    parents_bytes = None if parents_memory is None else parents_memory * MEGABYTE
    raise typer.Exit(
        run_worker(
            connection.url,
            connection.token,
            slots,
            modules or [],
            name,
            parents_bytes,
            LogStyle(level, log_format or "text"),
            Machine(spot, core_hour_price),
        )
    )
