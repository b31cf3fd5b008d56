"""What the ledger says of a policy that a run bred: its validation and test episodes, over all generations."""

from dataclasses import dataclass
from typing import Literal

from evolution.breeding import episode_seed
from evolution.configuration import RunConfiguration
from evolution.lineage import Birth
from evolution.messages import Phase
from evolution.selection import summarize
from server.policy_views import EpisodeScore, PolicyScore
from server.service.active_run import run_seed
from server.service.protocols import protocol_of
from server.storage import generations, results
from server.storage.database import Connection
from server.storage.results import Placed
from server.storage.runs import RunRow

SOURCES: dict[Phase, Literal["validation", "test"]] = {Phase.TEST: "test", Phase.VALIDATION: "validation"}


@dataclass(frozen=True)
class LedgerScores:
    """One phase's episodes, and all of them in one."""

    score: PolicyScore
    episodes: list[EpisodeScore]


async def read_ledger(connection: Connection, row: RunRow, birth: Birth) -> list[LedgerScores]:
    """Tests, then validations; neither if the policy never played again."""
    configuration = RunConfiguration.model_validate(row.configuration)
    places = await generations.places(connection, row.id, birth)
    stored = await results.at_places(connection, row.id, places)
    return [
        _gather(configuration, row.engine, phase, found)
        for phase in SOURCES
        if (found := [placed for placed in stored if placed.phase == phase])
    ]


def _gather(configuration: RunConfiguration, engine: str | None, phase: Phase, stored: list[Placed]) -> LedgerScores:
    seed, protocol, source = run_seed(configuration), protocol_of(configuration.environment), SOURCES[phase]
    summary = summarize([placed.score for placed in stored], [placed.digest for placed in stored])
    return LedgerScores(
        PolicyScore.model_validate(summary._asdict() | {"source": source, "protocol": protocol, "engine": engine}),
        [
            EpisodeScore(
                seed=episode_seed(seed, placed.generation, placed.index, phase, placed.episode),
                score=placed.score,
                steps=placed.steps,
                frames=placed.frames,
                source=source,
                protocol=protocol,
            )
            for placed in stored
        ],
    )
