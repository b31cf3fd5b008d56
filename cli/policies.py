"""`neuroevo policy …`: single policies, as seed chains in files. Needs no server but for `list`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.documents import Document, read_policy
from cli.exports import export_policy
from cli.options import DEFAULT_DATA, Data, EnvironmentModules, Json, RunName, ServerUrl, Token

if TYPE_CHECKING:
    from evolution.chains import SeedChain

app = typer.Typer(help="Policies as seed chains: find, inspect and play them.", rich_markup_mode=None)


@app.command("list")
def list_policies(
    run: RunName,
    top: Annotated[int, typer.Option("--top", envvar="NEUROEVO_TOP", min=1, max=1000, help="How many.")] = 10,
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """List a run's best policies. With --json show and evaluate can read the list: they take its first policy."""
    from urllib.parse import quote

    from cli.client import Server
    from cli.connection import find_connection
    from cli.output import print_json, score, table

    with Server(find_connection(data, server, token)) as master:
        items = master.get(f"runs/{quote(run, safe='')}/best", top=top)["items"]
    if as_json:
        print_json(items)
    elif items:
        header = ("policy", "mean", "sd", "episodes", "distinct", "phase", "born")
        typer.echo(table(header, [_row(item, score) for item in items]))
    else:
        typer.echo("none yet: those are listed that have played again, in validation or test, when a generation closes")


@app.command("show")
def show_policy(file: Document, as_json: Json = False) -> None:
    """Show what a seed chain says, and the fingerprint of the parameters that it stands for."""
    from cli.output import fields, print_json

    facts = _facts(read_policy(file))
    if as_json:
        print_json(facts)
    else:
        typer.echo(fields([(name.replace("_", " "), _shown(value)) for name, value in facts.items()]))


@app.command("evaluate")
def evaluate_policy(
    file: Document,
    episodes: Annotated[
        int, typer.Option("--episodes", envvar="NEUROEVO_EPISODES", min=1, max=100_000, help="Episodes to play.")
    ] = 30,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", envvar="NEUROEVO_SEED", min=0, max=2**32 - 1, help="Seed of the episodes; else one is drawn."
        ),
    ] = None,
    modules: EnvironmentModules = None,
    as_json: Json = False,
) -> None:
    """Play fresh episodes with a policy, on this machine."""
    from cli.output import fields, print_json, score

    chain = read_policy(file)  # before all that takes seconds to import

    from cli.evaluation import evaluate

    result = evaluate(chain, episodes, seed, modules or [])
    if as_json:
        print_json(result)
        return
    spread = f" ± {score(result['sd'])}" if result["sd"] is not None else ""
    played = f"{result['n']} episodes, {result['distinct']} distinct, {result['frames']:,} frames"
    lines = [("mean", f"{score(result['mean'])}{spread}"), ("played", played), ("seed", str(result["seed"]))]
    scores = " ".join(score(value) for value in result["scores"])
    typer.echo(fields([*lines, ("engine", result["engine"]), ("scores", scores)]))


app.command("export")(export_policy)


def _facts(chain: "SeedChain") -> dict[str, Any]:
    """What a chain stands for; the hash is of the parameters as little-endian float32."""
    import hashlib

    from evolution.chains import policy_id
    from evolution.expansion import expand

    parameters = expand(chain)
    document = chain.document()
    return {
        "id": policy_id(chain),
        "format": chain.format,
        "architecture": document["architecture"],
        "environment": document["environment"],
        "mutations": chain.mutations,
        "power": document["power"],
        "parameters": len(parameters),
        "parameters_sha256": hashlib.sha256(parameters.astype("<f4").tobytes()).hexdigest(),
        "seeds": chain.seeds,
    }


def _shown(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value)


def _row(item: dict[str, Any], score: Any) -> tuple[str, ...]:
    generation, index = item["born"]
    statistics = (score(item["mean"]), score(item["sd"]), str(item["n"]), str(item["distinct"]))
    return (item["policy"][:12], *statistics, item["phase"], f"{generation}/{index}")
