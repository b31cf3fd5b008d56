"""`neuroevo secrets …`: the Secret of a Kubernetes cluster in which the tokens and the database's address are."""

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import CommandError

if TYPE_CHECKING:
    from cli.cluster import Cluster

app = typer.Typer(help="The Secret of a Kubernetes cluster: what is missing in it.", rich_markup_mode=None)

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TOKENS = ("token", "worker-token", "viewer-token")
PASSWORD, URL = "database-password", "database-url"
SECRET_BYTES = 32
DATABASE = "postgresql://neuroevo:{password}@postgres:5432/neuroevo"
"""The Postgres that `k8s/` brings along: user, Service and database are named there alike."""
TRIES_PAUSE_SECONDS = 1.0


class SecretNotFilled(CommandError):
    """The Secret could not be read or filled; the message says what the cluster answered and what to do."""


@app.command("fill")
def fill_secret(
    name: Annotated[str, typer.Argument(metavar="SECRET", help="Its name, in the pod's own namespace.")],
    account: Annotated[
        Path,
        typer.Option(
            "--account",
            envvar="NEUROEVO_ACCOUNT",
            metavar="DIR",
            help="Folder with the token, ca.crt and namespace of the pod's service account.",
        ),
    ] = ACCOUNT,
    patience: Annotated[
        float,
        typer.Option(
            "--patience",
            envvar="NEUROEVO_PATIENCE",
            metavar="SECONDS",
            min=0,
            help="How long a cluster that does not answer yet is asked again.",
        ),
    ] = 60.0,
) -> None:
    """Put random values for what is missing into a Secret, from a pod of its cluster; what is there stays.

    Two that fill at once agree: the cluster refuses the second one's values, which then reads the first one's.
    """
    from cli.cluster import Cluster

    with closing(Cluster(account)) as cluster:
        filled = _fill(cluster, name, time.monotonic() + patience)
    typer.echo(f"{name}: filled {', '.join(filled)}" if filled else f"{name}: nothing is missing")


def missing_keys(present: Mapping[str, str], draw: Callable[[], str]) -> dict[str, str]:
    """What a Secret that has the values `present` lacks; an empty value is none.

    Who gives a database's address uses another Postgres than the one of `k8s/`, which then needs no password.
    """
    missing = {key: draw() for key in TOKENS if not present.get(key)}
    if not present.get(URL):
        password = present.get(PASSWORD) or draw()
        if not present.get(PASSWORD):
            missing[PASSWORD] = password
        missing[URL] = DATABASE.format(password=_escaped(password))
    return missing


def _fill(cluster: "Cluster", name: str, until: float) -> list[str]:
    """The keys that were filled. Asks again until `until`, on the steady clock, where that may help."""
    from cli.cluster import Changed, NotAnswering

    while True:
        try:
            secret = cluster.read(name)
            missing = missing_keys(secret.values, lambda: secrets.token_urlsafe(SECRET_BYTES))
            if missing:
                cluster.add(secret, missing)
        except (Changed, NotAnswering) as error:
            if time.monotonic() >= until:
                raise SecretNotFilled(str(error)) from None
            time.sleep(TRIES_PAUSE_SECONDS)
        else:
            return sorted(missing)


def _escaped(password: str) -> str:
    from urllib.parse import quote

    return quote(password, safe="")
