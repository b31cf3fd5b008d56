"""The formats in which a policy can be taken away, and the files that they make."""

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

from evolution.chains import SeedChain
from evolution.layouts import parameter_count
from exports.card import Score, card_of
from exports.errors import MissingPackage, TooManyParameters, UnknownExport
from exports.identity import Identity, file_stem, identify

MOST_PARAMETERS = 2**28
"""A gigabyte of weights. An ONNX file, as one protocol buffer, ends at two."""


CARD_NAME = "README.md"


class Export(NamedTuple):
    """A file to hand out."""

    data: bytes
    file_name: str
    """Suggested."""
    media_type: str


class Kind(NamedTuple):
    """What a format is."""

    extension: str
    media_type: str
    is_text: bool
    write: Callable[[SeedChain, Sequence[Score]], bytes]


def export_policy(chain: SeedChain, format: str, scores: Sequence[Score] = ()) -> Export:
    """The chain's policy as a file of one of EXPORTS: json, safetensors, onnx or card. The same bytes every time.

    `scores`: what the card tells of it; the other formats have no place for them. Weights are made from the seeds,
    which takes a tenth of a second for each mutation of four million of them.

    Raises:
        UnknownExport: there is no such format.
        MissingPackage: what writes it is not installed.
        TooManyParameters: the network has more than MOST_PARAMETERS, and the format would hold or hash them.
    """
    kind = EXPORTS.get(format)
    if kind is None:
        raise UnknownExport(f"no format {format[:100]!r}: choose one of {', '.join(EXPORTS)}")
    name = CARD_NAME if format == "card" else f"{file_stem(chain)}{kind.extension}"
    return Export(kind.write(chain, scores), name, kind.media_type)


def export_card(chain: SeedChain, scores: Sequence[Score], replay: str) -> Export:
    """The card that stands beside a video. `replay`: what it shows, in words. Raises as `export_policy`."""
    return Export(card_of(_identify(chain), scores, replay).encode(), CARD_NAME, EXPORTS["card"].media_type)


def _write_document(chain: SeedChain, _: Sequence[Score]) -> bytes:
    members = (f" {json.dumps(name)}: {json.dumps(value)}" for name, value in chain.document().items())
    return "".join(["{\n", ",\n".join(members), "\n}\n"]).encode()


def _write_safetensors(chain: SeedChain, _: Sequence[Score]) -> bytes:
    try:
        from exports.weights import write_safetensors
    except ImportError as error:
        raise _missing("safetensors", error) from error
    return write_safetensors(_identify(chain))


def _write_onnx(chain: SeedChain, _: Sequence[Score]) -> bytes:
    try:
        from exports.network import write_onnx
    except ImportError as error:
        raise _missing("onnx", error) from error
    return write_onnx(_identify(chain))


def _write_card(chain: SeedChain, scores: Sequence[Score]) -> bytes:
    return card_of(_identify(chain), scores).encode()


def _identify(chain: SeedChain) -> Identity:
    count = parameter_count(chain.architecture)
    if count > MOST_PARAMETERS:
        raise TooManyParameters(
            f"this network has {count:,} parameters, and files are written of up to {MOST_PARAMETERS:,}: take the "
            "document instead (format json), from which the weights can be made anywhere"
        )
    return identify(chain)


def _missing(package: str, error: ImportError) -> MissingPackage:
    return MissingPackage(f"{package} is needed for this format and not installed ({error}): "
                          "pip install 'neuroevolution[export]'")  # fmt: skip


EXPORTS = {
    "json": Kind(".json", "application/json", is_text=True, write=_write_document),
    "safetensors": Kind(".safetensors", "application/octet-stream", is_text=False, write=_write_safetensors),
    "onnx": Kind(".onnx", "application/octet-stream", is_text=False, write=_write_onnx),
    "card": Kind(".md", "text/markdown; charset=utf-8", is_text=True, write=_write_card),
}
