"""What is counted and timed as it happens, for `/metrics`. What memory tells at any moment is not: see `gauges`."""

from collections.abc import Iterable
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric

from evolution.messages import Outcome

Work = Literal["run", "recheck", "job"]
"""recheck: what was played again before a generation closes; job: a test, recording or verification of a policy."""

COMMIT_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
COMMIT_RESULTS = (1, 4, 16, 64, 256, 1024, 4096, 16384)
LAG_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Registry(CollectorRegistry):
    """One application's metrics, without the library's further one for each that tells when it began."""

    def collect(self) -> Iterable[Metric]:
        """Each metric with its present samples."""
        for metric in super().collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric


class Meters:
    """Counters from the start of this process. A label's values are few and known beforehand."""

    def __init__(self) -> None:
        self.registry = Registry()
        evaluations = Counter(
            "neuroevo_evaluations", "Episodes whose result was stored.", ["work"], registry=self.registry
        )
        frames = Counter(
            "neuroevo_frames",
            "Emulator frames of these episodes, skipped ones included.",
            ["work"],
            registry=self.registry,
        )
        results = Counter(
            "neuroevo_results",
            "Results that workers were answered about. repeated: known before; refused: impossible or not wanted.",
            ["outcome"],
            registry=self.registry,
        )
        kinds: tuple[Work, ...] = ("run", "recheck", "job")
        self._work = {kind: (evaluations.labels(kind), frames.labels(kind)) for kind in kinds}
        self._accepted, self._repeated, self._refused = map(results.labels, ("accepted", "repeated", "refused"))
        self.commit_seconds = Histogram(
            "neuroevo_commit_seconds",
            "Transactions that store results of runs, failed ones included.",
            buckets=COMMIT_SECONDS,
            registry=self.registry,
        )
        self.commit_results = Histogram(
            "neuroevo_commit_results",
            "Results that are stored by one transaction.",
            buckets=COMMIT_RESULTS,
            registry=self.registry,
        )
        self.lag = Histogram(
            "neuroevo_event_loop_lag_seconds",
            "How much later than it should the event loop came to the tick of each second.",
            buckets=LAG_SECONDS,
            registry=self.registry,
        )

    def count_work(self, kind: Work, episodes: int, frames: int) -> None:
        """Results of so many episodes are stored."""
        evaluated, played = self._work[kind]
        evaluated.inc(episodes)
        played.inc(frames)

    def count_results(self, outcomes: Iterable[Outcome]) -> None:
        """A worker is told of these."""
        for outcome in outcomes:
            self._accepted.inc(outcome.accepted)
            self._repeated.inc(outcome.repeated)
            self._refused.inc(outcome.unwanted)
