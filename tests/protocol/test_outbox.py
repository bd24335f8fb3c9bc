from __future__ import annotations

import pytest

from sioclient.errors import BufferFull, LocalProtocolError, NotConnected
from sioclient.protocol.drafts import make_drafts
from sioclient.protocol.outbox import SPACING, Outbox, frames_of
from sioclient.protocol.packets import Event, Message
from sioclient.protocol.revisions import any_revision
from tests.interrupts import Interrupt

CHAT = "".join(("/", "chat"))
"""A name as it comes from a server: equal to that of an endpoint, but not the same object."""


def filled(*frames: str, **options: int) -> Outbox:
    outbox = Outbox(**options)
    for frame in frames:
        outbox.push(frame, "")
    return outbox


def test_there_is_room_for_what_may_wait():
    outbox = Outbox(most_packets=2, most_characters=5)
    assert outbox.has_room("12345")
    assert not outbox.has_room("123456")
    outbox.push("123", "")
    assert outbox.has_room("45")
    assert not outbox.has_room("456")
    outbox.push("", "")
    assert not outbox.has_room("")


def test_frames_leave_once_and_in_order():
    outbox = filled("a", "b", "c")
    assert outbox.take() == ["a", "b", "c"]
    assert outbox.take() == []


def test_urgent_frames_leave_apart_from_the_others():
    outbox = filled("a")
    outbox.push_urgent("u1")
    outbox.push_urgent("u2")
    outbox.push_urgent_once("u3")
    outbox.push_urgent_once("u1")
    outbox.push_urgent_once(("u2", "u3"))
    assert (len(outbox), outbox.urgent, outbox.queued) == (4, 3, 1)
    assert outbox.take_urgent() == ["u1", "u2", "u3"]
    assert (len(outbox), outbox.urgent, outbox.queued) == (1, 0, 1)
    assert outbox.take() == ["a"]


def test_urgent_frames_may_leave_one_after_the_other():
    outbox = Outbox()
    outbox.push_urgent(("u1", "u2", "u3"))
    assert outbox.take_urgent(2.5) == ["u1", "u2"]
    assert outbox.urgent == 1
    assert outbox.take_urgent(0) == []
    assert outbox.take_urgent(5) == ["u3"]
    assert outbox.urgent == 0


def test_packets_leave_as_they_are():
    outbox = filled("a", "b")
    outbox.push(("c", "d"), "")
    outbox.hold("held", "/chat")
    assert outbox.take_packets() == ["a", "b", ("c", "d")]
    assert (outbox.queued, outbox.characters, outbox.held) == (0, 4, 1)


def test_no_more_frames_leave_than_there_is_room_for():
    outbox = filled("a", "b", "c", most_characters=3)
    assert outbox.take(2 * (1 + SPACING)) == ["a", "b"]
    outbox.check_room("de")
    with pytest.raises(BufferFull, match="1 packets \\(1 characters\\)"):
        outbox.check_room("def")
    assert outbox.take(SPACING) == []
    assert outbox.take(1 + SPACING) == ["c"]
    assert outbox.take(0) == []


def test_so_many_packets_leave_whatever_they_have():
    outbox = filled("a" * 100, "b" * 100, "c")
    assert outbox.next() == "a" * 100
    assert outbox.take(50, least=1) == ["a" * 100]
    assert outbox.take(50, least=2) == ["b" * 100, "c"]


def test_acknowledgements_of_packets_that_wait_are_counted():
    outbox = filled("a")
    outbox.push("b", "", ack=("", 1))
    assert outbox.acks() == 1


def test_there_is_room_for_the_last_packet_and_for_none_after_it():
    outbox = filled("a", most_packets=2)
    outbox.check_room("b")
    outbox.push("b", "")
    with pytest.raises(BufferFull, match="2 packets"):
        outbox.check_room("c")


def test_there_is_room_for_the_last_character_and_no_more():
    outbox = filled("abc", most_characters=5)
    outbox.check_room("de")
    with pytest.raises(BufferFull, match="3 characters"):
        outbox.check_room("def")


def test_a_thousand_packets_and_a_mebi_of_characters_may_wait():
    filled(*"x" * 999).check_room("x")
    with pytest.raises(BufferFull):
        filled(*"x" * 1000).check_room("x")
    Outbox().check_room("x" * 2**20)
    with pytest.raises(BufferFull):
        Outbox().check_room("x" * (2**20 + 1))


def test_without_a_buffer_nothing_may_wait():
    with pytest.raises(NotConnected, match="buffer_size=0") as caught:
        Outbox(most_packets=0).check_room("a")
    assert not isinstance(caught.value, BufferFull)


