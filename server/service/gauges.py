"""What the master's memory tells at the moment at which `/metrics` is asked."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from server.service.memory import Memory
from server.service.worker_views import state_of
from server.storage.runs import ACTIVE_STATES
from server.views import WorkerState


class Gauges(Collector):
    """Read anew each time. A server that does not lead has no work, workers or runs to tell of."""

    def __init__(self, memory: Memory, is_leading: Callable[[], bool]) -> None:
        self._memory = memory
        self._is_leading = is_leading

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Each metric with its present samples."""
        memory, is_leading = self._memory, self._is_leading()
        yield GaugeMetricFamily("neuroevo_leading", "1 if this server leads, 0 if it stands by.", is_leading)
        yield GaugeMetricFamily(
            "neuroevo_leader_epoch", "Number of this server's leadership, 0 before it.", memory.epoch
        )
        yield GaugeMetricFamily(
            "neuroevo_database_up", "1 unless the database fails what it is asked.", memory.events.trouble is None
        )
        if is_leading:
            yield from self._work()
            yield from self._states()

    def _work(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        memory = self._memory
        yield GaugeMetricFamily(
            "neuroevo_outstanding_episodes",
            "Episodes that runs and jobs want now, those in play included, be there workers or not.",
            sum(run.outstanding for run in memory.runs.values()) + memory.jobs.outstanding,
        )
        yield GaugeMetricFamily(
            "neuroevo_waiting_requests", "Requests of workers that wait for work.", len(memory.waiters)
        )
        expiries = CounterMetricFamily(
            "neuroevo_lease_expiries", "Leases that ended since nobody extended them in time.", labels=["work"]
        )
        expiries.add_metric(["run"], memory.schedule.expired)
        expiries.add_metric(["job"], memory.jobs.schedule.expired)
        yield expiries

    def _states(self) -> Iterator[GaugeMetricFamily]:
        memory = self._memory
        busy = memory.schedule.workers() | memory.jobs.workers()
        workers: Counter[str] = Counter(state_of(worker, busy=worker.id in busy) for worker in memory.workers.all())
        yield _by_state(
            "neuroevo_workers",
            "Workers of the last hour, as the dashboard names their states.",
            get_args(WorkerState),
            workers,
        )
        yield GaugeMetricFamily(
            "neuroevo_worker_slots", "Evaluation processes of the workers that serve.", memory.workers.slots
        )
        runs: Counter[str] = Counter(run.state for run in memory.runs.values())
        yield _by_state("neuroevo_runs", "Runs that may still go on.", ACTIVE_STATES, runs)


def _by_state(name: str, meaning: str, states: tuple[str, ...], counts: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=["state"])
    for state in states:
        family.add_metric([state], counts.get(state, 0))
    return family
