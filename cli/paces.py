"""The measurements of `bench worker` in words and a table."""

from collections.abc import Iterator
from typing import Any

from cli.output import MISSING, dollars, fields, table

Row = tuple[str, ...]

PEER_NAMES = {
    "gymnasium": "Gymnasium + torch",
    "atari-vector-env": "AtariVectorEnv + torch",
    "envpool": "EnvPool + torch",
}


def describe(report: dict[str, Any]) -> str:
    """Who was how fast, then the rest."""
    cores = report["all_cores"]["processes"]
    header = ("frames/s of one process", "alone", "ratio", "middle half", f"{cores} at once", "ratio", "middle half")
    parts = [_title(report), table(header, list(_rows(report))), *_absent(report), "", fields(_rest(report))]
    return "\n".join(parts)


def _title(report: dict[str, Any]) -> str:
    machine = report["machine"]
    return f"{report['game']} on {machine['processor']}, {report['rounds']}+{report['all_cores']['rounds']} rounds\n"


def _rows(report: dict[str, Any]) -> Iterator[Row]:
    together = report["all_cores"]
    yield ("bare emulator", _count(report["raw"]), "1", MISSING, _count(together["raw"]), "1", MISSING)
    for name, found in report["architectures"].items():
        yield (f"neuroevo, {name}", *_cells(found), *_cells(together["architectures"][name]))
    for peer, measured in report["peers"].items():
        for name, found in measured.get("architectures", {}).items():
            cells = _cells(found), _cells(together["peers"][peer]["architectures"][name])
            yield (f"{PEER_NAMES[peer]}, {name}", *cells[0], *cells[1])


def _absent(report: dict[str, Any]) -> Iterator[str]:
    for peer, measured in report["peers"].items():
        if "problem" in measured:
            yield f"{PEER_NAMES[peer]}: {measured['problem']} (make bench installs it where it can be had)"


def _rest(report: dict[str, Any]) -> list[tuple[str, str]]:
    memory, pole = report["memory"], report["vector"]["cartpole"]
    low, high = pole["spread"]
    steps = f"{pole['steps_per_second']:,.0f} steps/s, {pole['ratio']:.2f} of the bare environment's"
    taken = (
        f"{memory['process_rss_mb']:.0f} MB a process, {memory['further_process_mb']:.0f} MB each further one"
        if memory
        else "unknown on this system"
    )
    billion = [
        ("10⁹ frames", f"{name}, {found['core_hours']:,.0f} core-hours" + _price(found["dollars"]))
        for name, found in report["billion_frames"].items()
    ]
    return [
        *billion,
        ("CartPole", f"{steps} ({low:.2f}–{high:.2f})"),
        ("mutation", f"{report['mutation_ms']:.1f} ms, uber-large, of a kept parent"),
        ("cold chain", f"{report['cold_chain_1000_s']:.1f} s, uber-large, 1,000 seeds"),
        ("memory", taken),
        ("engine", report["engine"]),
    ]


def _price(amount: float | None) -> str:
    return "" if amount is None else f", {dollars(amount)}"


def _cells(found: dict[str, Any]) -> Row:
    low, high = found["spread"]
    return (_count(found), f"{found['ratio']:.2f}", f"{low:.2f}–{high:.2f}")


def _count(found: dict[str, Any]) -> str:
    return f"{found['frames_per_second']:,.0f}"
