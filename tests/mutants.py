"""Documents that are nearly right: JSON with one or two places changed into what readers stumble over."""

import json
from typing import Any

from hypothesis import strategies as st

ODD = [
    "null", "true", "-1", "0", "-0", "0.1", "1.0", "1e308", "1e400", "-1e400", "4294967296", "9223372036854775808",
    "9" * 400, "9" * 5000, "NaN", "-Infinity", '""', '"1"', '"\\ud800"', '"\\u0000"', '"\\u202e\\n"', f'"{"x" * 5000}"',
    '"0001-01-01T00:00:00+23:59"', "[]", "{}", "[[]]", '[{"a": 1}]', "[" * 900 + "]" * 900, "[" * 100_000,
    '{"a":' * 2000 + "1" + "}" * 2000,
]  # fmt: skip
"""Values as JSON writes them; some it does not know."""
TEXTS = ['"\\u0000"', '"a\\u0000b"', '"\\ud800"', '""', '"\\u202e\\n"']
"""What stands in a text's place half of the time."""
PLACE = "\ue000"
"""Stands for a value to be written in its place: no document has it."""
HEADS = [b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b"{}"]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all that is in a document but the whole; of long lists the first and the last."""
    inner = list(value.items()) if isinstance(value, dict) else []
    if isinstance(value, list) and value:
        inner = [(0, value[0]), (len(value) - 1, value[-1])]
    return [*((*path, name) for name, _ in inner), *(at for name, it in inner for at in places(it, (*path, name)))]


@st.composite
def mutants(draw: st.DrawFn, *documents: Any) -> bytes:
    """The bytes of one of the documents, changed."""
    document = json.loads(json.dumps(draw(st.sampled_from(documents))))
    written: list[str] = []
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(places(document)))
        inside = document
        for name in path[:-1]:
            inside = inside[name]
        _change(draw, inside, path[-1], written)
        if not places(document):
            break
    text = json.dumps(document)
    for number, value in enumerate(written):
        text = text.replace(f'"{PLACE.encode("ascii", "backslashreplace").decode()}{number}"', value)
    return _spoil(draw, text.encode())


def _change(draw: st.DrawFn, inside: Any, name: Any, written: list[str]) -> None:
    def place(value: str) -> str:
        written.append(value)
        return f"{PLACE}{len(written) - 1}"

    how = draw(st.sampled_from(["replace", "replace", "replace", "remove", "add", "repeat", "lengthen"]))
    if how == "remove":
        del inside[name]
    elif how == "lengthen" and isinstance(inside, list):
        inside += inside * draw(st.sampled_from([1, 2, 300]))
    elif how == "add" and isinstance(inside, dict):
        inside[draw(st.sampled_from(["", "extra", "__class__", "\0"]))] = place(draw(st.sampled_from(ODD)))
    elif how == "repeat" and isinstance(inside, dict):
        inside[place(json.dumps(name))] = inside[name]
    else:
        is_text = isinstance(inside[name], str) and draw(st.booleans())
        inside[name] = place(draw(st.sampled_from(TEXTS if is_text else ODD)))


def _spoil(draw: st.DrawFn, content: bytes) -> bytes:
    """Mostly the content itself; at times cut, with something before it, or with one bit changed."""
    how = draw(st.integers(0, 9))
    if how == 0:
        return content[: draw(st.integers(0, len(content)))]
    if how == 1:
        return draw(st.sampled_from(HEADS)) + content
    if how == 2:
        at = draw(st.integers(0, len(content) - 1))
        return content[:at] + bytes([content[at] ^ 1 << draw(st.integers(0, 7))]) + content[at + 1 :]
    return content
