"""The base of every value that is exchanged or stored: frozen, and deaf to nothing."""

from pydantic import BaseModel, ConfigDict, JsonValue


class Value(BaseModel):
    """A frozen value. Unknown fields, NaN and infinities are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def about(unit: str | None, source: str) -> dict[str, JsonValue]:
    """What a field's JSON schema says beside title and description: its unit, if it has one, and its source."""
    return {"source": source} if unit is None else {"unit": unit, "source": source}
