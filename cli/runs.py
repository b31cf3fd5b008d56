"""`neuroevo run …`: experiments on a server."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import BadInput, CommandError
from cli.options import DEFAULT_DATA, Data, Json, RunName, ServerUrl, Settings, Token

if TYPE_CHECKING:
    from cli.client import Server

app = typer.Typer(help="Experiments: create, follow, steer and draw them.", rich_markup_mode=None)

WATCH_SECONDS = 1.0
"""Between two looks at a run that is watched."""

Name = Annotated[str | None, typer.Option("--name", envvar="NEUROEVO_NAME", help="Name; else one is drawn.")]


@app.command("create")
def create_run(
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            envvar="NEUROEVO_PRESET",
            help="laptop, quick, paper or cshenton; else laptop for Atari games, quick for other environments.",
        ),
    ] = None,
    env: Annotated[
        str | None,
        typer.Option("--env", envvar="NEUROEVO_ENV", metavar="ID", help="Gymnasium id, such as ALE/Frostbite-v5."),
    ] = None,
    settings: Settings = None,
    name: Name = None,
    watch: Annotated[bool, typer.Option("--watch", envvar="NEUROEVO_WATCH", help="Follow it until it ends.")] = False,
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Create a run from a preset, with changes."""
    from cli.changes import parse_settings

    changes = parse_settings(settings or [])
    if env is not None:
        changes.setdefault("environment", {})["id"] = env
    body = {"preset": preset or _usual_preset(changes), "name": name, "configuration": changes}
    with _open(data, server, token) as master:
        run = master.post("runs", {key: value for key, value in body.items() if value is not None})
        if watch:
            _watch(master, run["id"], as_json)
        elif as_json:
            _print_json(run)
        else:
            typer.echo(f"{run['name']} created: neuroevo run watch {run['id']}")


@app.command("list")
def list_runs(
    state: Annotated[
        str | None, typer.Option("--state", envvar="NEUROEVO_STATE", help="Only runs in this state, such as running.")
    ] = None,
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """List the runs, newest first."""
    from cli.summaries import describe_runs

    with _open(data, server, token) as master:
        items = list(master.every("runs", state=state))
    if as_json:
        _print_json(items)
    elif items:
        typer.echo(describe_runs(items))
    else:
        typer.echo("no runs yet: neuroevo run create")


@app.command("show")
def show_run(
    run: RunName,
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Show a run with its configuration."""
    from cli.summaries import describe_run

    with _open(data, server, token) as master:
        detail = master.get(f"runs/{_path(run)}")
    if as_json:
        _print_json(detail)
    else:
        typer.echo(describe_run(detail))


@app.command("watch")
def watch_run(
    run: RunName,
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Follow a run until it ends. With --json, one line of JSON for each change."""
    with _open(data, server, token) as master:
        _watch(master, run, as_json)


@app.command("pause")
def pause_run(
    run: RunName, data: Data = DEFAULT_DATA, server: ServerUrl = None, token: Token = None, as_json: Json = False
) -> None:
    """Pause a run: its finished episodes are kept, nothing more is played until it is resumed."""
    _steer(run, "pause", _open(data, server, token), as_json)


@app.command("resume")
def resume_run(
    run: RunName, data: Data = DEFAULT_DATA, server: ServerUrl = None, token: Token = None, as_json: Json = False
) -> None:
    """Let a paused run go on."""
    _steer(run, "resume", _open(data, server, token), as_json)


@app.command("stop")
def stop_run(
    run: RunName, data: Data = DEFAULT_DATA, server: ServerUrl = None, token: Token = None, as_json: Json = False
) -> None:
    """Stop a run for good; what it found stays."""
    _steer(run, "stop", _open(data, server, token), as_json)


@app.command("clone")
def clone_run(
    run: RunName,
    settings: Settings = None,
    name: Name = None,
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Start a new run with another's configuration, and changes."""
    from cli.changes import parse_settings

    body = {"configuration": parse_settings(settings or [])} | ({"name": name} if name else {})
    with _open(data, server, token) as master:
        clone = master.post(f"runs/{_path(run)}/clone", body)
    if as_json:
        _print_json(clone)
    else:
        typer.echo(f"{clone['name']} created: neuroevo run watch {clone['id']}")


@app.command("delete")
def delete_run(
    run: RunName,
    yes: Annotated[bool, typer.Option("--yes", envvar="NEUROEVO_YES", help="Do not ask.")] = False,
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
) -> None:
    """Delete a run with all that it found."""
    with _open(data, server, token) as master:
        name = master.get(f"runs/{_path(run)}")["name"]
        if not yes and not _agrees(f"delete {name} with all its generations?"):
            return
        master.delete(f"runs/{_path(run)}")
    typer.echo(f"{name} deleted")


@app.command("plot")
def plot_run(
    run: RunName,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write: .html, .json, .png or .svg.")],
    figure: Annotated[
        str, typer.Option("--figure", envvar="NEUROEVO_FIGURE", help="learning, spread or speed.")
    ] = "learning",
    x: Annotated[
        str, typer.Option("--x", envvar="NEUROEVO_X", help="generation, frames, time or cost.")
    ] = "generation",
    theme: Annotated[str, typer.Option("--theme", envvar="NEUROEVO_THEME", help="light or dark.")] = "light",
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
) -> None:
    """Draw a run's curve into a file."""
    from cli.pictures import check_picture, write_picture

    check_picture(out)
    with _open(data, server, token) as master:
        drawing = master.get(f"runs/{_path(run)}/figures/{_path(figure)}", x=x, theme=theme)
    write_picture(drawing, out, theme)
    typer.echo(f"{out} written")


def _open(data: Path, server: str | None, token: str | None) -> "Server":
    from cli.client import Server
    from cli.connection import find_connection

    return Server(find_connection(data, server, token))


def _steer(run: str, verb: str, server: "Server", as_json: bool) -> None:
    with server as master:
        detail = master.post(f"runs/{_path(run)}/{verb}")
    if as_json:
        _print_json(detail)
    else:
        typer.echo(f"{detail['name']} is {detail['state']}")


def _watch(master: "Server", run: str, as_json: bool) -> None:
    """Shows the run until it ends; Ctrl-C stops watching, not the run."""
    import json

    from cli.progress import SETTLED, Screen, progress_line
    from cli.summaries import read_summary

    screen, shown = Screen(), None
    while True:
        detail = master.get(f"runs/{_path(run)}")
        summary = read_summary(detail)
        settled = summary.state in SETTLED
        if as_json and detail != shown:
            typer.echo(json.dumps(detail))
        if not as_json:
            screen.show(progress_line(summary), float("inf") if settled else time.monotonic())
        if settled:
            screen.settle()
            break
        shown = detail
        time.sleep(WATCH_SECONDS)
    if summary.state == "failed":
        raise CommandError(f"{summary.name} failed: {summary.state_reason}")


def _usual_preset(changes: dict[str, Any]) -> str:
    environment = changes.get("environment")
    chosen = environment.get("id") if isinstance(environment, dict) else None
    return "laptop" if chosen is None or str(chosen).startswith("ALE/") else "quick"


def _agrees(question: str) -> bool:
    import sys

    if not sys.stdin.isatty():
        raise BadInput("nobody is there to ask: give --yes")
    return typer.confirm(question)


def _path(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="")


def _print_json(value: Any) -> None:
    from cli.output import print_json

    print_json(value)
