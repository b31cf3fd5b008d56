"""`neuroevo policy record` and `policy verify`: an episode as a video or GIF, and as actions that prove its score."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.documents import STANDARD_INPUT, Document, read_policy
from cli.errors import BadInput, CommandError
from cli.options import DEFAULT_DATA, Data, EnvironmentModules, Json, ServerUrl, Token

if TYPE_CHECKING:
    from worker.recording import Rollout

LARGEST_SEED = 2**31 - 1
MISMATCH = 1
"""Exit code."""
VIDEO, ANIMATION = ".mp4", ".gif"

Out = Annotated[
    Path | None,
    typer.Argument(
        metavar="[OUT.mp4|OUT.gif]",
        show_default=False,
        help="The video to write, or a small animation without sound or end; may be left out with --json.",
    ),
]
Start = Annotated[
    float | None,
    typer.Option("--start", envvar="NEUROEVO_START", min=0, help="Of a GIF: where it begins, s of game time. [0]"),
]
Seconds = Annotated[
    float | None,
    typer.Option("--seconds", envvar="NEUROEVO_SECONDS", min=0.1, max=120, help="Of a GIF: how long it is. [20]"),
]
Rate = Annotated[
    float | None,
    typer.Option("--rate", envvar="NEUROEVO_RATE", min=1, max=50, help="Of a GIF: frames a second. [20]"),
]
Multiple = Annotated[
    int | None,
    typer.Option(
        "--multiple", envvar="NEUROEVO_MULTIPLE", min=1, max=4, help="Of a GIF: how many times its pixels' size. [1]"
    ),
]
RolloutFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="A rollout's JSON document, as `policy record --json` prints it; - reads standard input.",
    ),
]


def record_policy(
    file: Document,
    out: Out = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", envvar="NEUROEVO_SEED", min=0, max=LARGEST_SEED, help="The episode's; else one is drawn."
        ),
    ] = None,
    start: Start = None,
    seconds: Seconds = None,
    rate: Rate = None,
    multiple: Multiple = None,
    modules: EnvironmentModules = None,
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Play one episode on this machine and film it. With --json, print it with its actions, for `policy verify`."""
    chain = read_policy(file, data, server, token)
    part: dict[str, Any] = {"start": start, "seconds": seconds, "rate": rate, "multiple": multiple}
    told = {name: value for name, value in part.items() if value is not None}
    _check_out(out, told, as_json=as_json)

    import secrets

    from cli.filming import animate, film, play
    from cli.output import fields, print_json, score
    from worker.gif import Part

    rollout = play(chain, secrets.randbelow(LARGEST_SEED + 1) if seed is None else seed, modules or [])
    size = 0
    if out is not None:
        size = _write(out, animate(rollout, Part()._replace(**told)) if out.suffix == ANIMATION else film(rollout))
    if as_json:
        from worker.rollout_documents import write_rollout

        print_json(write_rollout(rollout))
        return
    lines = [("score", score(rollout.score)), ("steps", f"{rollout.steps:,}"), ("frames", f"{rollout.frames:,}")]
    typer.echo(fields([*lines, ("seed", str(rollout.seed)), ("video", f"{out}, {size:,} bytes")]))


def verify_rollout(file: RolloutFile, modules: EnvironmentModules = None, as_json: Json = False) -> None:
    """Replay a recorded episode from its actions, without the network, and compare score, steps and final memory."""
    rollout = _read_rollout(file)

    from cli.filming import check
    from cli.output import print_json, score

    found = check(rollout, modules or [])
    if as_json:
        print_json({"matches": found.matches, "differences": list(found.differences)})
    elif found.matches:
        typer.echo(f"match: {score(rollout.score)} points in {rollout.steps:,} steps, and the same final memory")
    else:
        typer.echo(f"mismatch: {'; '.join(found.differences)}")
    if not found.matches:
        raise typer.Exit(MISMATCH)


def _check_out(out: Path | None, told: Mapping[str, Any], *, as_json: bool) -> None:
    """Returns if what is asked for can be written there: making it takes seconds. Raises BadInput."""
    if out is None:
        if not as_json:
            raise BadInput("say where the video goes: neuroevo policy record FILE OUT.mp4 (or ask for --json alone)")
    elif out.is_dir() or not out.parent.is_dir():
        raise BadInput(f"{out} cannot be written: name a file in a folder that exists")
    elif out.suffix not in {VIDEO, ANIMATION}:
        raise BadInput(f"{out}: the file's name says what is made; let it end in {VIDEO} or {ANIMATION}")
    if told and (out is None or out.suffix != ANIMATION):
        raise BadInput(f"--{next(iter(told))} is of an animation: name a file that ends in {ANIMATION}")


def _read_rollout(file: Path) -> "Rollout":
    import sys

    from worker.rollout_documents import MalformedRollout, read_rollout

    try:
        return read_rollout(sys.stdin.buffer.read() if file == STANDARD_INPUT else file.read_bytes())
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None
    except MalformedRollout as error:
        raise BadInput(f"{file}: {error}") from None


def _write(out: Path, video: bytes) -> int:
    try:
        return out.write_bytes(video)
    except OSError as error:
        raise CommandError(f"{out} cannot be written: {error.strerror}") from None
