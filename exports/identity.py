"""Which policy a file holds: its document, its id, its weights with their fingerprint."""

import hashlib
import json
import re
from dataclasses import dataclass

import numpy as np

from evolution.chains import SeedChain, policy_id
from evolution.expansion import Parameters, expand
from evolution.tensors import alteration, named_tensors

FINGERPRINT = "parameters_sha256 is of the parameters as the format makes them, little-endian float32"


@dataclass(frozen=True)
class Identity:
    """A policy with its weights made."""

    chain: SeedChain
    id: str
    parameters_sha256: str
    """Of the expanded float32 vector, little-endian: what `policy show` tells."""
    tensors: dict[str, Parameters]
    """By name (evolution.tensors)."""

    @property
    def alteration(self) -> str | None:
        """In what the tensors differ from the parameters that the format makes; None: in nothing."""
        return alteration(self.chain.architecture)

    def metadata(self) -> dict[str, str]:
        """What is written beside the weights."""
        return {
            "policy": self.id,
            "parameters_sha256": self.parameters_sha256,
            "note": f"{self.alteration}; {FINGERPRINT}" if self.alteration else FINGERPRINT,
            "document": json.dumps(self.chain.document(), ensure_ascii=False),
        }


def identify(chain: SeedChain) -> Identity:
    """The policy with its weights, made from the seeds."""
    parameters = expand(chain)
    fingerprint = hashlib.sha256(parameters.astype("<f4", copy=False).tobytes()).hexdigest()
    tensors = named_tensors(chain.architecture, parameters)
    return Identity(
        chain, policy_id(chain), fingerprint, {name: np.ascontiguousarray(t) for name, t in tensors.items()}
    )


def file_stem(chain: SeedChain) -> str:
    """A name for the policy's files: what it plays and the first digits of its id, `frostbite-v5-1a2b3c4d`."""
    game = chain.environment.id.rsplit("/", 1)[-1].lower()
    return f"{re.sub('[^a-z0-9]+', '-', game).strip('-')[:50] or 'policy'}-{policy_id(chain)[:8]}"
