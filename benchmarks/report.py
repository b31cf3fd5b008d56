"""All measurements of `neuroevo bench worker`, as JSON values."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from benchmarks.billion import billion_frames
from benchmarks.chains import ImageName, chains_for, count_kinds
from benchmarks.crowd import Plan, measure
from benchmarks.memory import measure_memory
from benchmarks.peers import PEERS, missing_peers
from benchmarks.preparation import Preparation
from benchmarks.slices import LEAST_ROUNDS, Key
from benchmarks.summary import Pace, Processes, bare_rate, pace
from benchmarks.vector import cartpole_steps

LONGEST_SLICE_SECONDS = 1.0
VECTOR_SHARE = 0.06
"""Of the time for measuring; one process and all cores halve the rest."""


class Wish(NamedTuple):
    """What is asked for."""

    game: str
    """Gymnasium id."""
    architectures: Sequence[ImageName]
    peers: bool
    seconds: float
    """Of measuring in turns; beginning, mutation, cold chain and memory come on top."""
    processes: int
    """On every core at once."""
    core_hour_price: float | None = None
    """Of this machine, US dollars."""


Say = Callable[[str], None]


def worker_report(wish: Wish, say: Say) -> dict[str, Any]:
    """Everything, with medians and quartiles. `say` is told what is being done.

    Raises:
        UnplayableEnvironment: the game cannot be made here.
        ReplayDiffers: the bare emulator played another game than the worker.
        NoMeasure: an evaluation process failed.
    """
    problems = missing_peers() if wish.peers else {}
    plan = _plan(wish, [name for name in PEERS if name not in problems] if wish.peers else [])
    share = wish.seconds * (1 - VECTOR_SHARE) / 2
    report = {
        "game": wish.game,
        "policies": {name: count_kinds(chains_for(name, wish.game))._asdict() for name in wish.architectures},
        **preparation(wish, say),
        "vector": {"cartpole": cartpole(wish, say)},
        **paces(plan, 1, share, problems, say),
        "all_cores": paces(plan, wish.processes, share, problems, say),
    }
    return report | {"billion_frames": billion_frames(report["all_cores"]["architectures"], wish.core_hour_price)}


def paces(plan: Plan, processes: int, seconds: float, problems: dict[str, str], say: Say) -> dict[str, Any]:
    """Frames per second, of one process, and ratios to the bare emulator while so many play at once."""
    say(f"playing in turns for {seconds:.0f} s, {_several(processes)}")
    rounds = measure(plan, processes, seconds)
    bare = bare_rate(rounds, plan.architectures)
    return {
        "processes": processes,
        "rounds": len(rounds[0]),
        "slice_seconds": plan.slice_seconds,
        "raw": {"frames_per_second": bare.frames_per_second, "spread": list(bare.quartiles)},
        "architectures": _by_architecture(plan, rounds, "ours"),
        "peers": {name: _peer(plan, rounds, name) for name in plan.peers}
        | {name: {"ratio": None, "problem": problem} for name, problem in problems.items()},
    }


def preparation(wish: Wish, say: Say) -> dict[str, Any]:
    """Mutation, cold chain, memory."""
    say("timing mutations and a chain of 1,000 seeds")
    times = Preparation(wish.game)
    mutation, cold_chain = times.mutation_milliseconds(), times.cold_chain_seconds()
    say("starting two evaluation processes to see what memory they take")
    memory = measure_memory(wish.game, wish.architectures)
    return {
        "mutation_ms": mutation,
        "cold_chain_1000_s": cold_chain,
        "memory": memory._asdict() if memory else None,
    }


def cartpole(wish: Wish, say: Say) -> dict[str, Any]:
    """The lean loop of vector environments."""
    seconds = wish.seconds * VECTOR_SHARE
    say(f"balancing the pole for {seconds:.0f} s")
    steps = cartpole_steps(seconds, min(LONGEST_SLICE_SECONDS, seconds / (2 * LEAST_ROUNDS)))._asdict()
    return steps | {"spread": list(steps.pop("ratio_quartiles"))}


def _plan(wish: Wish, peers: Sequence[str]) -> Plan:
    contenders = len(wish.architectures) * (2 + len(peers))
    share = wish.seconds * (1 - VECTOR_SHARE) / 2
    return Plan(wish.game, wish.architectures, peers, min(LONGEST_SLICE_SECONDS, share / (LEAST_ROUNDS * contenders)))


def _by_architecture(plan: Plan, rounds: Processes, contender: str) -> dict[str, Any]:
    return {name: _said(pace(rounds, Key(contender, name))) for name in plan.architectures}


def _peer(plan: Plan, rounds: Processes, name: str) -> dict[str, Any]:
    """Its figures for each architecture; `ratio` is the first one's."""
    found = _by_architecture(plan, rounds, name)
    first = plan.architectures[0]
    return {"ratio": found[first]["ratio"], "architecture": first, "architectures": found}


def _said(pace: Pace) -> dict[str, Any]:
    return {
        "frames_per_second": pace.frames_per_second,
        "ratio": pace.ratio,
        "spread": list(pace.ratio_quartiles),
        "raw_frames_per_second": pace.raw_frames_per_second,
    }


def _several(processes: int) -> str:
    return "one process" if processes == 1 else f"{processes} processes at once"
