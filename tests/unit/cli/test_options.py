"""Every option of every command."""

from collections.abc import Iterator

from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from cli.main import app


def _commands(group: TyperGroup, path: str = "neuroevo") -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _commands(command, f"{path} {name}")
        else:
            assert isinstance(command, TyperCommand)
            yield f"{path} {name}", command


def _root() -> TyperGroup:
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    return root


def test_every_option_has_an_environment_variable() -> None:
    bare = [
        f"{path} {option.opts}"
        for path, command in _commands(_root())
        for option in command.params
        if isinstance(option, TyperOption) and "--help" not in option.opts
        if not str(option.envvar or "").startswith("NEUROEVO_")
    ]
    assert bare == []


def test_every_command_and_option_says_what_it_is_for() -> None:
    silent = [path for path, command in _commands(_root()) if not command.help]
    silent += [
        f"{path} {option.name}"
        for path, command in _commands(_root())
        for option in command.params
        if isinstance(option, TyperOption) and not option.help
    ]
    assert silent == []


def test_the_documented_commands_are_there() -> None:
    names = {path.removeprefix("neuroevo ") for path, _ in _commands(_root())}
    runs = {f"run {verb}" for verb in ("create", "list", "show", "watch", "pause", "resume", "stop", "clone", "plot")}
    assert names >= {"up", "server start", "worker start", "db upgrade", "doctor", "version", *runs}
    assert names >= {"policy list", "policy show", "policy evaluate", "policy import", "run delete", "bench worker"}
