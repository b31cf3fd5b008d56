"""Names, cursors, speeds, events: small parts with a law each."""

import asyncio
import base64
import json
import string
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.service.active_run import Stopwatch
from server.service.errors import InvalidConfiguration
from server.service.events import KEPT_EVENTS, QUEUED_EVENTS, EventLog, TooSlow
from server.service.names import ALPHABET, draw_id, draw_name, short_id
from server.service.pages import read_cursor, read_moment, write_cursor
from server.service.rates import WINDOW_SECONDS, Rate


def test_names_are_plain_and_ids_hard_to_misread() -> None:
    for _ in range(100):
        adjective, noun = draw_name().split("-")
        assert adjective.isalpha()
        assert noun.isalpha()
        assert len(draw_id()) == 6
        assert set(draw_id()) <= set(ALPHABET)
    assert not set(ALPHABET) & set("01ilouABC")


def test_a_run_is_found_by_its_id_alone_or_after_its_name() -> None:
    assert short_id("k3f9x2") == short_id("brave-otter-k3f9x2") == short_id("K3F9X2") == "k3f9x2"


@given(st.lists(st.text(string.printable[:95]) | st.integers(-(2**31) + 1, 2**31 - 1)))
def test_a_cursor_leads_back_to_its_place(place: list[str | int]) -> None:
    assert read_cursor(write_cursor(*place), *map(type, place)) == tuple(place)


@given(st.text())
@example(base64.b64encode(b"[" * 3000).decode())
@example(base64.b64encode(b"[" + b"9" * 5000 + b",1,1]").decode())
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidConfiguration, match="cursor"):
        read_cursor(text, int, int, int)


@pytest.mark.parametrize("part", ["k3f9x2\0", "\ud800", "line\n", 2**31, -(2**31)])
def test_a_cursor_of_what_is_never_stored_is_refused(part: str | int) -> None:
    with pytest.raises(InvalidConfiguration, match="cursor"):
        read_cursor(write_cursor(part), type(part))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_moment_out_of_all_time_is_refused(moment: str) -> None:
    with pytest.raises(InvalidConfiguration, match="cursor"):
        read_moment(moment)


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidConfiguration):
        read_cursor(write_cursor("text"), int)
    with pytest.raises(InvalidConfiguration):
        read_moment("2030-01-01")
    assert read_moment("2030-01-01T00:00:00+00:00") == datetime(2030, 1, 1, tzinfo=UTC)


def test_a_rate_is_the_mean_of_the_last_half_minute() -> None:
    rate = Rate(now=0.0)
    for second in range(100):
        rate.add(5, now=second + 0.3)
        rate.add(5, now=second + 0.6)
    assert rate.value(now=100.0) == pytest.approx(10, rel=0.05)
    assert rate.value(now=100.0 + WINDOW_SECONDS + 1) == 0


def test_a_rate_is_known_from_the_first_second_on() -> None:
    rate = Rate(now=10.0)
    rate.add(50, now=10.1)
    assert rate.value(now=10.1) == 50
    rate.add(50, now=14.9)
    assert rate.value(now=15.0) == 20


def test_a_stopwatch_counts_only_while_it_runs() -> None:
    watch = Stopwatch(100.0)
    assert watch.read(50.0) == 100.0
    watch.start(50.0)
    watch.start(55.0)
    assert watch.read(60.0) == 110.0
    watch.stop(70.0)
    watch.stop(80.0)
    assert watch.read(90.0) == 120.0


def test_events_are_numbered_and_replayed_to_who_missed_them() -> None:
    log = EventLog(epoch=3)
    events = [log.publish(["runs"], "run.changed", number=number) for number in range(3)]
    assert [event.n for event in events] == [1, 2, 3]
    assert log.since(3, 1) == events[1:]
    assert log.since(3, 3) == []
    assert json.loads(json.dumps(events[0].message())) == {"type": "run.changed", "epoch": 3, "n": 1, "number": 0}


def test_only_the_newest_whole_picture_is_kept_for_who_missed_some() -> None:
    log = EventLog(epoch=3)
    log.publish_whole(["workers"], "workers.changed", workers=["a"])
    log.publish(["runs"], "run.changed", run="x")
    log.publish_whole(["workers"], "workers.changed", workers=["b"])
    missed = log.since(3, 0)
    assert missed is not None
    assert [event.n for event in missed] == [1, 2, 3]
    assert [(event.topics, event.payload) for event in missed] == [
        (frozenset(), {}),
        ({"runs"}, {"run": "x"}),
        ({"workers"}, {"workers": ["b"]}),
    ]


def test_who_missed_too_much_or_watched_another_master_must_fetch_everything_afresh() -> None:
    log = EventLog(epoch=3)
    for _ in range(KEPT_EVENTS + 1):
        log.publish(["runs"], "run.changed")
    assert log.since(3, 0) is None
    assert log.since(3, KEPT_EVENTS + 2) is None
    assert log.since(2, KEPT_EVENTS) is None
    assert len(log.since(3, 1) or []) == KEPT_EVENTS


def test_a_watcher_that_does_not_keep_up_is_told_and_holds_nobody_up() -> None:
    async def watch() -> None:
        log = EventLog(epoch=1)
        slow, gone = log.subscribe(), log.subscribe()
        log.unsubscribe(gone)
        first = log.publish(["runs"], "first")
        assert await slow.next() == first
        for _ in range(QUEUED_EVENTS + 1):
            log.publish(["runs"], "more")
        with pytest.raises(TooSlow):
            await slow.next()

    asyncio.run(watch())
