"""Before a complete generation closes, others evaluate again what its selection rests on; who is wrong is set aside.

Nothing but the ledger and `rechecks` decides: a master that starts anew goes on where the last one was.
"""

import logging
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from evolution.messages import Phase
from server.service.active_run import ActiveRun
from server.service.exclude_worker import exclude_workers
from server.service.memory import Memory
from server.service.offer_work import offer_run
from server.service.open_check import OpenCheck
from server.service.testimony import Verdict, choose_places, choose_samples, judge
from server.storage import rechecks
from server.storage.rechecks import Place, Testimony
from server.storage.results import Scored

logger = logging.getLogger(__name__)


class Checked(NamedTuple):
    """How many of the episodes that a selection rests on two workers agreed on, and how many not; None: unasked."""

    confirmed: int | None
    unconfirmed: int | None


UNASKED = Checked(None, None)


async def count_retracted(memory: Memory, run: ActiveRun) -> int:
    """How many results of the open generation are retracted by now."""
    async with memory.storage.reading() as connection:
        return await rechecks.count_retracted(connection, run.id, run.open.number)


async def check_generation(memory: Memory, run: ActiveRun, stored: Sequence[Scored]) -> Checked | None:
    """How the complete generation was confirmed; None: it cannot close yet, since others play episodes of it again, or
    since a worker was set aside and its results are retracted.

    Where no other worker can play an episode it closes without; but where workers disagree it waits for one that can.

    Raises:
        NotLeading, DatabaseUnavailable: as `Storage.transaction`.
    """
    run.check = None
    if not memory.settings.recheck or not (run.row.description or {}).get("deterministic", True):
        return UNASKED
    ledger, words = await _read(memory, run, stored)
    verdict = judge(ledger, words)
    if verdict.wrong:
        reasons = {worker: _accuse(run, place) for worker, place in verdict.wrong.items()}
        await exclude_workers(memory, reasons)
        return None
    run.check = _open_check(memory, run, verdict)
    if run.check:
        offer_run(memory, run)
        return None
    return _conclude(run, verdict, len(ledger))


async def _read(
    memory: Memory, run: ActiveRun, stored: Sequence[Scored]
) -> tuple[dict[Place, Testimony], list[Testimony]]:
    """The ledger's word on what is to be evaluated again, and all others'."""
    id, number = run.id, run.open.number
    async with memory.storage.reading() as connection:
        places = choose_places(run.configuration, number, run.carried, stored)
        ledger = await rechecks.authors(connection, id, number, places)
        samples = await rechecks.samples(connection, id, number, memory.salt)
        words = await rechecks.of_generation(connection, id, number)
    authors = [testimony.worker for testimony in ledger.values()]
    chance = random.Random(f"{memory.salt} {id} {number}")
    chosen = choose_samples(samples, authors, len(stored), chance)
    return {**{sample.place: sample for sample in chosen}, **ledger}, words


def _open_check(memory: Memory, run: ActiveRun, verdict: Verdict) -> OpenCheck:
    number, is_another = run.open.number, others(memory, run)
    awaited = {
        (number, *place): spoken
        for place, spoken in verdict.open.items()
        if place in verdict.disputed or is_another(spoken)
    }
    return OpenCheck(awaited, frozenset((number, *place) for place in verdict.disputed))


def _conclude(run: ActiveRun, verdict: Verdict, places: int) -> Checked:
    checked = Checked(len(verdict.confirmed), places - len(verdict.confirmed))
    if verdict.unrepeatable:
        logger.error(
            "action=generation.unrepeatable run=%s generation=%d episodes=%d environment=%s reason=every worker finds "
            "something else: its environment should be registered as nondeterministic",
            run.id,
            run.open.number,
            len(verdict.unrepeatable),
            run.configuration.environment.id,
        )
    if checked.unconfirmed:
        logger.info(
            "action=generation.unconfirmed run=%s generation=%d episodes=%d confirmed=%d reason=no other worker",
            run.id,
            run.open.number,
            checked.unconfirmed,
            checked.confirmed,
        )
    return checked


def others(memory: Memory, run: ActiveRun) -> Callable[[frozenset[UUID]], bool]:
    """Whether a worker that can play the run is there, but for some. One that plays extends its leases in time."""
    environment, engine = run.configuration.environment.id, run.row.engine
    silence = memory.settings.lease_seconds / 2
    players = {worker.id for worker in memory.workers.players(environment, engine, silence)} if engine else set()
    return lambda spoken: bool(players - spoken)


def give_up_check(memory: Memory, run: ActiveRun) -> None:
    """Judges anew if whoever was to evaluate an episode again is gone."""
    if run.check and run.check.is_stuck(others(memory, run)):
        run.check = None


def tell_of_dispute(memory: Memory, run: ActiveRun) -> str | None:
    """Which workers disagree, if the run waits for that."""
    is_another = others(memory, run)
    blocked = run.check.blocked(is_another) if run.check else None
    if run.check is None or blocked is None:
        return None
    names = " and ".join(sorted(memory.workers.name_of(worker) for worker in run.check.awaited[blocked]))
    return (
        f"Workers {names} found different things in {_episode(Place(*blocked[1:]))} of generation "
        f"{blocked[0]}, and nobody else can play it: start one more worker, or set the wrong one "
        "aside (POST /api/v1/workers/ID/set-aside)."
    )


def _accuse(run: ActiveRun, place: Place) -> str:
    return (
        f"Run {run.id}, generation {run.open.number}: in {_episode(place)} it found something else than two others "
        "that agree. It lies, or its machine computes other bits."
    )


def _episode(place: Place) -> str:
    return f"{Phase(place.phase).name.lower()} episode {place.episode} of individual {place.index}"
