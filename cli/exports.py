"""`neuroevo policy export`: a policy in the formats of others."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.documents import Document, read_policy, read_told
from cli.errors import BadInput, CommandError
from cli.options import DEFAULT_DATA, Data, ServerUrl, Token

STANDARD_OUTPUT = Path("-")

Format = Annotated[
    Literal["json", "safetensors", "onnx", "card"],
    typer.Option("--format", envvar="NEUROEVO_FORMAT", help="The chain, its weights, its network, or a model card."),
]
Out = Annotated[
    Path,
    typer.Argument(
        metavar="OUT",
        show_default=False,
        help="File to write, or a folder to write it into under a name of its own; else, and for -, it goes to "
        "standard output, which must be a file or a pipe for safetensors and onnx.",
    ),
]


def export_policy(
    file: Document,
    format: Format,
    out: Out = STANDARD_OUTPUT,
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
) -> None:
    """Write a policy as its document, safetensors, ONNX or a model card.

    A card that goes into a folder takes along what a model hub shows: neuroevo policy export FILE --format card DIR
    writes README.md, the other three, and an episode as replay.mp4.
    """
    chain = read_policy(file, data, server, token)
    _check_out(out, format)

    import exports
    from exports import ExportError, MissingPackage

    told = read_told(chain, file) if format == "card" else []
    scores = [score for each in told if (score := each.summary(chain.environment))]
    if format == "card" and out.is_dir():
        from cli.cards import write_folder

        for path in write_folder(chain, scores, [episode for each in told for episode in each.episodes], out):
            typer.echo(f"{path} written")
        return
    try:
        export = exports.export_policy(chain, format, scores)
    except MissingPackage as error:
        raise CommandError(str(error)) from None
    except ExportError as error:
        raise BadInput(f"{file}: {error}") from None
    if out == STANDARD_OUTPUT:
        sys.stdout.buffer.write(export.data)
        return
    try:
        target = out / export.file_name if out.is_dir() else out
        target.write_bytes(export.data)
    except OSError as error:
        raise BadInput(f"{error.filename} cannot be written: {error.strerror}") from None
    typer.echo(f"{target} written")


def _check_out(out: Path, format: str) -> None:
    """Returns unless it is plain that the file cannot go there: making it takes seconds. Raises BadInput."""
    if out != STANDARD_OUTPUT:
        folder = out.absolute().parent
        try:
            is_there = folder.is_dir()
        except OSError as error:
            raise BadInput(f"{out} cannot be written: {error.strerror}") from None
        if not is_there:
            raise BadInput(f"{out}: there is no folder {folder}")
    elif format in {"safetensors", "onnx"} and sys.stdout.isatty():
        raise BadInput(f"{format} is not for reading: name a file at the end of the command, such as policy.{format}")
