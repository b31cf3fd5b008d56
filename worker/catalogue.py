"""What this worker can play: said in its announcement, and one environment at a time in answer to `describe`."""

from collections.abc import Mapping

import gymnasium

from evolution.architectures import IMAGE_SHAPE
from evolution.cshenton import SCREEN_SHAPE
from evolution.environments import (
    Actions,
    AtariOptions,
    DiscreteActions,
    Environment,
    EnvironmentDescription,
)
from worker.episode import UnplayableEnvironment
from worker.registry import EMULATOR, classic_rom_of, engine_of, rom_of
from worker.vector import DEFAULT_FRAMES_PER_SECOND, VectorGame, naming_failures


def announce_engines(own: Mapping[str, str]) -> dict[str, str]:
    """The engine of each environment that can be played here.

    `own`: ids that the user's modules registered, with the module; those are announced even if no policy fits them,
    so that a run of one is refused with the reason.
    """
    return {
        environment_id: engine_of(environment_id, own.get(environment_id))
        for environment_id in sorted(gymnasium.registry)
        if environment_id in own or _is_playable(environment_id)
    }


def describe(environment: Environment, own: Mapping[str, str]) -> EnvironmentDescription:
    """The environment's spaces and engine, or in `problem` why it cannot be played and what to do.

    Nothing that the environment's own code raises comes out of here.
    """
    engine = engine_of(environment.id, own.get(environment.id))
    try:
        with naming_failures(environment.id, "it cannot be described"):
            rom = rom_of(environment.id)
            if rom is not None:
                return _describe_atari(environment, rom, engine)
            classic_rom = classic_rom_of(environment.id)
            if classic_rom is not None:
                return _describe_classic(environment, classic_rom, engine)
            return _describe_vector(environment, engine)
    except UnplayableEnvironment as error:
        return describe_problem(environment, engine, str(error))


def describe_problem(environment: Environment, engine: str, problem: str) -> EnvironmentDescription:
    """The description of an environment that this worker cannot play. `problem`: why, and what to do."""
    return _description(environment, engine, [], None, DEFAULT_FRAMES_PER_SECOND, problem=problem)


def _describe_atari(environment: Environment, rom: str, engine: str) -> EnvironmentDescription:
    from worker.atari import FRAMES_PER_SECOND, AtariGame, action_meanings

    codes = AtariGame(rom).actions(AtariOptions.model_validate(environment.options))
    actions = DiscreteActions(n=len(codes), meanings=action_meanings(codes))
    fitting = ["nature-dqn", "uber-large"]
    return _description(environment, engine, list(IMAGE_SHAPE), actions, FRAMES_PER_SECOND, fitting)


def _describe_classic(environment: Environment, rom: str, engine: str) -> EnvironmentDescription:
    from worker.atari import FRAMES_PER_SECOND, action_meanings
    from worker.classic_atari import ClassicAtariGame

    game = ClassicAtariGame(rom)
    if game.screen_shape != SCREEN_SHAPE:
        shape = " x ".join(map(str, game.screen_shape))
        return describe_problem(environment, engine, f"no policy fits {environment.id}: its screen is of {shape}")
    actions = DiscreteActions(n=len(game.actions), meanings=action_meanings(game.actions))
    return _description(environment, engine, list(SCREEN_SHAPE), actions, FRAMES_PER_SECOND, ["cshenton-2018"])


def _describe_vector(environment: Environment, engine: str) -> EnvironmentDescription:
    game = VectorGame(environment.id)
    description = _description(
        environment,
        engine,
        [game.observations],
        game.actions,
        game.frames_per_second,
        ["mlp"],
        deterministic=game.deterministic,
    )
    game.close()
    return description


def _description(
    environment: Environment,
    engine: str,
    shape: list[int],
    actions: Actions | None,
    frames_per_second: float,
    architectures: list[str] | None = None,
    *,
    deterministic: bool = True,
    problem: str | None = None,
) -> EnvironmentDescription:
    return EnvironmentDescription(
        environment=environment,
        engine=engine,
        observation_shape=shape,
        actions=actions,
        frames_per_second=frames_per_second,
        deterministic=deterministic,
        architectures=architectures or [],
        problem=problem,
    )


def _is_playable(environment_id: str) -> bool:
    if rom_of(environment_id) is not None or classic_rom_of(environment_id) is not None:
        return True
    # Further versions of the Atari games are not played.
    if str(gymnasium.registry[environment_id].entry_point).startswith(EMULATOR):
        return False
    try:
        VectorGame(environment_id).close()
    except UnplayableEnvironment:
        return False
    return True
