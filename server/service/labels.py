"""Names and tags that people give to policies and tokens."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints


def _sayable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("take out line breaks and other characters that cannot be shown")
    return text


def _distinct(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


PolicyName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_sayable)
]
TokenName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_sayable)
]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), AfterValidator(_sayable)]
Tags = Annotated[list[Tag], Field(max_length=50), AfterValidator(_distinct)]
