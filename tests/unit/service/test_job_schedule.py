"""The laws of jobs beside runs: persons first, bounded shares, nothing lost, never two engines in one test."""

import heapq
from uuid import UUID, uuid4

import pytest

from server.service.job_schedule import Asker, JobGrant, JobSchedule

ENGINES = {"Game": "exact"}
WORKERS = [UUID(int=number) for number in range(1, 4)]


def schedule_with(**jobs: int) -> JobSchedule:
    """Jobs named `person…` and `library…`, of so many episodes."""
    schedule = JobSchedule(lease_seconds=30, batch_seconds=5)
    for job, episodes in jobs.items():
        asker: Asker = "person" if job.startswith("person") else "library"
        schedule.put(job, asker=asker, environment="Game", engine=None, episodes=range(episodes))
    return schedule


def claim(schedule: JobSchedule, worker: int = 0, now: float = 0.0, *, is_spare: bool = True) -> JobGrant:
    grant = schedule.claim(WORKERS[worker], ENGINES, 2, now, is_spare=is_spare)
    assert grant is not None
    return grant


def test_what_a_person_asked_for_goes_first() -> None:
    schedule = schedule_with(library=1, person=1)
    assert [claim(schedule).job, claim(schedule).job] == ["person", "library"]


def test_the_lower_rank_goes_first_and_then_the_older_job() -> None:
    schedule = JobSchedule(lease_seconds=30, batch_seconds=5)
    for job, rank in (("late", 1), ("first", 0), ("second", 0)):
        schedule.put(job, asker="library", environment="Game", engine=None, episodes=[0], rank=(rank,))
    assert [claim(schedule).job for _ in range(3)] == ["first", "second", "late"]


def test_a_batch_is_five_seconds_of_work_and_shrinks_at_the_end() -> None:
    schedule = schedule_with(person=100)
    assert claim(schedule).episodes == [0]
    schedule.settle("person", [0], seconds=0.5)
    sizes = [len(claim(schedule).episodes)]
    while grant := schedule.claim(WORKERS[0], ENGINES, 2, 0.0, is_spare=True):
        sizes.append(len(grant.episodes))
    assert (sizes[0], sizes[-1], sum(sizes)) == (10, 1, 99)


def test_a_worker_that_cannot_make_the_environment_is_given_nothing() -> None:
    assert schedule_with(person=1).claim(WORKERS[0], {"Other": "exact"}, 2, 0.0) is None


def test_a_job_goes_to_the_engine_that_it_names_as_long_as_somebody_has_it() -> None:
    schedule = JobSchedule(lease_seconds=30, batch_seconds=5)
    schedule.put("job", asker="person", environment="Game", engine="former", episodes=[0])
    assert schedule.claim(WORKERS[0], ENGINES, 2, 0.0) is None
    assert schedule.claim(WORKERS[0], ENGINES, 2, 0.0, is_played=lambda *_: False) is not None


def test_a_job_bound_to_an_engine_is_never_given_to_another() -> None:
    schedule = schedule_with(person=2)
    schedule.bind("person", "former")
    assert schedule.claim(WORKERS[0], ENGINES, 2, 0.0, is_played=lambda *_: False) is None


def test_a_lease_expires_unless_it_is_extended_and_its_episodes_go_first() -> None:
    schedule = schedule_with(person=3)
    kept, lost = claim(schedule, 0), claim(schedule, 1)
    assert schedule.extend([kept.lease], now=20.0) == {kept.lease: 50.0}
    assert schedule.expire(now=30.0) == [lost.job]
    assert schedule.extend([lost.lease], now=31.0) == {}
    assert claim(schedule, 2, now=31.0).episodes == lost.episodes


def test_what_a_worker_that_left_held_is_handed_out_again() -> None:
    schedule = schedule_with(person=1)
    grant = claim(schedule)
    assert schedule.is_held("person")
    schedule.forget(WORKERS[0])
    assert not schedule.is_held("person")
    assert claim(schedule, 1).episodes == grant.episodes


def test_a_late_result_of_an_expired_lease_is_not_handed_out_again() -> None:
    schedule = schedule_with(person=1)
    claim(schedule)
    schedule.expire(now=30.0)
    schedule.settle("person", [0], seconds=1.0)
    assert schedule.claim(WORKERS[1], ENGINES, 2, 31.0, is_spare=True) is None


def test_a_dropped_job_is_handed_out_no_more() -> None:
    schedule = schedule_with(person=2)
    grant = claim(schedule)
    schedule.drop("person")
    assert schedule.extend([grant.lease], 1.0) == {}
    assert schedule.claim(WORKERS[0], ENGINES, 2, 0.0, is_spare=True) is None


def shares(schedule: JobSchedule, slots: int, episode_seconds: float, seconds: float = 300.0) -> dict[str, float]:
    """Each asker's part of the slots' time, while runs want all of it; they are served in turns of a second."""
    spent = {"person": 0.0, "library": 0.0}
    free = [(0.0, number) for number in range(slots)]
    while free[0][0] < seconds:
        now, slot = heapq.heappop(free)
        grant = schedule.claim(UUID(int=slot + 1), ENGINES, slots, now)
        taken = 1.0
        if grant is not None:
            taken = episode_seconds * len(grant.episodes)
            spent[grant.job] += taken
            schedule.settle(grant.job, grant.episodes, taken)
        heapq.heappush(free, (now + taken, slot))
    return {job: part / (slots * seconds) for job, part in spent.items()}


