"""How scores were made, in words: only scores of one protocol may be compared."""

from evolution.environments import AtariOptions, ClassicAtariOptions, Environment


def protocol_of(environment: Environment) -> str:
    """What an environment's options say of its scores: `sticky actions 0.25, 5,000 steps, minimal actions`.

    The number of episodes is no part of it: means of few and of many episodes estimate the same.
    """
    return ", ".join(rules_of(environment)) or "the environment's own rules"


def rules_of(environment: Environment) -> list[str]:
    """What its options say, one by one; none where the environment's own rules hold."""
    settings, parts = environment.settings, []
    if isinstance(settings, AtariOptions):
        parts.append(f"sticky actions {settings.sticky_actions:g}" if settings.sticky_actions else "no sticky actions")
        parts.append(f"{settings.max_steps:,} steps")
        parts.append("minimal actions" if settings.minimal_actions else "all actions")
        if settings.frame_skip != AtariOptions().frame_skip:
            parts.append(f"frame skip {settings.frame_skip}")
    elif isinstance(settings, ClassicAtariOptions):
        parts += [
            "no sticky actions",
            "frame skip 2 to 4 at random",
            f"{settings.max_steps:,} steps",
            "minimal actions",
        ]
    elif (steps := getattr(settings, "max_steps", None)) is not None:
        parts.append(f"{steps:,} steps")
    return parts
