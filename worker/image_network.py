"""What the kernels keep of an image network: its weights, and all that the last decision computed."""

from typing import NamedTuple

from worker.arrays import Flags, Halves, Numbers, Places, Words


class Convolution(NamedTuple):
    """A convolution, and the image that it reads."""

    weights: Numbers
    """Shape (rows of a window, columns, channels, outputs)."""
    biases: Numbers
    image: Numbers
    """Shape (side, side, channels), the padding's zeros included."""
    stale: Flags
    """Shape (cells, cells): the cells (squares of `stride` pixels) of the image in which something changed."""
    side: int
    """Windows in a row."""
    cells: int
    """Cells of a window, in one direction."""
    rows: int
    """Rows of a window."""
    run: int
    """Numbers in a row of a window."""
    pitch: int
    """Numbers in a row of the image."""
    places: Places
    """Where each window begins in `image`."""
    out: Places
    """Where its outputs go in the image of the next layer."""
    out_cells: Places
    """In which of that image's cells that is."""
    chosen: Places
    """Scratch: the windows to compute."""
    begins: Places
    """Scratch: their places."""
    sums: Numbers
    """Scratch, shape (outputs / 16 / VECTORS, WINDOWS, 16 * VECTORS)."""


class Dense(NamedTuple):
    """The hidden layer and the output layer."""

    made: Numbers
    """Shape (units / HIDDEN_GROUP, channels, positions, HIDDEN_GROUP): the hidden layer's weights."""
    weights: Halves
    """Shape (positions, channels, units): those, rounded."""
    biases: Numbers
    features: Numbers
    """Shape (positions, channels)."""
    stale: Flags
    """Shape (positions,)."""
    backwards: Flags
    """Shape (1,): whether the positions were last gone through from the end."""
    partial: Numbers
    """Shape (positions, units): the sum of each position's channels."""
    hidden: Numbers
    out_weights: Numbers
    """Shape (units, actions rounded up to 16)."""
    out_biases: Numbers
    outputs: Numbers
    values: Numbers
    """Scratch: what is not zero."""
    rows: Places
    """Scratch: where, and AHEAD more."""


class Network(NamedTuple):
    """An image network: its weights, and what it computed last. All arrays are flat."""

    pixels: Words
    """Shape (84, 84): the stack of images seen last, the four bytes of a pixel as one number."""
    brightness: Numbers
    """Shape (256,): what a byte is for the network."""
    image_side: int
    border: int
    first: Convolution
    second: Convolution
    third: Convolution
    dense: Dense
