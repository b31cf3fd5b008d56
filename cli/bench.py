"""`neuroevo bench …`: how fast this machine is at the work."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import BadInput, CommandError
from cli.options import Json, core_hour_price

if TYPE_CHECKING:
    from benchmarks.chains import ImageName
    from benchmarks.report import Wish

app = typer.Typer(help="Measurements of this machine.", rich_markup_mode=None)

SHORTEST_SECONDS = 1.0
DEFAULT_SECONDS = 240.0
DEFAULT_GAME = "ALE/Frostbite-v5"


Seconds = Annotated[
    float,
    typer.Option(
        "--seconds",
        envvar="NEUROEVO_SECONDS",
        min=SHORTEST_SECONDS,
        help="How long to measure in all; what is prepared before comes on top.",
    ),
]
Architectures = Annotated[
    list[str] | None,
    typer.Option(
        "--architecture",
        envvar="NEUROEVO_ARCHITECTURE",
        metavar="NAME",
        help="nature-dqn or uber-large; else both. Repeatable.",
    ),
]
Peers = Annotated[
    bool, typer.Option("--peers/--no-peers", envvar="NEUROEVO_PEERS", help="Measure what others use as well.")
]
Game = Annotated[str, typer.Option("--game", envvar="NEUROEVO_GAME", metavar="ID", help="Atari game.")]

CoreHourPrice = Annotated[float | None, core_hour_price(": tells what 1 billion frames do.")]


@app.command("worker")
def bench_worker(
    seconds: Seconds = DEFAULT_SECONDS,
    architectures: Architectures = None,
    peers: Peers = True,
    game: Game = DEFAULT_GAME,
    core_hour_price: CoreHourPrice = None,
    as_json: Json = False,
) -> None:
    """Measure the worker against the bare emulator and others, on one core and on all."""
    from cli.output import print_json

    chosen = _architectures(architectures or [])
    _check_emulator()
    report = _measure(_wish(game, chosen, peers, seconds)._replace(core_hour_price=core_hour_price), quiet=as_json)
    if as_json:
        print_json(report)
        return
    from cli.paces import describe

    typer.echo(describe(report))


@app.command("server")
def bench_server(
    rows: Annotated[
        int, typer.Option("--rows", envvar="NEUROEVO_ROWS", min=1, max=10**9, help="Results stored beforehand.")
    ] = 10_000_000,
    chain: Annotated[
        int, typer.Option("--chain", envvar="NEUROEVO_CHAIN", min=1, max=5000, help="Seeds of a parent's chain.")
    ] = 500,
    seconds: Annotated[
        float,
        typer.Option(
            "--seconds", envvar="NEUROEVO_SECONDS", min=SHORTEST_SECONDS, help="Of each measurement under load."
        ),
    ] = 10.0,
    connections: Annotated[
        int, typer.Option("--connections", envvar="NEUROEVO_CONNECTIONS", min=1, max=4096, help="Busy workers.")
    ] = 64,
    idle: Annotated[
        int, typer.Option("--idle", envvar="NEUROEVO_IDLE", min=1, max=20_000, help="Workers that wait.")
    ] = 10_000,
    herd: Annotated[
        int, typer.Option("--herd", envvar="NEUROEVO_HERD", min=1, max=10_000, help="Workers that all come back.")
    ] = 1000,
    as_json: Json = False,
) -> None:
    """Measure a server and a Postgres of its own with simulated workers over HTTP, then check the ledger."""
    from cli.output import print_json
    from load.connection import BadAnswer
    from load.report import LedgerDiffers, Wish, server_report
    from load.served import NotStarted

    def say(text: str) -> None:
        if not as_json:
            typer.echo(f"{text} …", err=True)

    try:
        figures = server_report(Wish(rows, chain, connections, seconds, idle, herd), say)
    except (BadAnswer, LedgerDiffers, NotStarted) as error:
        raise CommandError(str(error)) from None
    report = {"machine": _machine(), "versions": _versions(), **figures}
    if as_json:
        print_json(report)
        return
    from load.report import describe

    typer.echo(describe(report))


def _architectures(names: list[str]) -> "list[ImageName]":
    """Raises: BadInput: there is no such network."""
    from typing import get_args

    from evolution.architectures import ImageArchitecture

    known: tuple[ImageName, ...] = get_args(ImageArchitecture.model_fields["name"].annotation)
    for name in names:
        if name not in known:
            raise BadInput(f"--architecture {name}: choose {' or '.join(sorted(known))}")
    return [name for name in sorted(known) if not names or name in names]


def _check_emulator() -> None:
    """Raises: CommandError: the worker's packages or the emulator are missing."""
    from importlib.util import find_spec

    if find_spec("gymnasium") is None or find_spec("numba") is None:
        raise CommandError("the worker's packages are not installed here: make venv, or pip install gymnasium numba")
    if find_spec("ale_py") is None:
        raise CommandError("the Atari emulator, which everything is compared with, is missing: pip install ale-py")


def _wish(game: str, architectures: "list[ImageName]", peers: bool, seconds: float) -> "Wish":
    """Raises: BadInput: the game is none of the emulator's."""
    from benchmarks.report import Wish
    from worker.registry import rom_of
    from worker.slots import default_slots

    if rom_of(game) is None:
        raise BadInput(f"--game {game} is no game of the emulator: give an id such as ALE/Frostbite-v5")
    return Wish(game, architectures, peers, seconds, default_slots())


def _measure(wish: "Wish", *, quiet: bool) -> dict[str, Any]:
    """The report, with the machine and the versions that it rests on.

    Raises:
        CommandError: it could not be measured.
    """
    from benchmarks.bare import ReplayDiffers
    from benchmarks.memory import NoMeasure
    from benchmarks.report import worker_report
    from worker.episode import UnplayableEnvironment
    from worker.registry import engine_of

    def say(text: str) -> None:
        if not quiet:
            typer.echo(f"{text} …", err=True)

    try:
        report = worker_report(wish, say)
    except (ReplayDiffers, NoMeasure, UnplayableEnvironment) as error:
        raise CommandError(str(error)) from None
    return {"machine": _machine(), "versions": _versions(), "engine": engine_of(wish.game), **report}


def _machine() -> dict[str, Any]:
    import platform

    from worker.cgroups import usable_memory
    from worker.processor import processor
    from worker.slots import default_slots

    system = f"{platform.system()} {platform.machine()}"
    return {"processor": processor(), "cores": default_slots(), "memory_bytes": usable_memory(), "system": system}


def _versions() -> dict[str, str | None]:
    import platform

    from cli.versions import package_version, product_version

    names = ("numpy", "numba", "torch", "opencv-python-headless", "gymnasium", "ale-py", "envpool")
    versions = {name: package_version(name) for name in names}
    return {"neuroevo": product_version(), "python": platform.python_version(), **versions}
