"""`neuroevo version`: what is installed."""

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

import typer

from cli.options import Json

PACKAGES = ("numpy", "pydantic", "fastapi", "sqlalchemy", "plotly", "numba", "torch", "gymnasium", "ale-py")
"""Those that a result or a report of a bug may depend on."""


def version(as_json: Json = False) -> None:
    """Print the version."""
    from cli.output import print_json

    if as_json:
        print_json({"version": product_version(), "python": platform.python_version(), "packages": package_versions()})
    else:
        typer.echo(f"neuroevo {product_version()}")


def product_version() -> str:
    """The version of this product."""
    return package_version("neuroevolution") or "unknown"


def package_versions() -> dict[str, str | None]:
    """The installed version of each of `PACKAGES`; None where it is absent."""
    return {name: package_version(name) for name in PACKAGES}


def package_version(name: str) -> str | None:
    """The installed version of the package; None where it is absent."""
    try:
        return installed(name)
    except PackageNotFoundError:
        return None
