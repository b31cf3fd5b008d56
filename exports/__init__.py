"""What others can read: a policy as its document, as safetensors, as ONNX, as a model card. Needs no torch."""

from exports.card import VIDEO, Score
from exports.errors import ExportError, MissingPackage, TooManyParameters, UnknownExport
from exports.formats import EXPORTS, Export, export_card, export_policy

__all__ = [
    "EXPORTS",
    "VIDEO",
    "Export",
    "ExportError",
    "MissingPackage",
    "Score",
    "TooManyParameters",
    "UnknownExport",
    "export_card",
    "export_policy",
]
