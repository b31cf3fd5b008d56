"""Jobs whose workers fall silent are played again, and given up only when that happens again and again."""

from datetime import UTC, datetime
from uuid import UUID

from server.service.open_jobs import LOST_LEASES, OpenJob, OpenJobs
from server.storage.jobs import JobRow

WORKER = UUID(int=1)
ROW = JobRow("job", "test", "person", "0" * 64, {"id": "Game"}, None, 100, "open", None, datetime.now(UTC), None)
LEASE_SECONDS = 30.0


def claim(jobs: OpenJobs, count: int, now: float) -> None:
    """So many leases of the job for one worker."""
    for _ in range(count):
        assert jobs.schedule.claim(WORKER, {"Game": "exact"}, 8, now, is_spare=True)


def test_a_worker_that_dies_with_many_leases_of_a_job_is_one_loss() -> None:
    jobs = OpenJobs(LEASE_SECONDS, 5.0, 0.1)
    jobs.offer(OpenJob(ROW, {}))
    claim(jobs, 2 * LOST_LEASES, now=0.0)
    assert jobs.expire(LEASE_SECONDS) == []


def test_a_job_that_ends_worker_after_worker_is_given_up() -> None:
    jobs = OpenJobs(LEASE_SECONDS, 5.0, 0.1)
    jobs.offer(OpenJob(ROW, {}))
    doomed = []
    for number in range(LOST_LEASES):
        claim(jobs, 2, now=number * LEASE_SECONDS)
        doomed.append(jobs.expire((number + 1) * LEASE_SECONDS))
    assert doomed == [[]] * (LOST_LEASES - 1) + [["job"]]
