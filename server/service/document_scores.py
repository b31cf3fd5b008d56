"""Scores that are in no ledger: those that came with a policy's document, and those that outlive a deleted run.

A document's member `scores` is a list, one entry a protocol: `{"protocol", "engine", "episodes": [{"seed", "score",
"steps", "frames"}, …]}`, or where the single episodes are not known `{"protocol", "engine", "mean", "sd", "n",
"distinct"}`. All but the scores themselves may be absent.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError

from evolution.environments import Environment, Text
from evolution.messages import Score, Seed
from evolution.model import Value
from evolution.selection import summarize
from server.policy_views import EpisodeScore, PolicyScore
from server.service.protocols import protocol_of

if TYPE_CHECKING:
    # Who reads a document on its own, as the command line does, needs no database.
    from server.service.ledger_scores import LedgerScores

Source = Literal["validation", "test", "job", "document"]
COUNT = 2**31 - 1


class Played(Value):
    """One episode as a document tells of it."""

    seed: Seed
    score: Score
    steps: int | None = Field(None, ge=0, le=COUNT)
    frames: int | None = Field(None, ge=0, le=COUNT)


class Told(Value):
    """Scores made under one protocol, as a document tells of them."""

    source: Source = "document"
    protocol: Text | None = Field(None, max_length=300)
    engine: Text | None = Field(None, max_length=500)
    mean: float | None = None
    sd: float | None = Field(None, ge=0)
    n: int | None = Field(None, ge=1, le=COUNT)
    distinct: int | None = Field(None, ge=1, le=COUNT)
    episodes: list[Played] = Field([], max_length=100_000)

    @classmethod
    def of(cls, found: "LedgerScores") -> Self:
        """What a ledger says, to be kept without it."""
        episodes = [
            Played(seed=each.seed, score=each.score, steps=each.steps, frames=each.frames) for each in found.episodes
        ]
        score = found.score
        return cls(
            source=score.source,
            protocol=score.protocol,
            engine=score.engine,
            distinct=score.distinct,
            episodes=episodes,
        )

    def summary(self, environment: Environment) -> PolicyScore | None:
        """The scores in one; of single episodes where they are told. None: it tells of none."""
        protocol = self.protocol or protocol_of(environment)
        if self.episodes:
            # Who knows no more takes different seeds for different episodes.
            found = summarize([each.score for each in self.episodes], [str(each.seed) for each in self.episodes])
            values = found._asdict() | ({} if self.distinct is None else {"distinct": min(self.distinct, found.n)})
        elif self.mean is not None and self.n is not None:
            values = {"mean": self.mean, "sd": self.sd, "n": self.n, "distinct": min(self.distinct or self.n, self.n)}
        else:
            return None
        return PolicyScore.model_validate(values | {"source": self.source, "protocol": protocol, "engine": self.engine})


TOLD = TypeAdapter(list[Told])


def read_scores(value: object) -> list[Told]:
    """The document's member `scores`. Whatever it says of its sources, they count as the document's.

    Raises:
        ValueError: it is no such list; the message says where.
    """
    try:
        return [told.model_copy(update={"source": "document"}) for told in TOLD.validate_python(value)]
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in ("scores", *first["loc"]))
        raise ValueError(f"{place[:100]}: {first['msg']}") from error


def recall(stored: Sequence[Mapping[str, Any]]) -> list[Told]:
    """What the column `scores` holds."""
    return TOLD.validate_python(stored)


def store(scores: Sequence[Told]) -> list[dict[str, Any]]:
    """What the column `scores` is to hold."""
    return [told.model_dump(mode="json", exclude_none=True) for told in scores]


def episodes_of(scores: Sequence[Told], environment: Environment) -> list[EpisodeScore]:
    """All single episodes."""
    return [
        EpisodeScore(**each.model_dump(), source=told.source, protocol=told.protocol or protocol_of(environment))
        for told in scores
        for each in told.episodes
    ]


RANKS: dict[Source, int] = {"test": 0, "validation": 1, "document": 2, "job": 3}


def choose_score(scores: Sequence[PolicyScore]) -> PolicyScore | None:
    """The score that stands for a policy: tests before validations before its document's, then most episodes."""
    return min(scores, key=lambda score: (RANKS[score.source], -score.n), default=None)
