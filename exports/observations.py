"""What a network takes, and how it is made of what the environment shows."""

from typing import NamedTuple

from evolution.architectures import IMAGE_SHAPE, Architecture, CshentonArchitecture, ImageArchitecture
from evolution.chains import SeedChain
from evolution.cshenton import SCREEN_SHAPE
from evolution.environments import AtariOptions, ClassicAtariOptions

BRIGHTEST = 255
GREEDY = "The action of the largest value is played, the lowest of equal ones."
FLAT = "The environment's observation, flattened, as float32."
STACK = (
    "The last four images, oldest first, zero before the first, as bytes of shape (4, 84, 84). An image is the maximum "
    "of the last two emulator frames, in the emulator's gray (0.299 R + 0.587 G + 0.114 B), resized to 84 x 84 by area."
)
SCREEN = "The screen after the last decision's frames, as bytes of shape (210, 160, 3): red, green and blue, 0 to 255."


class Observation(NamedTuple):
    """A network's input, without the batch's axis."""

    shape: tuple[int, ...]
    words: str
    """For a comment in code."""
    is_bytes: bool = True
    colours_last: bool = False
    """Rows, columns, colours: the network wants colours first."""
    divisor: int = 1
    """What the bytes are divided by."""


def observation_of(architecture: Architecture) -> Observation:
    """The input of networks of this architecture."""
    if isinstance(architecture, ImageArchitecture):
        return Observation(IMAGE_SHAPE, "four images, oldest first", divisor=BRIGHTEST)
    if isinstance(architecture, CshentonArchitecture):
        return Observation(SCREEN_SHAPE, "one screen, in colour", colours_last=True)
    return Observation((architecture.inputs,), "the flat observation", is_bytes=False)


def describe_sight(chain: SeedChain) -> str:
    """In words: how an observation is made, when the policy is asked, what it may do."""
    architecture = chain.architecture
    if isinstance(architecture, ImageArchitecture):
        return f"{STACK} {GREEDY}{_rules(chain)}"
    if isinstance(architecture, CshentonArchitecture):
        return f"{SCREEN} {GREEDY}{_rules(chain)}"
    return FLAT if architecture.box else f"{FLAT} {GREEDY}"


def _rules(chain: SeedChain) -> str:
    options, actions = chain.environment.settings, chain.architecture.actions
    if isinstance(options, ClassicAtariOptions):
        return (
            " A decision holds for 2 to 4 emulator frames, drawn by the environment. There are no sticky actions; an "
            f"episode is cut off after {options.max_steps:,} decisions."
        )
    if not isinstance(options, AtariOptions):
        return ""
    offered = f"the {actions} that do something in this game" if options.minimal_actions else f"all {actions}"
    return (
        f" A decision holds for {options.frame_skip} emulator frames. An episode begins with 1 to 30 no-ops, and FIRE "
        f"in games that wait for it; it is cut off after {options.max_steps:,} decisions. Sticky actions: "
        f"{options.sticky_actions:g}. Actions: {offered}."
    )
