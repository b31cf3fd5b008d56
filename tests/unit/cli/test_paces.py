"""The table of `bench worker`."""

from typing import Any

from cli.paces import describe


def pace(rate: float, ratio: float) -> dict[str, Any]:
    return {
        "frames_per_second": rate,
        "ratio": ratio,
        "spread": [ratio - 0.01, ratio + 0.01],
        "raw_frames_per_second": 2e4,
    }


def paces(processes: int, ours: float) -> dict[str, Any]:
    peer = {"ratio": 0.25, "architecture": "nature-dqn", "architectures": {"nature-dqn": pace(5000, 0.25)}}
    return {
        "processes": processes,
        "rounds": 12,
        "raw": {"frames_per_second": 20000.0, "spread": [19000.0, 21000.0]},
        "architectures": {"nature-dqn": pace(20000 * ours, ours)},
        "peers": {"gymnasium": peer, "envpool": {"ratio": None, "problem": "not installed: No module named 'envpool'"}},
    }


def report() -> dict[str, Any]:
    pole = {"steps_per_second": 1e5, "raw_steps_per_second": 2e5, "ratio": 0.5, "spread": [0.49, 0.51]}
    return {
        "game": "ALE/Frostbite-v5",
        "machine": {"processor": "Some CPU"},
        "engine": "exact-1",
        "mutation_ms": 3.31,
        "cold_chain_1000_s": 4.2,
        "billion_frames": {"nature-dqn": {"core_hours": 64.3, "dollars": None}},
        "memory": {"process_rss_mb": 500.2, "process_pss_mb": 480.0, "further_process_mb": 199.6},
        "vector": {"cartpole": pole},
        **paces(1, 0.75),
        "all_cores": paces(8, 0.7),
    }


def test_each_contender_has_its_rate_and_ratio_alone_and_on_all_cores() -> None:
    lines = [line.split() for line in describe(report()).splitlines()]
    assert ["bare", "emulator", "20,000", "1", "–", "20,000", "1", "–"] in lines
    assert ["neuroevo,", "nature-dqn", "15,000", "0.75", "0.74–0.76", "14,000", "0.70", "0.69–0.71"] in lines
    assert [
        "Gymnasium",
        "+",
        "torch,",
        "nature-dqn",
        "5,000",
        "0.25",
        "0.24–0.26",
        "5,000",
        "0.25",
        "0.24–0.26",
    ] in lines


def test_a_peer_that_is_not_installed_is_said_to_be() -> None:
    assert "EnvPool + torch: not installed: No module named 'envpool' (make bench" in describe(report())


def test_the_other_measurements_follow() -> None:
    text = describe(report())
    assert "mutation    3.3 ms" in text
    assert "500 MB a process, 200 MB each further one" in text
    assert "100,000 steps/s, 0.50 of the bare environment's (0.49–0.51)" in text


def test_a_billion_frames_are_told_in_core_hours_and_at_a_price_in_dollars() -> None:
    assert "10⁹ frames  nature-dqn, 64 core-hours\n" in describe(report())
    priced = {"nature-dqn": {"core_hours": 64.3, "dollars": 1.286}}
    assert "64 core-hours, $1.29\n" in describe({**report(), "billion_frames": priced})


def test_memory_may_be_unknown() -> None:
    assert "unknown on this system" in describe({**report(), "memory": None})
