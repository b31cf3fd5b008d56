"""What the kernels keep of network cshenton-2018: its weights, and the sums that the last decision computed."""

from typing import NamedTuple

from worker.arrays import Numbers, Places


class ScreenConvolution(NamedTuple):
    """A convolution without biases, and the image that it reads."""

    weights: Numbers
    """Shape (rows of a window, columns, channels, outputs)."""
    zeros: Numbers
    """Shape (outputs,): what its sums begin with."""
    image: Numbers
    """Shape (rows, columns, channels), the padding's zeros included."""
    windows: int
    places: Places
    """Where each window begins in `image`; the last is repeated to a multiple of WINDOWS."""
    out: Places
    """Where each window's outputs go in what they are read from next."""
    rows: int
    """Rows of a window."""
    run: int
    """Numbers in a row of a window."""
    pitch: int
    """Numbers in a row of the image."""
    sums: Numbers
    """Scratch, shape (WINDOWS, 16)."""


class ScreenNetwork(NamedTuple):
    """The whole network. All arrays are flat."""

    first: ScreenConvolution
    second: ScreenConvolution
    screen_row: int
    """Numbers in a row of the screen."""
    begin: int
    """Where the screen begins in the first image."""
    features: Numbers
    """Shape (positions, channels)."""
    seen: Numbers
    """Shape (positions, channels): the features that `partial` was computed of."""
    weights: Numbers
    """Shape (positions, channels, units)."""
    partial: Numbers
    """Shape (positions, units): the sum of each position's channels."""
    hidden: Numbers
    out_weights: Numbers
    """Shape (units, actions rounded up to whole vectors)."""
    outputs: Numbers
    values: Numbers
    """Scratch: what is not zero."""
    active: Places
    """Scratch: where, and AHEAD more."""
    positions: int
    """Places of the last image."""
