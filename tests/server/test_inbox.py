"""What waits to be parsed: in order, counted, and not touched before its turn."""

from __future__ import annotations

from sioclient.server.inbox import OVERHEAD, Inbox


def take_all(inbox):
    """Return what each step gives, until the inbox is empty."""
    steps = []
    while inbox:
        steps += [inbox.take()]
    return steps


def test_frames_and_bodies_come_out_in_order():
    inbox = Inbox()
    inbox.put("first")
    inbox.put_body(iter(["second", None, "third"]), 20)
    inbox.put(b"fourth")
    inbox.put("")
    assert [frame for step in take_all(inbox) for frame in step] == ["first", "second", "third", b"fourth", ""]


def test_a_frame_is_one_step_and_its_last_one_empties_the_inbox():
    inbox = Inbox()
    inbox.put("alone")
    assert take_all(inbox) == [("alone",)]
    inbox.put_body(iter(["x"]), 1)
    assert take_all(inbox) == [(), ("x",)]
    inbox.put_body(iter(()), 0)
    assert take_all(inbox) == [()]


def test_s15_a_body_is_not_touched_before_its_turn():
    touched = []

    def frames():
        touched.append(True)
        yield "x"

    inbox = Inbox()
    inbox.put("before")
    inbox.put_body(frames(), 1)
    inbox.take()
    assert not touched
    take_all(inbox)
    assert touched


def test_s15_the_size_counts_tiny_frames_with_what_they_cost():
    inbox = Inbox()
    inbox.put("8::")
    inbox.put_body(iter(["a", "b"]), 1000)
    assert inbox.size == 3 + OVERHEAD + 1000 + OVERHEAD
    inbox.take()
    inbox.take()
    inbox.take()
    assert inbox.size == 1000 + OVERHEAD  # until the whole body was read
    inbox.take()
    assert inbox.size == 0
    inbox.put("x")
    inbox.clear()
    assert (inbox.size, bool(inbox)) == (0, False)
