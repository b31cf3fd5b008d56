"""One master leads: another waits until it is gone, and whoever was replaced writes nothing more."""

import asyncio
import os
import subprocess
import sys

import pytest

from server.service.errors import NotLeading
from server.service.leadership import SILENCE_SECONDS, is_dead, this_holder
from server.service.master import REPLACED_EXIT
from server.storage import leadership
from server.storage.database import Storage
from tests.database import age_heartbeat, count_results
from tests.service.conftest import Masters
from tests.service.fleet import SMALL, FakeWorker, at_work, described, reached, turn

pytestmark = pytest.mark.anyio


async def silence(storage: Storage, seconds: float) -> None:
    async with storage.unfenced() as connection:
        await age_heartbeat(connection, seconds)


async def test_a_second_master_stands_by_until_the_first_gives_up_the_lead(masters: Masters) -> None:
    first = await masters.start()
    second = await masters.start()
    assert (first.ready, second.ready) == (True, False)
    with pytest.raises(NotLeading):
        await second.list_runs(None, None, 10)
    with pytest.raises(NotLeading):
        await second.check_ready()
    await first.check_ready()
    await first.stop()
    while not second.ready:
        masters.clock.advance(1)
        await turn()
    assert (first.epoch, second.epoch) == (1, 2)
    assert masters.replaced == []


async def test_a_silent_master_is_replaced_after_15_seconds(masters: Masters, storage: Storage) -> None:
    first = await masters.start()
    await silence(storage, SILENCE_SECONDS - 2)
    second = await masters.start()
    assert not second.ready
    await silence(storage, 3)
    third = await masters.start()
    assert (third.ready, third.epoch) == (True, first.epoch + 1)


async def test_a_heartbeat_every_5_seconds_keeps_the_lead(masters: Masters, storage: Storage) -> None:
    first = await masters.start()
    await silence(storage, SILENCE_SECONDS + 1)
    masters.clock.advance(5)
    while (await _silent_for(storage)) > 5:
        await turn()
    assert not (await masters.start()).ready
    assert first.ready


async def _silent_for(storage: Storage) -> float:
    async with storage.unfenced() as connection:
        present = await leadership.lock(connection)
    assert present is not None
    return present.silent_seconds


async def test_a_replaced_master_acknowledges_nothing_writes_nothing_and_exits(
    masters: Masters, storage: Storage
) -> None:
    old = await masters.start()
    worker = await described(old)
    run = await old.create_run(None, None, SMALL)
    submission = worker.play(await worker.claim())
    await silence(storage, SILENCE_SECONDS + 1)
    new = await masters.start()
    assert new.ready
    with pytest.raises(NotLeading):
        await worker.submit(submission)
    assert masters.replaced == [old]
    assert not old.ready
    async with storage.reading() as connection:
        assert await count_results(connection, run.id) == 0
    worker.master = new
    assert (await worker.submit(submission)).outcomes[submission.id].accepted == 1


async def test_a_replaced_master_finds_out_by_its_heartbeat_too(masters: Masters, storage: Storage) -> None:
    old = await masters.start()
    await silence(storage, SILENCE_SECONDS + 1)
    await masters.start()
    masters.clock.advance(5)
    while not masters.replaced:
        await turn()
    assert masters.replaced == [old]


async def test_a_transaction_in_flight_of_a_replaced_master_is_either_before_or_never(
    masters: Masters, storage: Storage
) -> None:
    old = await masters.start()
    worker = await described(old)
    run = await old.create_run(None, None, SMALL)
    submission = worker.play(await worker.claim())
    async with storage.unfenced() as connection:
        await leadership.lock(connection)
        request = asyncio.create_task(worker.submit(submission))
        await asyncio.wait({request}, timeout=0.2)
        await leadership.take(connection, this_holder())
    with pytest.raises(NotLeading):
        await request
    async with storage.reading() as connection:
        assert await count_results(connection, run.id) == 0


async def test_the_new_master_goes_on_where_the_old_one_stood(masters: Masters) -> None:
    first = await masters.start()
    worker = await described(first)
    run = await first.create_run(None, None, SMALL)
    for _ in range(5):
        await worker.submit(worker.play(await worker.claim()))
    done = (await first.show_run(run.id)).progress
    await first.stop()
    second = await masters.start()
    shown = await second.show_run(run.id)
    assert shown.progress is not None
    assert done is not None
    assert (shown.progress.phase, shown.progress.done) == (done.phase, done.done)
    async with at_work(FakeWorker(second)):
        await reached(second, run.id, "finished")


async def test_a_dead_holder_on_this_host_is_known_to_be_dead() -> None:
    code = "from server.service.leadership import this_holder; print(this_holder())"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    output, _ = await process.communicate()
    assert is_dead(output.decode().strip())
    assert not is_dead(this_holder())
    host, pid, started = this_holder().rsplit(" ", 2)
    assert pid == str(os.getpid())
    assert is_dead(f"{host} {pid} {int(started) - 1}")
    assert not is_dead(f"elsewhere pid:[1] {pid} {started}")


async def test_a_replaced_process_exits_with_its_own_status() -> None:
    code = "from server.service.master import exit_replaced; exit_replaced()"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == REPLACED_EXIT == 75
