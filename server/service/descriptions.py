"""What workers tell of environments, and what they are asked. The server has no emulator: it knows nothing else."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from evolution.environments import Environment, EnvironmentDescription
from server.service.workers import Worker

Told = TypeVar("Told")

TROUBLE_LENGTH = 500
PROBLEM_LENGTH = 10_000
MOST_KEPT = 500
"""Descriptions, and troubles, that are remembered: those beyond it that came first are asked for again when needed."""
ASK_AGAIN_SECONDS = 3.0
"""After this long without an answer another worker is asked too."""


@dataclass(eq=False)
class Question:
    """An environment whose description somebody awaits from a worker of `engine`; times in monotonic seconds."""

    environment: Environment
    engine: str
    answer: "asyncio.Future[EnvironmentDescription]"
    wanted_until: float
    asked_at: float | None = None


@dataclass
class Descriptions:
    """Answers so far, open questions, and why workers gave environments up in play."""

    _known: dict[tuple[str, str], EnvironmentDescription] = field(default_factory=dict)
    _questions: dict[tuple[str, str], Question] = field(default_factory=dict)
    _troubles: dict[tuple[str, str], str] = field(default_factory=dict)
    """By environment id and engine."""

    def find(self, environment: Environment, engine: str) -> EnvironmentDescription | None:
        """The description, if a worker of this engine gave it before."""
        return self._known.get(_key(environment, engine))

    def any_of(self, environment_id: str) -> EnvironmentDescription | None:
        """Some description of the environment with this id, whatever its options."""
        found = (known for known in self._known.values() if known.environment.id == environment_id)
        return next(found, None)

    def ask(self, environment: Environment, engine: str, until: float) -> Question:
        """The question, put once however many want to know; it stands `until` then."""
        key = _key(environment, engine)
        if key not in self._questions:
            answer = asyncio.get_running_loop().create_future()
            self._questions[key] = Question(environment, engine, answer, until)
        question = self._questions[key]
        question.wanted_until = max(question.wanted_until, until)
        return question

    def for_worker(self, worker: Worker, now: float) -> list[Environment]:
        """What this worker should describe; now (monotonic seconds) it counts as asked."""
        fitting = [question for question in self._questions.values() if self._suits(question, worker, now)]
        for question in fitting:
            question.asked_at = now
        return [question.environment for question in fitting]

    def trouble(self, environment_id: str, engine: str) -> str | None:
        """Why a worker gave the environment up, if one did."""
        return self._troubles.get((environment_id, engine))

    def learn(self, descriptions: Iterable[EnvironmentDescription]) -> bool:
        """Takes answers; tells whether there were any. A problem that nobody asked for is that of a game in play."""
        learned = False
        for description in map(_cut, descriptions):
            key = _key(description.environment, description.engine)
            question = self._questions.pop(key, None)
            if question is None and description.problem is not None:
                trouble = (description.environment.id, description.engine)
                _keep(self._troubles, trouble, description.problem[:TROUBLE_LENGTH])
            _keep(self._known, key, description)
            learned = True
            if question and not question.answer.done():
                question.answer.set_result(description)
        return learned

    def forget_problems(self, engines: Mapping[str, str]) -> None:
        """A worker announces these environments: what did not work before may have been mended."""
        for key, description in list(self._known.items()):
            if description.problem and engines.get(description.environment.id) == description.engine:
                del self._known[key]

    def expire(self, now: float) -> None:
        """Drops the questions that nobody wants answered any more."""
        for key in [key for key, question in self._questions.items() if question.wanted_until <= now]:
            del self._questions[key]

    @staticmethod
    def _suits(question: Question, worker: Worker, now: float) -> bool:
        if worker.engines.get(question.environment.id) != question.engine:
            return False
        return question.asked_at is None or now - question.asked_at >= ASK_AGAIN_SECONDS


def _keep(kept: dict[tuple[str, str], Told], name: tuple[str, str], told: Told) -> None:
    """Remembers what was told last: nobody fills the memory by telling more and more."""
    kept.pop(name, None)
    kept[name] = told
    if len(kept) > MOST_KEPT:
        del kept[next(iter(kept))]


def _cut(description: EnvironmentDescription) -> EnvironmentDescription:
    if description.problem is None or len(description.problem) <= PROBLEM_LENGTH:
        return description
    return description.model_copy(update={"problem": description.problem[:PROBLEM_LENGTH]})


def _key(environment: Environment, engine: str) -> tuple[str, str]:
    return json.dumps(environment.model_dump(mode="json"), sort_keys=True), engine