def test_what_was_taken_makes_room():
    outbox = filled("abcde", most_packets=1, most_characters=5)
    outbox.take()
    outbox.check_room("vwxyz")


@pytest.mark.parametrize(
    ("count", "size", "is_low"),
    [(50, 10**6, True), (51, 2**20 // 100, False), (51, 2**20 // 102, True), (500, 1, True), (501, 1, False)],
)
def test_half_of_what_may_wait_is_little(count, size, is_low):
    assert filled(*["x" * size] * count).is_low is is_low


def test_without_a_buffer_fifty_packets_are_little():
    assert filled(*"x" * 50, most_packets=0).is_low
    assert not filled(*"x" * 51, most_packets=0).is_low


def test_no_more_are_taken_than_asked_for():
    outbox = filled("1", "2", "3", "4" * 10)
    assert outbox.take(1000, most=2) == ["1", "2"]
    assert outbox.take(13, most=2) == ["3"]
    assert outbox.take(1, least=1, most=2) == ["4" * 10]


def test_the_end_of_a_session_leaves_what_users_sent():
    outbox = Outbox(most_characters=4)
    outbox.push("ack", "", of_session=True)
    outbox.push("mine", "", ack=("", 1))
    outbox.push_urgent("2::")
    assert outbox.end_session() == {("", 1)}
    assert (len(outbox), outbox.urgent) == (1, 0)
    with pytest.raises(BufferFull, match="1 packets \\(4 characters\\)"):
        outbox.check_room("x")
    assert outbox.take() == ["mine"]


def test_packets_without_an_ack_leave_no_key():
    assert filled("a", "b").end_session() == set()


def test_what_is_bound_to_the_session_leaves_or_ends_with_it():
    outbox = Outbox()
    for frame, endpoint in [("a", "/chat"), ("b", ""), ("c", "/chat"), ("d", "/z"), ("e", "/a")]:
        outbox.push(frame, endpoint, ack=(endpoint, ord(frame)))
    outbox.bind_to_session(CHAT)
    assert len(outbox) == 5
    assert outbox.end_session() == {("", ord("b")), ("/z", ord("d")), ("/a", ord("e"))}
    assert outbox.take() == ["b", "d", "e"]


def test_binding_to_the_session_changes_no_order():
    outbox = Outbox()
    outbox.push("a", "/chat")
    outbox.push("b", "", of_session=True)
    outbox.bind_to_session("/chat")
    assert outbox.take() == ["a", "b"]


def test_binding_to_the_session_unbinds_nothing():
    outbox = filled("stays")
    outbox.push("ack", "", of_session=True)
    outbox.push("other", "/news", of_session=True)
    outbox.bind_to_session("/chat")
    outbox.end_session()
    assert outbox.take() == ["stays"]


def test_dropping_an_endpoint_drops_its_frames_only():
    outbox = Outbox(most_characters=1)
    for frame, endpoint in [("gone", "/chat"), ("", ""), ("gone", "/chat"), ("", "/z"), ("", "/a")]:
        outbox.push(frame, endpoint)
    outbox.drop_endpoint(CHAT)
    outbox.check_room("x")
    assert outbox.take() == ["", "", ""]


def test_a_queue_that_is_forgotten_is_counted():
    outbox = filled("one", "two", most_characters=6)
    outbox.push_urgent("u")
    assert outbox.forget_all() == 2
    assert (outbox.urgent, outbox.queued) == (1, 0)
    assert outbox.has_room("x" * 6)
    assert outbox.forget_all() == 0


def test_a_packet_of_several_frames_leaves_whole():
    outbox = Outbox(most_characters=4)
    outbox.push(("a", b"bc"), "")
    outbox.push_urgent(("u", b"v"))
    assert (outbox.urgent, outbox.queued) == (2, 1)
    outbox.check_room("d")
    assert not outbox.has_room(("d", b"e"))
    assert outbox.take_urgent() == ["u", b"v"]
    assert outbox.take(1, least=1) == ["a", b"bc"]


@pytest.mark.parametrize(("encoded", "frames"), [("a", ("a",)), (("a", b"b"), ("a", b"b")), ((), ())])
def test_a_packet_is_one_frame_or_several(encoded, frames):
    assert frames_of(encoded) == frames


@pytest.mark.parametrize("encoded", ["12345", ("123", "45")])
def test_ctrl_c_at_any_place_of_a_push_leaves_the_counts_right(encoded):
    number, raised_at = 0, ""
    while raised_at is not None:
        outbox = Outbox(most_packets=2, most_characters=10)
        interrupt = Interrupt(number)
        interrupt.run(lambda: outbox.push(encoded, ""))  # noqa: B023
        there = list(outbox._queue)
        assert outbox.queued >= len(there), "a packet that would stay until there is another"
        outbox.push("last", "")
        assert outbox.take()[-1] == "last"
        assert outbox.queued == 0
        assert outbox.has_room("x" * 10)
        number, raised_at = number + 1, interrupt.raised_at
    assert number > 3


def test_ctrl_c_at_any_place_leaves_urgent_frames_to_be_taken():
    number, raised_at = 0, ""
    while raised_at is not None:
        outbox = Outbox()
        interrupt = Interrupt(number)
        interrupt.run(lambda: outbox.push_urgent("2::"))  # noqa: B023
        assert outbox.urgent >= len(outbox._urgent)
        outbox.take_urgent()
        assert outbox.urgent == 0
        number, raised_at = number + 1, interrupt.raised_at
    assert number > 2


def test_unwanted_packets_are_taken_out():
    outbox = filled("1", "12345", "12", "1234")
    assert [entry.encoded for entry in outbox.take_out(lambda encoded: len(encoded) > 3)] == ["12345", "1234"]
    assert outbox.queued == 2
    assert outbox.take_out(lambda encoded: False) == []
    assert outbox.take() == ["1", "12"]


def test_drafts_are_settled_in_order():
    unknown, outbox = any_revision(), Outbox()
    one, _, five = unknown.candidates
    for packet, ack in ((Message("a"), None), (Event("x", [b"bytes"], "", 1), ("", 1)), (Message("b"), ("", 2))):
        drafts = make_drafts(lambda dialect, packet=packet: dialect.encode(packet), unknown.candidates)
        outbox.push(drafts, "", ack=ack)
    ((key, error),) = outbox.settle(one)
    assert (key, type(error)) == (("", 1), LocalProtocolError)
    assert outbox.settle(five) == []
    assert outbox.take() == ["3:::a", "3:::b"]
    assert outbox.has_room("x" * 2**20)


def test_a_packet_can_be_taken_back_until_it_is_taken():
    outbox = Outbox(most_packets=2)
    outbox.push("a", "", ack=("", 1))
    outbox.push("b", "")
    assert outbox.holds(("", 1))
    assert outbox.withdraw(("", 1))
    assert not outbox.holds(("", 1))
    assert outbox.has_room("c")
    assert not outbox.withdraw(("", 1))
    assert outbox.take() == ["b"]


def test_what_is_held_leaves_behind_what_waits():
    outbox = filled("a")
    outbox.hold("x", CHAT)
    outbox.hold("y", "/news")
    assert (outbox.held, outbox.queued) == (2, 1)
    assert outbox.take() == ["a"]
    outbox.push("b", "")
    outbox.release("/chat")
    outbox.release("/nobody")
    assert (outbox.held, outbox.take()) == (1, ["b", "x"])


def test_what_is_held_takes_room():
    outbox = Outbox(most_packets=2, most_characters=3)
    outbox.hold("ab", CHAT)
    assert not outbox.has_room("cd")
    with pytest.raises(BufferFull, match="'/chat' is not joined yet and 1 packets \\(2 characters\\)"):
        outbox.hold("cd", CHAT)
    outbox.push("c", "")
    assert not outbox.has_room("")


def test_what_is_held_is_forgotten_with_its_endpoint():
    outbox = Outbox()
    for name in (CHAT, "/news"):
        outbox.push("a", name)
        outbox.hold("b", name)
    outbox.drop_held("/chat")
    assert (outbox.held, outbox.queued) == (1, 2)
    outbox.drop_endpoint("/news")
    assert (outbox.held, outbox.queued) == (0, 1)
    outbox.drop_held("/chat")
    assert outbox.take() == ["a"]
    outbox.hold("b", CHAT)
    assert (outbox.forget_all(), outbox.held) == (1, 0)


def test_what_is_held_outlives_the_session():
    outbox = Outbox()
    outbox.push("join", "", of_session=True)
    outbox.push("a", CHAT)
    outbox.hold("b", CHAT, ack=("/chat", 1))
    assert outbox.end_session() == {("/chat", 1)}
    assert (outbox.held, outbox.take()) == (0, ["a", "b"])


def test_what_is_withdrawn_leaves_the_held_alone():
    outbox = Outbox()
    outbox.push("a", CHAT, ack=("/chat", 1))
    outbox.hold("b", CHAT)
    assert outbox.withdraw(("/chat", 1))
    assert (outbox.held, outbox.queued) == (1, 0)
