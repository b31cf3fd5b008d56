"""Who is believed when workers evaluate one episode: those who agree, if they are more than any others. Pure.

An evaluation is a pure function of its key, so that two workers that played an episode must have found the same score,
steps, frames and digest. Where two found different things a third one decides. Nobody is believed against itself.
"""

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from evolution.configuration import RunConfiguration
from evolution.messages import Phase
from server.service.conclusion import choose_members, conclude
from server.storage.generations import Elite
from server.storage.rechecks import Finding, Place, Testimony
from server.storage.results import Scored

ENOUGH = 2
"""So many workers that agree are believed."""
HOPELESS = 4
"""So many that all disagree: the environment does not repeat its episodes, whatever it was announced as."""
SAMPLED_SHARE, SAMPLED_WORKERS = 0.01, 4
"""Of a generation's results so many more are evaluated again, of workers of which selection rests on nothing; but of so
many workers at least. A worker whose every result is wrong is found out by any of them, however low it scored."""


@dataclass
class Verdict:
    """What the testimonies come to."""

    confirmed: set[Place] = field(default_factory=set)
    """The ledger's word is that of two workers."""
    open: dict[Place, frozenset[UUID]] = field(default_factory=dict)
    """Nobody is believed yet: who has spoken."""
    unrepeatable: set[Place] = field(default_factory=set)
    """Nobody ever will be."""
    wrong: dict[UUID, Place] = field(default_factory=dict)
    """Workers that two others contradict, with the first place where."""

    @property
    def disputed(self) -> set[Place]:
        """Of the open ones, those where workers disagree."""
        return {place for place, spoken in self.open.items() if len(spoken) > 1}


def choose_places(
    configuration: RunConfiguration, number: int, carried: Elite | None, stored: Sequence[Scored]
) -> list[Place]:
    """On which episodes a complete generation's selection rests: its parents' evaluation, its elite's validation."""
    conclusion = conclude(configuration, number, carried, stored)
    parents = {birth.index for birth in conclusion.parents if birth.generation == number}
    parents |= set() if conclusion.carried else {conclusion.elite_index}
    return sorted(
        Place(result.index, result.phase, result.episode)
        for result in choose_members(configuration, stored)
        if (result.phase == Phase.EVALUATION and result.index in parents)
        or (result.phase == Phase.VALIDATION and result.index == conclusion.elite_index)
    )


def choose_samples(
    samples: Sequence[Testimony], authors: Iterable[UUID], results: int, chance: random.Random
) -> list[Testimony]:
    """Of `samples`, one a worker, those of workers that are no `authors` of what is evaluated again anyway."""
    known = set(authors)
    others = [sample for sample in samples if sample.worker not in known]
    most = max(SAMPLED_WORKERS, int(SAMPLED_SHARE * results))
    return chance.sample(others, min(most, len(others)))


def judge(ledger: Mapping[Place, Testimony], rechecks: Iterable[Testimony]) -> Verdict:
    """Weighs the ledger's word on each place against that of those who evaluated it again."""
    words = {place: {author.worker: author.finding} for place, author in ledger.items()}
    for recheck in rechecks:
        if recheck.place in words:
            words[recheck.place].setdefault(recheck.worker, recheck.finding)
    verdict = Verdict()
    for place in sorted(words):
        _weigh(verdict, place, words[place], ledger[place].finding)
    return verdict


def _weigh(verdict: Verdict, place: Place, words: Mapping[UUID, Finding], stored: Finding) -> None:
    found = believed(list(words.values()))
    if found is None:
        if len(set(words.values())) >= HOPELESS:
            verdict.unrepeatable.add(place)
        else:
            verdict.open[place] = frozenset(words)
        return
    for worker in sorted(words):
        if words[worker] != found:
            verdict.wrong.setdefault(worker, place)
    if stored == found:
        verdict.confirmed.add(place)


def believed(findings: Sequence[Finding]) -> Finding | None:
    """What at least two found, and more than found anything else; None: that is open."""
    ranked = Counter(findings).most_common(2)
    is_ahead = len(ranked) < 2 or ranked[0][1] > ranked[1][1]
    return ranked[0][0] if ranked and ranked[0][1] >= ENOUGH and is_ahead else None
