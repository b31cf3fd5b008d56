"""The policies that ship are recorded in an episode whose score their documents tell, and must find it."""

import pytest

from policies import shipped
from server.policy_views import PolicySummary
from server.service.master import Master
from tests.service.fleet import ENGINE, FakeWorker, settled
from tests.service.test_jobs import claim, play, send

pytestmark = pytest.mark.anyio

GAME = "Frostbite-v4"


async def test_a_shipped_policys_recording_must_find_the_score_that_its_document_tells(master: Master) -> None:
    await settled(master)
    worker = FakeWorker(master, engines={GAME: ENGINE})
    told = {document["name"]: document["scores"][0]["episodes"][0] for document in shipped()}
    for is_same in (True, False):
        batch = await claim(worker)
        rollout = await master.recordings.show_rollout(str(batch.episodes[0].rollout))
        episode = told[(await shown(master, rollout.policy)).name]
        assert (batch.episodes[0].seed, rollout.score) == (episode["seed"], episode["score"])
        await send(worker, play(batch, score=episode["score"] + (0 if is_same else 10)))
        found = await master.recordings.show_rollout(rollout.id)
        assert found.state == ("recorded" if is_same else "failed")
        assert ("is told by the policy's document" in (found.problem or "")) is not is_same


async def shown(master: Master, id: str) -> PolicySummary:
    """The policy as the library lists it."""
    return await master.library.show_policy(id)
