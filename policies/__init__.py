"""The policies that ship with the product, as documents that `neuroevo policy import` reads.

Beside a chain's five members each has `name`, `tags`, `scores` (one entry a protocol, with every episode's seed) and
`source`, in words.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any


def shipped() -> list[dict[str, Any]]:
    """The documents as JSON values, in order of their files' names; `evolution.chains.parse_chain` reads each."""
    return [json.loads(text) for text in _texts()]


@cache
def _texts() -> list[str]:
    found = [file for file in files(__name__).iterdir() if file.name.endswith(".json")]
    return [file.read_text(encoding="utf-8") for file in sorted(found, key=lambda file: file.name)]
