"""Which results a run can have: what is impossible is refused before it reaches the ledger. Pure."""

from enum import Enum

from evolution.configuration import RunConfiguration
from evolution.messages import EpisodeResult, Phase
from server.service.open_generation import EndlessPhase, OpenGeneration


class Admission(Enum):
    """What to do with a result."""

    STORE = "store"
    """It may be missing."""
    LOOK_UP = "look up"
    """Its generation is closed: it is there, or nobody ever asked for it."""
    REFUSE = "refuse"
    """No worker was ever asked for it."""


def admit(configuration: RunConfiguration, open: OpenGeneration, result: EpisodeResult) -> Admission:
    """Judges a result by its key alone, against the run's open generation."""
    if result.generation == open.number:
        asked = open.find(result.index, result.phase, result.episode)
        return Admission.STORE if asked else Admission.REFUSE
    if result.generation > open.number:
        return Admission.REFUSE
    if configuration.algorithm == "block-free":
        former = EndlessPhase(result.generation, configuration.population)
        possible = result.phase == Phase.EVALUATION and former.asks_for(result.index, result.episode)
        return Admission.STORE if possible else Admission.REFUSE
    return Admission.LOOK_UP if result.index <= configuration.population else Admission.REFUSE
