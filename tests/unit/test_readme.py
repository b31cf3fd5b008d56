"""The README speaks of settings, commands and options that exist."""

import re
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup, TyperOption

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
    elif field.default in {None, ""}:
        default = "none"
    else:
        default = f"`{field.default}`"
    return f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |"


def command_of(words: list[str]) -> TyperCommand:
    """The command that the words name, such as `run create …`."""
    command = typer.main.get_command(app)
    while isinstance(command, TyperGroup):
        assert command.commands.get(words[0]) is not None, f"no such command: {words}"
        command, words = command.commands[words[0]], words[1:]
    assert isinstance(command, TyperCommand)
    return command


def options_of(words: list[str]) -> set[str]:
    return {name for parameter in command_of(words).params for name in parameter.opts}


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_the_readme_gives_each_setting_with_its_default_and_meaning(name: str) -> None:
    assert settings_row(name) in README


def test_the_readme_names_no_setting_that_does_not_exist() -> None:
    named = set(re.findall(rf"^\| `{PREFIX}([A-Z_]+)`", README, flags=re.MULTILINE))
    assert named == {name.upper() for name in Settings.model_fields}


def test_the_readme_gives_each_option_of_a_worker_with_its_variable_and_meaning() -> None:
    named = re.findall(r"^\| `--.*", README, flags=re.MULTILINE)
    options = [option for option in command_of(["worker", "start"]).params if isinstance(option, TyperOption)]
    assert named == [f"| `{option.opts[0]}` | `{option.envvar}` | {option.help} |" for option in options]


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_of_the_readme_exists_with_its_options(line: str) -> None:
    words = line.split()[1:]
    assert {word for word in words if word.startswith("--")} <= options_of(words)


def test_every_picture_of_the_readme_is_there() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures
    assert all(Path(__file__).parents[2].joinpath(picture).is_file() for picture in pictures)
