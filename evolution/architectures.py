"""The networks' architectures, as a chain's document names them.

GENOME.md, section "Architectures": `uber-large` is the network of Such et al. 2017 (over four million parameters),
`nature-dqn` the same without padding (Mnih et al. 2015), `mlp` dense layers on a flat observation. `cshenton-2018` is
the network of the format of that name (evolution.cshenton): it is decoded and played, and no run evolves it.
"""

from typing import Annotated, Literal

from pydantic import Field

from evolution.model import Value

IMAGE_SHAPE = (4, 84, 84)


class ImageArchitecture(Value):
    """A convolutional network on four stacked 84 x 84 images, with one linear output an action."""

    name: Literal["uber-large", "nature-dqn"]
    actions: int = Field(ge=1, le=4096)


class MlpArchitecture(Value):
    """Dense layers with tanh on a flat observation; `box` marks a box of actions instead of discrete ones."""

    name: Literal["mlp"]
    inputs: int = Field(ge=1, le=1_000_000)
    hidden: list[Annotated[int, Field(ge=1, le=65536)]] = Field(max_length=16)
    actions: int = Field(ge=1, le=4096)
    box: bool = Field(False, exclude_if=lambda box: not box)


class CshentonArchitecture(Value):
    """A convolutional network on one raw screen, 210 x 160 pixels of three colours, with one output an action."""

    name: Literal["cshenton-2018"]
    actions: int = Field(ge=1, le=18)


LayeredArchitecture = ImageArchitecture | MlpArchitecture
"""Those that runs evolve: layers with biases (evolution.layouts)."""
Architecture = Annotated[ImageArchitecture | MlpArchitecture | CshentonArchitecture, Field(discriminator="name")]
