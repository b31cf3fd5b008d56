"""Commands of `neuroevo` as a container starts them: the command, its options and its variables exist."""

from functools import cache

import typer.main
from typer.core import TyperCommand, TyperGroup, TyperOption

from cli.main import app
from server.settings import PREFIX, Settings


@cache
def _root() -> object:
    return typer.main.get_command(app)


def command_of(words: list[str]) -> TyperCommand | None:
    """The command that the words name, such as `run create …`; None if there is none."""
    command = _root()
    while isinstance(command, TyperGroup):
        found = command.commands.get(words[0]) if words else None
        if found is None:
            return None
        command, words = found, words[1:]
    return command if isinstance(command, TyperCommand) else None


def variables_of(words: list[str]) -> set[str]:
    """The variables that a command reads; of `server start` the settings' too."""
    command = command_of(words)
    assert command is not None
    options = {str(each.envvar) for each in command.params if isinstance(each, TyperOption) and each.envvar}
    if words[:2] == ["server", "start"]:
        options |= {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    return options


def neuroevo_complaint(words: list[str], variables: dict[str, str]) -> str | None:
    """What is wrong with a command line of ours in this environment."""
    command = command_of(words[1:])
    if command is None:
        return f"there is no command {' '.join(words)}"
    options = {name for each in command.params for name in each.opts}
    unknown = [word for word in words if word.startswith("--") and word not in options]
    unknown += [name for name in sorted(variables) if name.startswith(PREFIX) and name not in variables_of(words[1:])]
    return f"{' '.join(words)} knows no {', '.join(unknown)}" if unknown else None
