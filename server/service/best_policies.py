"""The best policies of a run, ranked by what was played again: tests, else validations, never one lucky episode."""

from typing import Literal

from evolution.chains import policy_id
from evolution.configuration import RunConfiguration
from evolution.messages import Phase
from evolution.selection import summarize
from server.service.active_run import ActiveRun
from server.service.load_run import find_run
from server.service.memory import Memory
from server.service.protocols import rules_of
from server.storage import generations, results
from server.storage.generations import Candidate
from server.storage.results import Scored
from server.views import PolicyView


async def best_policies(memory: Memory, id: str, top: int) -> list[PolicyView]:
    """The `top` distinct policies of closed generations, their scores pooled over all in which they played again.

    Raises:
        NotFound: no such run.
    """
    run = await find_run(memory, id)
    policies: dict[str, PolicyView] = {}
    async with memory.storage.reading() as connection:
        for candidate in await generations.best(connection, id, top):
            places = await generations.places(connection, id, candidate.birth)
            view = _view(run, candidate, await results.of_places(connection, id, places))
            # Two births with one chain are one policy; the better ranked stands for it.
            policies.setdefault(view.policy, view)
    return list(policies.values())


def _view(run: ActiveRun, candidate: Candidate, stored: list[Scored]) -> PolicyView:
    phase = Phase.TEST if candidate.test_episodes else Phase.VALIDATION
    played = [result for result in stored if result.phase == phase]
    summary = summarize([result.score for result in played], [result.digest for result in played])
    document = run.document(run.lineage.seeds(candidate.birth))
    name: Literal["test", "validation"] = "test" if phase == Phase.TEST else "validation"
    return PolicyView(
        policy=policy_id(document),
        document=document,
        mean=summary.mean,
        n=summary.n,
        sd=summary.sd,
        distinct=summary.distinct,
        phase=name,
        protocol=protocol(run.configuration, name, summary.n),
        engine=run.row.engine or "",
        born=(candidate.birth.generation, candidate.birth.index),
        run=run.id,
    )


def protocol(configuration: RunConfiguration, phase: str, episodes: int) -> str:
    """How scores were made, such as `30 validation episodes, sticky actions 0.25, 5,000 steps, minimal actions`."""
    return ", ".join([f"{episodes:,} {phase} episodes", *rules_of(configuration.environment)])
