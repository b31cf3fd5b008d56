"""`neuroevo policy list` and `import`: the server's library of policies."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

import typer

from cli.documents import read_documents
from cli.errors import BadInput
from cli.options import DEFAULT_DATA, Data, Json, ServerUrl, Token

if TYPE_CHECKING:
    from cli.client import Server

PAGE = 200
"""Policies asked for at once."""

Run = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN]",
        show_default=False,
        help="Only this run's best policies, by their scores in the run: its id, or name-id as in its page's address.",
    ),
]
Top = Annotated[
    int | None,
    typer.Option("--top", envvar="NEUROEVO_TOP", min=1, max=1000, help="How many; else 10 of a run, 50 in all."),
]
EnvironmentId = Annotated[
    str | None, typer.Option("--env", envvar="NEUROEVO_ENV", metavar="ID", help="Only for this environment.")
]
From = Annotated[
    Literal["run", "imported", "shipped"] | None,
    typer.Option("--origin", envvar="NEUROEVO_ORIGIN", help="Only those from here."),
]
Tag = Annotated[str | None, typer.Option("--tag", envvar="NEUROEVO_TAG", metavar="TAG", help="Only with this tag.")]
Search = Annotated[
    str | None,
    typer.Option(
        "--search", envvar="NEUROEVO_SEARCH", metavar="TEXT", help="In names, environments, tags, or an id's beginning."
    ),
]
Sort = Annotated[
    Literal["score", "normalised", "created", "length", "name"] | None,
    typer.Option("--sort", envvar="NEUROEVO_SORT", help="By what; else by score."),
]
File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="A seed chain's JSON document, or a listing (of `policy list RUN --json` or GET …/best), of which all "
        "policies are taken; - reads standard input.",
    ),
]


def list_policies(
    run: Run = None,
    top: Top = None,
    environment: EnvironmentId = None,
    origin: From = None,
    tag: Tag = None,
    search: Search = None,
    sort: Sort = None,
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """List the library's policies, or a run's best. With --json show and evaluate can read a run's list: they take its
    first policy."""
    from cli.client import Server
    from cli.connection import find_connection

    filters = {"environment": environment, "origin": origin, "tag": tag, "search": search, "sort": sort}
    if run is not None and any(filters.values()):
        raise BadInput("a run's best policies are not filtered: leave out either the run or the filters")
    with Server(find_connection(data, server, token)) as master:
        if run is None:
            _print_library(_take(master, top or 50, filters), as_json=as_json)
        else:
            _print_best(master.get(f"runs/{quote(run, safe='')}/best", top=top or 10)["items"], as_json=as_json)


def import_policies(
    file: File, data: Data = DEFAULT_DATA, server: ServerUrl = None, token: Token = None, as_json: Json = False
) -> None:
    """Take policies into the server's library. Those that are there already stay as they are."""
    from cli.client import Server
    from cli.connection import find_connection
    from cli.output import print_json

    documents = read_documents(file)
    with Server(find_connection(data, server, token)) as master:
        taken = [master.post("policies", document) for document in documents]
    if as_json:
        print_json(taken)
    else:
        for policy in taken:
            typer.echo(f"{policy['id'][:12]}  {policy['name']}")


def _take(master: "Server", top: int, filters: dict[str, str | None]) -> list[dict[str, Any]]:
    from itertools import islice

    return list(islice(master.every("policies", limit=min(top, PAGE), **filters), top))


def _print_library(items: list[dict[str, Any]], *, as_json: bool) -> None:
    from cli.output import MISSING, print_json, score, table

    if as_json:
        print_json(items)
    elif items:
        header = ("policy", "name", "environment", "mean", "sd", "episodes", "human", "seeds", "from", "tags")
        rows = []
        for item in items:
            found = item["score"] or {"mean": None, "sd": None, "n": None}
            human = MISSING if item["normalised"] is None else f"{item['normalised']:.0%}"
            numbers = (score(found["mean"]), score(found["sd"]), str(found["n"] or MISSING), human, str(item["length"]))
            names = (item["id"][:12], item["name"], item["environment"]["id"])
            rows.append(
                (*names, *numbers, item["origin"]["run_name"] or item["origin"]["kind"], " ".join(item["tags"]))
            )
        typer.echo(table(header, rows))
    else:
        typer.echo("none: each run's elites come in when a generation closes, others by `neuroevo policy import`")


def _print_best(items: list[dict[str, Any]], *, as_json: bool) -> None:
    from cli.output import print_json, score, table

    if as_json:
        print_json(items)
    elif items:
        header = ("policy", "mean", "sd", "episodes", "distinct", "phase", "born")
        typer.echo(table(header, [_row(item, score) for item in items]))
    else:
        typer.echo("none yet: those are listed that have played again, in validation or test, when a generation closes")


def _row(item: dict[str, Any], score: Any) -> tuple[str, ...]:
    generation, index = item["born"]
    statistics = (score(item["mean"]), score(item["sd"]), str(item["n"]), str(item["distinct"]))
    return (item["policy"][:12], *statistics, item["phase"], f"{generation}/{index}")
