"""Jobs: tests and recordings of policies that people ask for."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from evolution.messages import Seed
from evolution.model import Value
from server.api.dependencies import Cursor, Limit, MasterDep
from server.api.policies import PolicyId
from server.api.problems import documented
from server.policy_views import JobView, RolloutView
from server.service.job_views import JobState
from server.views import Page

MOST_EPISODES = 10_000

Printable = r"^[\x20-\x7e]*$"
Id = Annotated[str, Path(max_length=40, pattern=Printable)]


class NewTest(Value):
    """How a policy shall be tested."""

    episodes: int = Field(30, ge=1, le=MOST_EPISODES, description="Fresh episodes; the same for every policy.")
    environment: dict[str, Any] | None = Field(
        None,
        description="What differs from the policy's own environment.",
        examples=[{"options": {"sticky_actions": 0.25}}],
    )


class NewRollout(Value):
    """Which episode shall be recorded."""

    seed: Seed | None = Field(None, le=2**31 - 1, description="The episode's seed; absent: one is drawn.")


router = APIRouter(tags=["jobs"], responses=documented(503))


@router.post("/policies/{id}/tests", status_code=202, summary="Test a policy", responses=documented(404, 409, 422))
async def test_policy(id: PolicyId, body: NewTest, master: MasterDep, response: Response) -> JobView:
    """The workers play it beside the runs. Options that differ make another protocol, whose scores stand apart."""
    job = await master.recordings.test_policy(id, body.episodes, body.environment)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return job


@router.post(
    "/policies/{id}/rollouts", status_code=202, summary="Record an episode", responses=documented(404, 409, 422)
)
async def record_policy(id: PolicyId, body: NewRollout, master: MasterDep, response: Response) -> RolloutView:
    """One that is recorded already is given as it is."""
    rollout = await master.recordings.record_policy(id, body.seed)
    response.headers["Location"] = f"/api/v1/rollouts/{rollout.id}"
    return rollout


@router.get("/jobs", summary="List jobs, newest first", responses=documented(422))
async def list_jobs(
    master: MasterDep,
    policy: Annotated[str | None, Query(max_length=64, pattern=Printable, description="Only of this policy.")] = None,
    state: Annotated[JobState | None, Query(description="Only jobs in this state.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[JobView]:
    """What people asked for; what the library records by itself is not listed."""
    return await master.recordings.list_jobs(policy, state, cursor, limit)


@router.get("/jobs/{id}", summary="Show a job", responses=documented(404))
async def show_job(id: Id, master: MasterDep) -> JobView:
    """Its progress, its scores so far and how they are made."""
    return await master.recordings.show_job(id)


@router.delete("/jobs/{id}", status_code=204, summary="Cancel a job", responses=documented(404))
async def cancel_job(id: Id, master: MasterDep) -> None:
    """What was played of it stays. A job that is over stays as it is."""
    await master.recordings.cancel_job(id)
