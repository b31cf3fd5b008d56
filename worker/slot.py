"""An evaluation process: plays the batches that come on standard input, writes results to standard output.

It ends at once when its standard input closes, that is when the main process ends, however it ends.
"""

import fcntl
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO
from uuid import UUID

from evolution.messages import Batch, Episode, EpisodeResult
from worker.episode import BrokenEnvironment, UnplayableEnvironment, UnsuitablePolicy
from worker.inbox import Inbox
from worker.individuals import Individual
from worker.journal import FORMAT_VARIABLE, LogStyle, line, logger, set_up_logging
from worker.orders import Failure, Message, Order, Progress, Ready, Report
from worker.shelf import Shelf

if TYPE_CHECKING:
    from worker.evaluation import Evaluator

REPORT_SECONDS = 0.5
"""Results of shorter episodes than this are reported together."""
PIPE_BYTES = 2**18
"""What may be reported before the main process reads it: 800 results, where a system's usual is 200.

Not more: by default Linux grants 64 MiB to all pipes of a user, and leaves those beyond next to nothing.
"""

Say = Callable[[Message], None]


def main(memory: int, modules: Sequence[str]) -> None:
    """Runs until standard input ends. `memory`: descriptor of the shelf's file that the worker's processes share."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the main process decides
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    set_up_logging(LogStyle(format="json" if os.environ.get(FORMAT_VARIABLE) == "json" else "text"))
    sys.excepthook = _log_failure
    orders, output = sys.stdin.buffer, _take_standard_output()
    inbox = Inbox(orders)

    def say(message: Message) -> None:
        output.write(Report(message=message).model_dump_json().encode() + b"\n")
        output.flush()

    # What takes seconds to load comes last, so that even a process that is loading ends with the main process.
    from worker.compilation import compile_kernels
    from worker.evaluation import Evaluator
    from worker.registry import import_modules

    import_modules(modules)
    compile_kernels(lambda notice: logger.info(line("compile-kernels", notice=notice)))
    evaluator = Evaluator(Shelf(memory))
    say(Ready())
    for order in inbox:
        if order.job is None:
            play_batch(order, evaluator, say, inbox.is_dropped)
            continue
        from worker.jobs import play_job  # with the video encoder, which few processes need

        play_job(order.job, evaluator, say, inbox.is_dropped)


def play_batch(order: Order, evaluator: "Evaluator", say: Say, is_dropped: Callable[[UUID], bool]) -> None:
    """Plays the batch's episodes in order and reports them, soon but not one by one."""
    batch = order.play
    if batch is None:
        return
    results: list[EpisodeResult] = []
    reported_at = time.monotonic()
    try:
        for episode in batch.episodes:
            if is_dropped(batch.lease):
                break
            branchings = order.branchings.get(episode.parent or "", [])
            results.append(play_episode(batch, episode, evaluator, branchings))
            if time.monotonic() - reported_at >= REPORT_SECONDS:
                say(Progress(lease=batch.lease, results=results, done=False))
                results, reported_at = [], time.monotonic()
    except (UnplayableEnvironment, UnsuitablePolicy, BrokenEnvironment) as error:
        if results:
            say(Progress(lease=batch.lease, results=results, done=False))
        say(Failure(lease=batch.lease, reason=str(error)))
        return
    say(Progress(lease=batch.lease, results=results, done=True))


def play_episode(
    batch: Batch, episode: Episode, evaluator: "Evaluator", branchings: Sequence[int] = ()
) -> EpisodeResult:
    """One episode of a batch, timed."""
    started = time.perf_counter()
    played = evaluator.evaluate(_individual(batch, episode, branchings), batch.environment, episode.seed)
    return EpisodeResult(
        generation=episode.generation,
        index=episode.index,
        phase=episode.phase,
        episode=episode.episode,
        score=played.score,
        steps=played.steps,
        frames=played.frames,
        digest=played.digest,
        seconds=time.perf_counter() - started,
    )


def _individual(batch: Batch, episode: Episode, branchings: Sequence[int]) -> Individual:
    parent = batch.chains[episode.parent].seeds if episode.parent is not None else []
    return Individual(batch.architecture, parent, [batch.power] * len(parent), episode.mutation, branchings)


def _take_standard_output() -> BinaryIO:
    """A private way out: whatever else prints (libraries, the user's environment) goes to standard error instead."""
    private = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with suppress(AttributeError, OSError):  # where it cannot be enlarged, a long report waits for its reader
        fcntl.fcntl(private, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return os.fdopen(private, "wb")


def _log_failure(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """One line; the main process replaces this one and gives the batch back."""
    place = traceback.extract_tb(trace)[-1] if trace else None
    where = f"{place.filename}:{place.lineno}" if place else "unknown"
    logger.error(line("evaluation-process-failed", error=f"{kind.__name__}: {error}", where=where, pid=os.getpid()))
