"""The README speaks of settings, commands and options that exist."""

import re
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from cli.main import app
from server.settings import PREFIX, Settings

README = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
FENCES = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = [
    line.split("#")[0].strip() for fence in FENCES for line in fence.splitlines() if line.startswith("neuroevo ")
]


def settings_row(name: str) -> str:
    field = Settings.model_fields[name]
    if field.is_required():
        default = "required"
    elif field.default_factory is not None:
        default = "drawn"
    else:
        default = f"`{field.default}`"
    return f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |"


def options_of(words: list[str]) -> set[str]:
    """The options of the command that the words name, such as `run create …`."""
    command = typer.main.get_command(app)
    while isinstance(command, TyperGroup):
        assert command.commands.get(words[0]) is not None, f"no such command: {words}"
        command, words = command.commands[words[0]], words[1:]
    return {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_the_readme_gives_each_setting_with_its_default_and_meaning(name: str) -> None:
    assert settings_row(name) in README


def test_the_readme_names_no_setting_that_does_not_exist() -> None:
    named = set(re.findall(rf"^\| `{PREFIX}([A-Z_]+)`", README, flags=re.MULTILINE))
    assert named == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_of_the_readme_exists_with_its_options(line: str) -> None:
    words = line.split()[1:]
    assert {word for word in words if word.startswith("--")} <= options_of(words)


def test_every_picture_of_the_readme_is_there() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures
    assert all(Path(__file__).parents[2].joinpath(picture).is_file() for picture in pictures)
