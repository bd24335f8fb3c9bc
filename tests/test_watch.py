"""What is seen of functions that run for long, with time as a number; in tests/test_threads.py the threads see it."""

from __future__ import annotations

import logging

import pytest

from sioclient.errors import ConnectionLost
from sioclient.protocol.notices import Answered, Connected, Notice, Unanswered
from sioclient.protocol.packets import Event, Message
from sioclient.protocol.revisions import Handshake, Revision1
from sioclient.protocol.session import Session
from sioclient.watch import Watch, warn


class Waiter:
    name = "asked"


def paused(at: float = 0.0, heartbeat: float | None = 10) -> Session:
    session = Session(Handshake("sid", heartbeat, heartbeat, ()), Revision1(), 0.0)
    session.pause(at)
    return session


@pytest.mark.parametrize(
    ("notice", "name"),
    [
        (Event("work"), "work"),
        (Message("hello"), "message"),
        (Connected(""), "connected"),
        (Answered(Waiter(), []), "asked"),
        (Unanswered(None, ConnectionLost()), "unanswered"),
    ],
)
def test_the_first_function_of_several_is_told_of_at_half_the_time_out_and_once(notice: Notice, name: str) -> None:
    watch, session = Watch(), paused(100.0)
    assert watch.look(notice, notice, session, 104.9) is None
    assert watch.look(notice, notice, session, 105.0) == (name, 5.0)
    assert watch.look(notice, notice, session, 200.0) is None


def test_a_later_one_has_run_since_it_was_first_seen() -> None:
    watch, session, first, slow = Watch(), paused(), Event("first"), Event("slow")
    assert watch.look(slow, first, session, 9.0) is None
    assert watch.look(slow, first, session, 13.9) is None
    assert watch.look(slow, first, session, 14.0) == ("slow", 5.0)


def test_many_that_take_long_together_are_no_long_one() -> None:
    watch, session, events = Watch(), paused(), [Event("n") for _ in range(20)]
    assert [watch.look(event, events[0], session, 4.9 * number) for number, event in enumerate(events)] == [None] * 20


def test_one_that_reads_meanwhile_has_not_blocked_and_is_told_of_once_all_the_same() -> None:
    watch, session, slow = Watch(), paused(), Event("slow")
    session.resume(4.0)
    assert watch.look(slow, slow, session, 6.0) is None
    session.pause(8.0)
    assert watch.look(slow, slow, session, 12.0) is None
    assert watch.look(slow, slow, session, 13.0) == ("slow", 5.0)
    session.resume(14.0)
    assert watch.look(slow, slow, session, 15.0) is None
    session.pause(16.0)
    assert watch.look(slow, slow, session, 30.0) is None


def test_the_next_one_is_told_of_again_and_nothing_is_kept_of_those_before() -> None:
    watch, session, slow = Watch(), paused(), Event("slow")
    assert watch.look(slow, slow, session, 5.0) == ("slow", 5.0)
    assert watch.look(None, None, session, 6.0) is None
    assert (watch._seen, watch._told) == (None, None)
    assert watch.look(slow, slow, session, 10.0) == ("slow", 10.0)


def test_where_no_time_out_was_announced_or_no_session_is_nothing_is_too_long() -> None:
    watch, slow = Watch(), Event("slow")
    assert watch.look(slow, slow, paused(heartbeat=None), 1000.0) is None
    assert watch.look(slow, slow, None, 1000.0) is None


def test_the_warning_names_what_runs_and_for_how_long(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "sioclient")
    warn(None)
    warn(("work\n" + "x" * 1000, 12.34))
    (record,) = caplog.records
    assert record.getMessage().startswith("your function for 'work\\nxxx")
    assert "has run for 12.3 s" in record.getMessage()
    assert len(record.getMessage()) < 400
