"""Starting points for a new run."""

from typing import Any

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from evolution.configuration import Preset, RunConfiguration, preset_configuration
from evolution.model import Value
from evolution.presets import PRESET_TEXTS
from server.views import Listing

router = APIRouter(prefix="/presets", tags=["presets"])


class PresetView(Value):
    """A preset with its whole configuration, defaults written out."""

    name: Preset
    title: str
    description: str
    configuration: RunConfiguration


class PresetListing(Listing[PresetView]):
    """The presets, and the JSON schema that a form for any configuration follows from."""

    model_config = ConfigDict(serialize_by_alias=True)

    configuration_schema: dict[str, Any] = Field(
        alias="schema", description="JSON schema of RunConfiguration: titles, descriptions, limits, units, sources."
    )


@router.get("", summary="List the presets, with the schema of a run's configuration")
async def list_presets() -> PresetListing:
    """Every value of a preset can be changed in POST /runs."""
    presets = [
        PresetView(name=name, title=text.title, description=text.description, configuration=preset_configuration(name))
        for name, text in PRESET_TEXTS.items()
    ]
    return PresetListing(items=presets, schema=RunConfiguration.model_json_schema())
