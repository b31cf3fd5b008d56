"""`neuroevo policy …`: policies, as seed chains in files, which need no server, or in the server's library."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.documents import Document, read_policy
from cli.exports import export_policy
from cli.library import import_policies, list_policies
from cli.options import DEFAULT_DATA, Data, EnvironmentModules, Json, ServerUrl, Token
from cli.recordings import record_policy, verify_rollout

if TYPE_CHECKING:
    from evolution.chains import SeedChain

app = typer.Typer(help="Policies as seed chains: find, inspect and play them.", rich_markup_mode=None)


app.command("list")(list_policies)
app.command("import")(import_policies)


@app.command("show")
def show_policy(
    file: Document, data: Data = DEFAULT_DATA, server: ServerUrl = None, token: Token = None, as_json: Json = False
) -> None:
    """Show what a seed chain says, and the fingerprint of the parameters that it stands for."""
    from cli.output import fields, print_json

    facts = _facts(read_policy(file, data, server, token))
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
app.command("record")(record_policy)
app.command("verify")(verify_rollout)


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