@pytest.mark.parametrize("slots", [1, 2, 20])
@pytest.mark.parametrize("episode_seconds", [0.05, 1.0, 8.0])
def test_jobs_get_a_fifth_and_a_tenth_of_a_busy_fleet_of_any_size(slots: int, episode_seconds: float) -> None:
    found = shares(schedule_with(person=10**5, library=10**5), slots, episode_seconds)
    assert found["person"] == pytest.approx(0.2, abs=0.04)
    assert found["library"] == pytest.approx(0.1, abs=0.04)


def test_the_first_recording_on_two_busy_slots_begins_at_once() -> None:
    assert claim(schedule_with(library=1), is_spare=False).job == "library"


def test_jobs_are_not_bounded_where_no_run_wants_the_slots_nor_pay_for_it_later() -> None:
    schedule = schedule_with(library=100)
    for episode in range(99):
        assert claim(schedule).episodes == [episode]
        schedule.settle("library", [episode], seconds=8.0)
    assert claim(schedule, is_spare=False).episodes == [99]


def test_what_was_charged_for_work_that_nobody_did_is_given_back() -> None:
    schedule = schedule_with(library=100)
    for _ in range(50):
        schedule.release([claim(schedule, is_spare=False).lease])
    assert claim(schedule, is_spare=False).episodes == [0]


def test_without_a_share_the_librarys_recordings_wait_even_where_nobody_needs_the_time() -> None:
    schedule = JobSchedule(lease_seconds=30, batch_seconds=5, library_share=0)
    schedule.put("library's", asker="library", environment="game", engine=None, episodes=[0])
    schedule.put("person's", asker="person", environment="game", engine=None, episodes=[0])
    worker = uuid4()
    granted = schedule.claim(worker, {"game": "engine"}, 1, 0.0, is_spare=True)
    assert granted is not None
    assert granted.job == "person's"
    assert schedule.held_by(worker) == 1
    assert schedule.claim(worker, {"game": "engine"}, 1, 0.0, is_spare=True) is None


def test_what_takes_far_too_long_is_played_by_another_too_though_its_lease_is_extended() -> None:
    schedule = schedule_with(person=2)
    frozen = [claim(schedule, worker=0), claim(schedule, worker=0)]
    for now in (10, 20, 30):
        schedule.extend([grant.lease for grant in frozen], now)
        assert schedule.claim(WORKERS[1], ENGINES, 2, now, is_spare=True) is None, "a lease's time is patience enough"
    schedule.extend([grant.lease for grant in frozen], 31)
    assert schedule.claim(WORKERS[0], ENGINES, 2, 31, is_spare=True) is None, "it has these already"
    copies = [claim(schedule, worker=1, now=31), claim(schedule, worker=1, now=31)]
    assert [copy.episodes for copy in copies] == [grant.episodes for grant in frozen]
    assert schedule.claim(WORKERS[2], ENGINES, 2, 62, is_spare=True) is None, "two play each at most"


def test_of_an_episode_that_two_play_the_first_result_ends_both_leases() -> None:
    schedule = schedule_with(person=1)
    frozen = claim(schedule, worker=0)
    schedule.extend([frozen.lease], 20)
    copy = claim(schedule, worker=1, now=31)
    schedule.settle("person", copy.episodes, seconds=1.0)
    assert schedule.extend([frozen.lease, copy.lease], 32) == {}
    assert schedule.claim(WORKERS[2], ENGINES, 2, 99, is_spare=True) is None


def test_an_episode_waits_again_only_when_both_who_play_it_are_gone() -> None:
    schedule = schedule_with(person=1)
    frozen = claim(schedule, worker=0)
    schedule.extend([frozen.lease], 20)
    copy = claim(schedule, worker=1, now=31)
    schedule.release([frozen.lease])
    assert schedule.claim(WORKERS[2], ENGINES, 2, 32, is_spare=True) is None
    schedule.release([copy.lease])
    assert claim(schedule, worker=2, now=33).episodes == [0]
    assert schedule.claim(WORKERS[1], ENGINES, 2, 33, is_spare=True) is None


def test_slow_work_is_as_long_as_it_was_before_not_overdue() -> None:
    schedule = schedule_with(person=2)
    schedule.settle("person", claim(schedule).episodes, seconds=40.0)
    slow = claim(schedule, worker=0)
    for now in (20, 40, 60, 79):
        schedule.extend([slow.lease], now)
    assert schedule.claim(WORKERS[1], ENGINES, 2, 80, is_spare=True) is None
    assert claim(schedule, worker=1, now=81).episodes == slow.episodes


def test_what_a_person_waits_for_leaves_the_librarys_queue() -> None:
    schedule = JobSchedule(lease_seconds=30, batch_seconds=5, library_share=0)
    schedule.put("library", asker="library", environment="Game", engine=None, episodes=[0])
    assert schedule.claim(WORKERS[0], ENGINES, 2, 0.0, is_spare=True) is None
    schedule.hasten("gone", (0,))
    schedule.hasten("library", (0,))
    assert claim(schedule).job == "library"


def test_what_is_in_play_when_a_person_comes_to_wait_for_it_is_charged_to_the_library() -> None:
    schedule = JobSchedule(lease_seconds=30, batch_seconds=5)
    schedule.put("library", asker="library", environment="Game", engine=None, episodes=[0, 1])
    lease = claim(schedule, is_spare=False)
    schedule.hasten("library", (0,))
    schedule.settle("library", lease.episodes, 100.0)
    schedule.put("other", asker="library", environment="Game", engine=None, episodes=[0])
    assert claim(schedule, is_spare=False).job == "library", "the person's own time is untouched"
    assert schedule.claim(WORKERS[0], ENGINES, 2, 1.0) is None, "the library's is spent"
