"""Children that are kept alive, as real processes."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cli.children import Child, Recipe
from cli.errors import ChildFailed, CommandError
from cli.launch import bound
from cli.logs import ChildLog
from tests.acceptance.processes import await_end

pytestmark = pytest.mark.anyio

SAYS_PID = "import os, signal, subprocess, sys, time\nprint('WARNING', os.getpid(), flush=True)\n"
WAITS = "time.sleep(60)\n"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


class Nursery:
    """Makes children out of programs, and hears what they say."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "child.log"
        self.said: asyncio.Queue[str] = asyncio.Queue()

    def child(self, program: str, **recipe: Any) -> Child:
        """A child that runs the program."""
        command = bound([sys.executable, "-I", "-S", "-c", program], signal.SIGKILL)
        return Child(Recipe("child", lambda: command, **recipe), ChildLog(self.log), self.said.put_nowait)

    async def pid(self) -> int:
        """The pid that the next line said tells."""
        return int((await self.said.get()).removeprefix("child: WARNING "))


@pytest.fixture
def nursery(tmp_path: Path) -> Nursery:
    return Nursery(tmp_path)


async def test_a_child_that_is_killed_is_started_again(nursery: Nursery) -> None:
    child = nursery.child(SAYS_PID + WAITS)
    life = child.start()
    first = await nursery.pid()
    os.kill(first, signal.SIGKILL)
    assert await nursery.said.get() == "child was killed by SIGKILL; starting it again"
    assert await nursery.said.get() == "child is back"
    second = await nursery.pid()
    await child.stop(asyncio.Event())
    await life
    await_end([first, second], seconds=5)


async def test_a_first_start_that_fails_says_why_and_keeps_the_exit_code(nursery: Nursery) -> None:
    async def never(_pid: int) -> bool:
        return False

    program = "import sys; print('noise'); print('neuroevo: port 1 is busy', file=sys.stderr); sys.exit(3)"
    with pytest.raises(ChildFailed, match=r"child ended with exit code 3 while starting: port 1 is busy") as failure:
        await nursery.child(program, is_ready=never).start()
    assert failure.value.exit_code == 3


async def test_what_cannot_be_prepared_is_not_started(nursery: Nursery) -> None:
    def refuse() -> None:
        raise CommandError("no")

    with pytest.raises(CommandError, match="no"):
        await nursery.child(SAYS_PID, prepare=refuse).start()
    assert nursery.said.empty()


async def test_a_child_that_will_not_stop_is_killed_after_its_time(nursery: Nursery) -> None:
    child = nursery.child(SAYS_PID.replace("print", f"{DEAF}print") + WAITS, patience_seconds=0.2)
    life = child.start()
    pid = await nursery.pid()
    await child.stop(asyncio.Event())
    await life
    await_end([pid], seconds=1)


async def test_hurry_cuts_patience_short(nursery: Nursery) -> None:
    child = nursery.child(SAYS_PID.replace("print", f"{DEAF}print") + WAITS, patience_seconds=60.0)
    life = child.start()
    await nursery.pid()
    began, hurry = time.monotonic(), asyncio.Event()
    stopping = asyncio.create_task(child.stop(hurry))
    await asyncio.sleep(0)
    hurry.set()
    await stopping
    await life
    assert time.monotonic() - began < 10


async def test_nothing_that_a_child_started_outlives_it(nursery: Nursery) -> None:
    below = "below = subprocess.Popen(['/bin/sleep', '60'])\nprint('WARNING', below.pid, flush=True)\n"
    child = nursery.child(SAYS_PID + below + "os.kill(os.getpid(), 9)")
    life = child.start()
    pids = [await nursery.pid(), await nursery.pid()]
    await child.stop(asyncio.Event())
    await life
    await_end(pids, seconds=5)


async def test_important_lines_are_shown_and_all_are_kept(nursery: Nursery) -> None:
    child = nursery.child(f"import time; print('fine'); print('12:00 ERROR oh', flush=True); {WAITS}")
    life = child.start()
    assert await nursery.said.get() == "child: 12:00 ERROR oh"
    await child.stop(asyncio.Event())
    await life
    assert nursery.log.read_text() == "fine\n12:00 ERROR oh\n"


async def test_a_child_stopped_before_it_ran_never_runs(nursery: Nursery) -> None:
    child = nursery.child(SAYS_PID + WAITS)
    life = child.start()
    await child.stop(asyncio.Event())
    await life
    assert nursery.said.empty()
