"""The inbox holds back who brings too much, and lets go of everybody at its end."""

from __future__ import annotations

import threading

import pytest

from sioclient.cli import inbox
from sioclient.cli.inbox import Heard, Inbox
from tests.waiting import eventually, joined


def test_items_come_in_order_and_an_exception_is_raised():
    box = Inbox()
    assert box.is_empty()
    box.hear("", "a", [1])
    box.put(ValueError("x"))
    assert not box.is_empty()
    assert box.take()[:3] == ("", "a", [1])
    with pytest.raises(ValueError, match="x"):
        box.take()
    assert box.take(0) is None
    assert box.take(0.001) is None


def test_who_brings_too_much_waits_until_there_is_room_or_the_end(monkeypatch):
    monkeypatch.setattr(inbox, "MOST_WAITING", 1)
    monkeypatch.setattr(inbox, "LOOK", 0.01)
    box = Inbox()
    done = []
    thread = threading.Thread(
        target=lambda: [done.append(box.put(Heard("", name, [], 0))) for name in "abc"], daemon=True
    )
    thread.start()
    eventually(lambda: len(done) == 1)
    assert box.take().name == "a"
    eventually(lambda: len(done) == 2)
    box.close()
    joined(thread)
    assert box.take().name == "b"
    assert box.take(0) is None
