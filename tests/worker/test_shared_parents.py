"""Several processes want parents of common descent at once, and one of them may be killed while it builds one."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from evolution.architectures import MlpArchitecture
from evolution.expansion import expand
from tests.worker.conftest import chain
from worker.holdings import branchings
from worker.shelf import open_memory

POWER = 0.05
SMALL = MlpArchitecture(name="mlp", inputs=4, hidden=[16], actions=2)
CHAINS = {
    "a": [*range(40)],
    "b": [*range(36), 50, 51],
    "c": [*range(36), 50, 52, 53],
    "d": [*range(20), 60, 61],
}
RAISES = """
import hashlib, json, sys
import numpy as np
from evolution.architectures import MlpArchitecture
from tests.worker.reference import PlainExpansion
from worker.individuals import Individual, Parents
from worker.shelf import Shelf

architecture = MlpArchitecture(name="mlp", inputs=4, hidden=[16], actions=2)
file, stops_at, wanted = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])

class Told(PlainExpansion):
    def mutate(self, parent, seeds, powers, out):
        for seed, power in zip(seeds, powers):
            if seed == stops_at:
                out[:] = np.nan
                print("stopped", flush=True)
                sys.stdin.readline()
            super().mutate(parent, [seed], [power], out)
            parent = out
            print(seed, flush=True)

expansion, parents = Told(architecture), Parents(Shelf(file))
out = np.empty(expansion.size, np.float32)
print("ready", flush=True)
sys.stdin.readline()
for seeds, lengths in wanted:
    parents.raise_individual(Individual(architecture, seeds, [0.05] * len(seeds), None, lengths), expansion, out)
    print(hashlib.sha256(out.tobytes()).hexdigest(), flush=True)
"""
NEVER = -1
Raiser = subprocess.Popen[str]
Raise = Callable[..., Raiser]


@pytest.fixture
def raiser() -> Iterator[Raise]:
    """Starts processes that raise the chains of these names, in this order, once they are told; none outlives the test.

    They tell the seed of each mutation that they make, and the digest of each parent.
    """
    file = open_memory()
    started: list[Raiser] = []
    lengths = branchings(CHAINS)

    def start(names: Sequence[str], stops_at: int = NEVER) -> Raiser:
        wanted = json.dumps([(CHAINS[name], lengths[name]) for name in names])
        arguments = [sys.executable, "-c", RAISES, str(file), str(stops_at), wanted]
        process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=[file])
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
    os.close(file)


def told(process: Raiser) -> list[str]:
    """All lines to the end."""
    return process.communicate("\n", timeout=60)[0].split()


def wait_for(process: Raiser, word: str) -> None:
    assert process.stdout is not None
    while (line := process.stdout.readline().strip()) != word:
        assert line


def begin(process: Raiser) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def digests(names: Sequence[str]) -> list[str]:
    policies = [chain("CartPole-v1", SMALL, seeds=tuple(CHAINS[name]), power=POWER) for name in names]
    return [hashlib.sha256(expand(policy).tobytes()).hexdigest() for policy in policies]


def edges(chains: Mapping[str, Sequence[int]]) -> int:
    """Mutations, when what is shared is made once."""
    return len({tuple(seeds[:length]) for seeds in chains.values() for length in range(2, len(seeds) + 1)})


def test_processes_that_want_the_same_parents_at_once_share_the_work(raiser: Raise) -> None:
    orders = ["abcd", "dcba", "cadb"]
    processes = [raiser(order) for order in orders]
    for process in processes:
        wait_for(process, "ready")
    for process in processes:
        begin(process)
    made: Counter[str] = Counter()
    for process, order in zip(processes, orders, strict=True):
        lines = told(process)
        found = [line for line in lines if len(line) == 64]
        assert found == digests(order)
        made.update(line for line in lines if len(line) < 64)
    assert made.total() == edges(CHAINS)


@pytest.mark.parametrize("stops_at", [10, 37])
def test_what_a_killed_process_was_building_is_built_by_those_who_wait(raiser: Raise, stops_at: int) -> None:
    doomed, waiting = raiser("abcd", stops_at), raiser("bacd")
    wait_for(doomed, "ready")
    begin(doomed)
    wait_for(doomed, "stopped")
    wait_for(waiting, "ready")
    begin(waiting)
    doomed.kill()
    doomed.wait()
    assert [line for line in told(waiting) if len(line) == 64] == digests("bacd")
