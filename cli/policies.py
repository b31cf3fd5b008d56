"""`neuroevo policy …`: policies, as seed chains in files, which need no server, or in the server's library."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.documents import Document, read_policy, read_told
from cli.errors import BadInput
from cli.exports import export_policy
from cli.library import import_policies, list_policies
from cli.options import DEFAULT_DATA, Data, EnvironmentModules, Json, ServerUrl, Token
from cli.recordings import record_policy, verify_rollout

if TYPE_CHECKING:
    from evolution.chains import SeedChain

USUAL_EPISODES = 30

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
        int | None,
        typer.Option("--episodes", envvar="NEUROEVO_EPISODES", min=1, max=100_000, help="Fresh episodes to play. [30]"),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", envvar="NEUROEVO_SEED", min=0, max=2**32 - 1, help="Seed of the episodes; else one is drawn."
        ),
    ] = None,
    told: Annotated[
        bool,
        typer.Option(
            "--told", envvar="NEUROEVO_TOLD", help="The episodes whose scores the document tells, to compare them."
        ),
    ] = False,
    modules: EnvironmentModules = None,
    data: Data = DEFAULT_DATA,
    server: ServerUrl = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Play episodes with a policy, on this machine: fresh ones, or again those whose scores its document tells."""
    from cli.output import print_json

    if told and (episodes, seed) != (None, None):
        raise BadInput("--told plays what the document tells of: leave out --episodes and --seed")
    chain = read_policy(file, data, server, token)  # before all that takes seconds to import
    scores = read_told(chain, file) if told else []

    from cli.evaluation import evaluate, evaluate_told

    if told:
        result = evaluate_told(chain, scores, modules or [])
    else:
        result = evaluate(chain, episodes or USUAL_EPISODES, seed, modules or [])
    if as_json:
        print_json(result)
    else:
        typer.echo(_summary(result))


def _summary(result: dict[str, Any]) -> str:
    from cli.output import fields, score

    spread = f" ± {score(result['sd'])}" if result["sd"] is not None else ""
    played = f"{result['n']} episodes, {result['distinct']} distinct, {result['frames']:,} frames"
    if "told" in result:
        chance = ("as told", f"{result['same']} of {result['n']} scores")
    else:
        chance = ("seed", str(result["seed"]))
    lines = [("mean", f"{score(result['mean'])}{spread}"), ("played", played), chance, ("engine", result["engine"])]
    return fields([*lines, ("scores", " ".join(map(score, result["scores"])))])


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
