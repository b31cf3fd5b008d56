"""The design tokens that the figures and the dashboard share, and the Plotly template made of them.

The same values stand in frontend/styles/tokens.css; a test holds the two against each other.
"""

from dataclasses import dataclass
from typing import Any, Literal

import plotly.graph_objects as go

Theme = Literal["light", "dark"]

FONT = (
    '-apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", "Helvetica Neue", Arial, '
    "sans-serif"
)
FONT_SIZE = 12
"""Pixels: still legible in a figure 400 pixels wide."""


@dataclass(frozen=True)
class Palette:
    """Colours of one theme, as CSS hex values."""

    surface: str
    ink: str
    muted: str
    line: str
    accent: str
    second: str
    """For the one series that must be told from the accent at a glance."""


PALETTES: dict[Theme, Palette] = {
    "light": Palette(
        surface="#ffffff", ink="#16191f", muted="#4d5563", line="#e3e6eb", accent="#3451d1", second="#b3500b"
    ),
    "dark": Palette(
        surface="#14171d", ink="#e8eaee", muted="#a9b0bd", line="#252a33", accent="#8ea6ff", second="#f0a35b"
    ),
}


def faded(colour: str, opacity: float) -> str:
    """`colour` (#rrggbb) as rgba with this opacity."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"


def template(theme: Theme) -> go.layout.Template:
    """What every figure looks like: the surface shows through, one grid, the legend above, tabular room for numbers."""
    palette = PALETTES[theme]
    return go.layout.Template(
        layout=go.Layout(
            font={"family": FONT, "size": FONT_SIZE, "color": palette.ink},
            paper_bgcolor="rgba(0, 0, 0, 0)",
            plot_bgcolor="rgba(0, 0, 0, 0)",
            colorway=[palette.accent, palette.second, palette.muted, palette.ink],
            margin={"l": 8, "r": 12, "t": 8, "b": 8},
            xaxis=_axis(palette),
            yaxis=_axis(palette),
            legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
            modebar={"bgcolor": "rgba(0, 0, 0, 0)", "color": palette.muted, "activecolor": palette.accent},
            hovermode="x unified",
            hoverlabel={
                "bgcolor": palette.surface,
                "bordercolor": palette.line,
                "font": {"family": FONT, "size": FONT_SIZE, "color": palette.ink},
            },
        )
    )


def _axis(palette: Palette) -> dict[str, Any]:
    return {
        "automargin": True,
        "gridcolor": palette.line,
        "linecolor": palette.line,
        "zeroline": False,
        "tickfont": {"color": palette.muted},
        "title": {"font": {"color": palette.muted}, "standoff": 8},
        "exponentformat": "B",
        "separatethousands": True,
        "nticks": 7,
        # A negative thickness leaves out the halo, which would be broader than the line that follows the pointer.
        "spikethickness": -2,
        "spikedash": "solid",
        "spikecolor": palette.muted,
    }
