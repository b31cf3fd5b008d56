"""Figures as files: the page or data by themselves, pictures by way of an installed Chromium or Chrome."""

import json
from pathlib import Path
from typing import Any

from cli.errors import BadInput, CommandError

PICTURE_WIDTH, PICTURE_HEIGHT = 1000, 560
"""CSS pixels; a PNG has twice as many each way."""
PNG_SCALE = 2
MARGIN = {"l": 24, "r": 24, "t": 24, "b": 24}
FORMATS = (".html", ".json", ".png", ".svg")
HOW_TO_GET_PICTURES = "pip install kaleido and install Chromium or Google Chrome, or write .html instead"


def check_picture(path: Path) -> None:
    """Returns if a figure can be written there.

    Raises:
        BadInput: another format, or no such folder.
    """
    if path.suffix not in FORMATS:
        raise BadInput(f"{path}: the name must end in one of {', '.join(FORMATS)}")
    if not path.absolute().parent.is_dir():
        raise BadInput(f"{path}: there is no folder {path.absolute().parent}")


def write_picture(figure: dict[str, Any], path: Path, theme: str) -> None:
    """Writes the Plotly figure in the format that the name's end says; unless as data, on a ground of the theme.

    Raises:
        CommandError: plotly, kaleido or a browser is missing; the message says how to get them.
    """
    if path.suffix == ".json":
        path.write_text(json.dumps(figure) + "\n")
        return
    try:
        from server.figures.theme import PALETTES
    except ModuleNotFoundError:
        raise CommandError("plotly is not installed: pip install 'neuroevolution[server]'") from None
    ground = next((palette.surface for name, palette in PALETTES.items() if name == theme), "white")
    shown = figure | {"layout": figure["layout"] | {"paper_bgcolor": ground, "margin": MARGIN}}
    if path.suffix == ".html":
        path.write_text(_page(shown))
    else:
        path.write_bytes(_picture(shown, path.suffix[1:]))


def _page(figure: dict[str, Any]) -> str:
    from plotly import io

    return str(io.to_html(figure, include_plotlyjs=True, full_html=True, validate=False))


def _picture(figure: dict[str, Any], kind: str) -> bytes:
    try:
        import kaleido
        from choreographer.errors import BrowserDepsError, BrowserFailedError, ChromeNotFoundError
    except ModuleNotFoundError:
        raise CommandError(f"kaleido is not installed: {HOW_TO_GET_PICTURES}") from None
    size = {"width": PICTURE_WIDTH, "height": PICTURE_HEIGHT, "scale": PNG_SCALE if kind == "png" else 1}
    try:
        return bytes(kaleido.calc_fig_sync(figure, opts={"format": kind, **size}, kopts={"mathjax": False}))
    except ChromeNotFoundError:
        raise CommandError(f"no Chromium or Chrome was found: {HOW_TO_GET_PICTURES}") from None
    except (BrowserDepsError, BrowserFailedError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CommandError(
            f"the browser that draws pictures does not start ({reason}): {HOW_TO_GET_PICTURES}"
        ) from None
