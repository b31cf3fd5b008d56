"""Small plates of digits for videos: bright on dark, drawn dot by dot, renewed only when their text changes."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

DARK, BRIGHT = 16, 235
"""Luma of black and white in a video of limited range."""
ROWS, COLUMNS = 7, 5
SPACING = 1
SCORE_DIGITS, STEP_DIGITS = 9, 6
MARGIN = 2

# Five columns a glyph, seven rows from the top; a row is a number of which the highest of five bits is the left dot.
GLYPHS = {
    "0": (14, 17, 19, 21, 25, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14),
    "4": (2, 6, 10, 18, 31, 2, 2),
    "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14),
    "7": (31, 1, 2, 4, 8, 8, 8),
    "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12),
    "-": (0, 0, 0, 31, 0, 0, 0),
    ".": (0, 0, 0, 0, 0, 12, 12),
    ",": (0, 0, 0, 0, 12, 4, 8),
    " ": (0, 0, 0, 0, 0, 0, 0),
    "S": (15, 16, 16, 14, 1, 1, 30),
    "C": (14, 17, 16, 16, 16, 17, 14),
    "O": (14, 17, 17, 17, 17, 17, 14),
    "R": (30, 17, 17, 30, 20, 18, 17),
    "E": (31, 16, 16, 30, 16, 16, 31),
    "T": (31, 4, 4, 4, 4, 4, 4),
    "P": (30, 17, 17, 30, 16, 16, 16),
}


def _draw(rows: tuple[int, ...]) -> Bytes:
    dots = [[row >> (COLUMNS - 1 - column) & 1 for column in range(COLUMNS)] for row in rows]
    return np.where(np.array(dots, bool), BRIGHT, DARK).astype(np.uint8)


class Plate:
    """One line of text of a fixed length. `luma`: shape (height, width), even numbers; overwritten in place."""

    def __init__(self, label: str, digits: int, dot: tuple[int, int]) -> None:
        """`label` is followed by room for `digits` characters; `dot`: height and width of one, in pixels."""
        self._label, self._length = label, len(label) + digits
        self._glyphs = {name: _draw(rows).repeat(dot[0], 0).repeat(dot[1], 1) for name, rows in GLYPHS.items()}
        self._text = " " * self._length
        self._top, self._left = MARGIN * dot[0], MARGIN * dot[1]
        self._advance = (COLUMNS + SPACING) * dot[1]
        height = (ROWS + 2 * MARGIN) * dot[0]
        width = (2 * MARGIN - SPACING) * dot[1] + self._length * self._advance
        self.luma = np.full((height + height % 2, width + width % 2), DARK, np.uint8)
        self.write("")

    def write(self, value: str) -> bool:
        """Shows the value, at the right; only characters that changed are drawn. Gives whether any did."""
        text = (self._label + value.rjust(self._length - len(self._label)))[: self._length]
        if text == self._text:
            return False
        for place, (old, new) in enumerate(zip(self._text, text, strict=True)):
            if old != new:
                glyph = self._glyphs[new]
                left = self._left + place * self._advance
                self.luma[self._top : self._top + glyph.shape[0], left : left + glyph.shape[1]] = glyph
        self._text = text
        return True


class Plates:
    """Score and step of a frame, in its lower corners; one above the other where it is narrow."""

    def __init__(self, height: int, width: int, dot: tuple[int, int]) -> None:
        """`dot`: as a plate's."""
        self._score, self._step = Plate("SCORE ", SCORE_DIGITS, dot), Plate("STEP ", STEP_DIGITS, dot)
        rows, columns = self._score.luma.shape
        beside = columns + self._step.luma.shape[1] <= width
        self._places = {
            self._score: (height - rows, 0),
            self._step: (height - rows, width - self._step.luma.shape[1]) if beside else (height - 2 * rows, 0),
        }
        if columns > width or 2 * rows > height:  # too small to be written on
            self._places = {}

    def write(self, score: float, step: int) -> bool:
        """Writes these numbers on the plates, and tells whether any is another."""
        written = [self._score.write(shown(score)), self._step.write(str(step))]
        return any(written)

    def __iter__(self) -> Iterator[tuple[Bytes, int, int]]:
        """What each plate looks like, and its top and left."""
        for plate, (top, left) in self._places.items():
            yield plate.luma, top, left


def shown(score: float) -> str:
    """The score as a plate shows it: whole where it is whole, else with one decimal; dashes if there is no room."""
    text = str(int(score)) if score == int(score) else f"{score:.1f}"
    return text if len(text) <= SCORE_DIGITS else "-" * SCORE_DIGITS
