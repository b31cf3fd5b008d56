"""What tests that people asked for say of a policy of the library."""

import pytest

from server.service.list_policies import PolicyFilter
from server.service.master import Master
from tests.service.fleet import ENGINE, described
from tests.service.test_jobs import bring, play_all

pytestmark = pytest.mark.anyio


async def test_tests_of_one_protocol_count_each_episode_once_and_are_kept_apart_from_others(master: Master) -> None:
    policy, worker = await bring(master), await described(master)
    for episodes, environment in ((2, None), (3, None), (4, {"options": {"max_steps": 100}})):
        job = await master.recordings.test_policy(policy, episodes, environment)
        await play_all(worker, job.id)
    shown = await master.library.show_policy(policy)

    assert sorted((score.protocol, score.n, score.source, score.engine) for score in shown.scores) == [
        ("100 steps", 4, "job", ENGINE),
        ("the environment's own rules", 3, "job", ENGINE),
    ]
    own = [each.score for each in shown.episodes if each.protocol == "the environment's own rules"]
    assert (len(own), len(shown.episodes)) == (3, 7)
    assert shown.score is not None
    assert shown.score.n == 3
    assert shown.score.mean == pytest.approx(sum(own) / 3)


async def test_a_listed_policy_has_the_recording_that_stands_for_it(master: Master) -> None:
    policy, _ = await bring(master), await described(master)
    rollout = await master.recordings.record_policy(policy, 7)
    [listed] = (await master.library.list_policies(PolicyFilter(origin="imported"), None, 5)).items
    assert listed.rollout is not None
    assert (listed.rollout.id, listed.rollout.seed) == (rollout.id, 7)
    changed = await master.library.change_policy(policy, "Known", None)
    assert changed.rollout == listed.rollout
