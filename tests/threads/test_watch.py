"""What is seen of functions that run for long, with time as a number; in test_heartbeat.py a thread sees it."""

from __future__ import annotations

import logging
import weakref

import pytest

from sioclient.errors import ConnectionLost
from sioclient.protocol.notices import Acknowledged, Connected, Notice, Unacknowledged
from sioclient.protocol.packets import Event, Message
from sioclient.protocol.revisions import Handshake, revision1
from sioclient.protocol.session import Session
from sioclient.reading import Reading
from sioclient.threads.watch import Watch, warn


class Waiter:
    name = "asked"


class Referable(Event):
    """An event that can be referred to weakly."""


def paused(at: float = 0.0, heartbeat: float | None = 10) -> Session:
    session = Session(Handshake("sid", heartbeat, heartbeat, ()), revision1().dialect, Reading(), 0.0)
    session.reading.pause(at)
    return session


@pytest.mark.parametrize(
    ("notice", "name"),
    [
        (Event("work"), "work"),
        (Message("hello"), "message"),
        (Connected(""), "connected"),
        (Acknowledged(Waiter(), []), "asked"),
        (Unacknowledged(None, ConnectionLost()), "unacknowledged"),
    ],
)
def test_first_function_of_several_is_seen_at_half_the_time_out(notice: Notice, name: str) -> None:
    watch, session = Watch(), paused(100.0)
    assert watch.look(notice, notice, session, 104.9) is None
    assert watch.look(notice, notice, session, 105.0) == (name, 5.0)
    assert watch.look(notice, notice, session, 200.0) is None


def test_later_function_has_run_since_it_was_first_seen() -> None:
    watch, session, first, slow = Watch(), paused(), Event("first"), Event("slow")
    assert watch.look(slow, first, session, 9.0) is None
    assert watch.look(slow, first, session, 13.9) is None
    assert watch.look(slow, first, session, 14.0) == ("slow", 5.0)


def test_many_short_functions_are_no_long_one() -> None:
    watch, session, events = Watch(), paused(), [Event("n") for _ in range(20)]
    assert [watch.look(event, events[0], session, 4.9 * number) for number, event in enumerate(events)] == [None] * 20


def test_function_that_reads_meanwhile_has_not_blocked() -> None:
    watch, session, slow = Watch(), paused(), Event("slow")
    session.reading.resume(4.0)
    assert watch.look(slow, slow, session, 6.0) is None
    session.reading.pause(8.0)
    assert watch.look(slow, slow, session, 12.0) is None
    assert watch.look(slow, slow, session, 13.0) == ("slow", 5.0)
    session.reading.resume(14.0)
    assert watch.look(slow, slow, session, 15.0) is None
    session.reading.pause(16.0)
    assert watch.look(slow, slow, session, 30.0) is None


def test_nothing_is_kept_of_functions_that_returned() -> None:
    watch, session, slow = Watch(), paused(), Referable("slow")
    assert watch.look(slow, slow, session, 5.0) == ("slow", 5.0)
    seen = weakref.ref(slow)
    del slow
    assert watch.look(None, None, session, 6.0) is None
    assert seen() is None
    slow = Referable("slow")
    assert watch.look(slow, slow, session, 10.0) == ("slow", 10.0)


def test_nothing_is_too_long_without_a_time_out_or_a_session() -> None:
    watch, slow = Watch(), Event("slow")
    assert watch.look(slow, slow, paused(heartbeat=None), 1000.0) is None
    assert watch.look(slow, slow, None, 1000.0) is None


def test_warning_names_the_function_and_its_time(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "sioclient")
    warn(None)
    warn(("work\n" + "x" * 1000, 12.34))
    (record,) = caplog.records
    assert record.getMessage().startswith("your function for 'work\\nxxx")
    assert "has run for 12.3 s" in record.getMessage()
    assert len(record.getMessage()) < 400
