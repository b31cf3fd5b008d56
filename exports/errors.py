"""Why a policy cannot be written in some format. Each error's message is one clear line that says what to do."""


class ExportError(Exception):
    """The policy cannot be written in this format; the message says why and what to do."""


class UnknownExport(ExportError):
    """There is no such format: choose one that the message names."""


class MissingPackage(ExportError):
    """What writes the format is not installed: pip install 'neuroevolution[export]'."""


class TooManyParameters(ExportError):
    """The network is too large for one file of weights: keep the document (format json), which says the same."""
