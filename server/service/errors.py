"""What can go wrong in a use case: one class for one cause. The messages say what to do."""

from collections.abc import Sequence
from typing import TypedDict

from server.storage.errors import DatabaseUnavailable, NotLeading

__all__ = [
    "AmbiguousPolicy",
    "Conflict",
    "DamagedMedia",
    "DatabaseUnavailable",
    "FieldError",
    "InvalidConfiguration",
    "InvalidPolicy",
    "MalformedRun",
    "NotExportable",
    "NotFound",
    "NotLeading",
    "Overloaded",
    "ProtocolMismatch",
    "UnknownEnvironment",
]


class FieldError(TypedDict):
    """What is wrong with one field; `field` is its dotted path, as in `budget.frames`."""

    field: str
    message: str


class NotFound(Exception):
    """There is no such run, generation or policy. List those that exist."""


class Conflict(Exception):
    """The state that it is in forbids this."""


class AmbiguousPolicy(Exception):
    """Several policies have ids that begin so. Give more digits."""


class MalformedRun(Exception):
    """The file is no whole run; the message says why. Export it again."""


class InvalidPolicy(Exception):
    """The document is no policy that can be kept; the message says why."""


class NotExportable(Exception):
    """This server cannot write the policy in the format asked for. Take `json`, which every policy has."""


class DamagedMedia(Exception):
    """The video or poster is damaged; the message says in what way. Send it again, whole."""


class InvalidConfiguration(Exception):
    """The configuration, or another value asked for, is not valid: correct the fields that `errors` names."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error['field']}: {error['message']}" for error in errors))
        self.errors = list(errors)


class UnknownEnvironment(Exception):
    """No connected worker can make this environment. Start a worker that can, or choose one that is listed."""


class ProtocolMismatch(Exception):
    """Worker and server speak different protocol versions. Install the same version of neuroevo on both."""


class Overloaded(DatabaseUnavailable):
    """More results arrive than the database takes. Nothing of this request was stored: send it again in a moment."""
