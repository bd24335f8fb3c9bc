from __future__ import annotations

import pytest

from sioclient.errors import LocalProtocolError
from sioclient.protocol.acks import Acks
from sioclient.protocol.packets import MAX_ID
from tests.interrupts import Interrupt

from .driver import size


def waiters(acks: Acks) -> list[object]:
    """Forget all that is pending and return the waiters."""
    return list(acks.drop(lambda key: True))


def test_ids_count_from_1_over_all_endpoints():
    acks = Acks()
    assert [acks.new_id(""), acks.new_id("/chat"), acks.new_id("")] == [1, 2, 3]


def test_an_id_is_not_used_again_after_its_ack():
    acks = Acks()
    acks.add(("", acks.new_id("")), "first", None)
    acks.resolve(("", 1))
    assert acks.new_id("") == 2


def test_a_new_id_steps_over_one_that_the_user_chose():
    acks = Acks()
    acks.add(("", 1), "own", None)
    assert acks.new_id("") == 2


def test_an_id_taken_on_another_endpoint_is_free_on_this_one():
    acks = Acks()
    acks.add(("/chat", 1), "own", None)
    assert acks.new_id("") == 1


def test_an_ack_finds_its_waiter_once():
    acks = Acks()
    acks.add(("", 1), "waiter", None)
    assert acks.resolve(("", 1)).waiter == "waiter"
    assert acks.resolve(("", 1)) is None
    assert acks.resolve(("", 2)) is None
    assert (len(acks), acks.ignored) == (0, 2)


def test_an_ack_on_another_endpoint_finds_nobody():
    acks = Acks()
    acks.add(("/chat", 1), "waiter", None)
    assert acks.resolve(("", 1)) is None
    assert (len(acks), acks.ignored) == (1, 1)


@pytest.mark.parametrize("number", [0, -1, MAX_ID + 1, True, 1.0, "1"])
def test_an_id_that_javascript_could_not_hold_is_refused(number):
    with pytest.raises(LocalProtocolError, match="msgid"):
        Acks().add(("", number), "waiter", None)


def test_the_largest_id_is_taken():
    acks = Acks()
    acks.add(("", MAX_ID), "waiter", None)
    assert len(acks) == 1


def test_an_id_that_is_awaited_cannot_be_used_a_second_time():
    acks = Acks()
    acks.add(("", 7), "first", None)
    with pytest.raises(LocalProtocolError, match="still awaited"):
        acks.add(("", 7), "second", None)
    assert waiters(acks) == ["first"]


def test_more_than_the_limit_cannot_be_awaited():
    acks = Acks(limit=2)
    acks.add(("", 1), "a", None)
    acks.add(("", 2), "b", None)
    with pytest.raises(LocalProtocolError, match="2 acknowledgements"):
        acks.add(("", 3), "c", None)
    assert waiters(acks) == ["a", "b"]


def test_by_default_ten_thousand_may_be_awaited():
    acks = Acks()
    for number in range(1, 10_001):
        acks.add(("", number), number, None)
    with pytest.raises(LocalProtocolError, match="10000 acknowledgements"):
        acks.add(("", 10_001), "too many", None)


def test_only_the_condemned_are_dropped_oldest_first():
    acks = Acks()
    for number, endpoint in enumerate(["", "/chat", "", "/chat"], start=1):
        acks.add((endpoint, number), number, None)
    assert list(acks.drop(lambda key: key[0] == "/chat")) == [2, 4]
    assert waiters(acks) == [1, 3]


def test_a_waiter_expires_at_its_deadline_and_not_before():
    acks = Acks()
    acks.add(("", 1), "waiter", 10.0)
    assert list(acks.expire(9.999)) == []
    assert list(acks.expire(10.0)) == ["waiter"]
    assert list(acks.expire(11.0)) == []


def test_an_ack_that_is_awaited_anew_has_another_deadline():
    acks = Acks()
    acks.add(("", 1), "waiter", 1.0)
    acks.renew(("", 1), "waiter", 3.0, 1.0)
    assert acks.deadline() == 3.0
    assert list(acks.expire(2.0)) == []
    assert list(acks.expire(3.0)) == ["waiter"]
    acks.renew(("", 1), "again", None, 3.0)
    assert acks.deadline() is None
    pending = acks.resolve(("", 1))
    assert (pending.waiter, pending.since) == ("again", 3.0)


def test_waiters_expire_in_the_order_of_their_deadlines():
    acks = Acks()
    acks.add(("", 1), "late", 3.0)
    acks.add(("", 2), "early", 1.0)
    acks.add(("", 3), "never", None)
    assert list(acks.expire(5.0)) == ["early", "late"]
    assert waiters(acks) == ["never"]


def test_the_next_deadline_is_that_of_the_earliest_that_waits():
    acks = Acks()
    assert acks.deadline() is None
    acks.add(("", 1), "early", 1.0)
    acks.add(("", 2), "late", 3.0)
    assert acks.deadline() == 1.0
    acks.resolve(("", 1))
    assert acks.deadline() == 3.0
    acks.resolve(("", 2))
    assert acks.deadline() is None


def test_an_id_used_anew_does_not_expire_at_its_old_deadline():
    acks = Acks()
    acks.add(("", 7), "first", 1.0)
    acks.resolve(("", 7))
    acks.add(("", 7), "second", 5.0)
    assert list(acks.expire(1.0)) == []
    assert list(acks.expire(5.0)) == ["second"]


def test_deadlines_of_acks_that_came_do_not_pile_up():
    acks = Acks()
    patient = [70.0, 30.0, 50.0, 10.0, 90.0]
    for deadline in patient:
        acks.add(("/patient", acks.new_id("/patient")), deadline, deadline)
    for number in range(1, 1001):
        acks.add(("", number), number, 60.0 + number)
        acks.resolve(("", number))
        assert acks.deadline() == 10.0
    assert size(acks) < 20_000  # with a thousand deadlines, eight times as much
    assert list(acks.expire(100.0)) == sorted(patient)


def test_deadlines_of_acks_that_are_dropped_do_not_pile_up():
    acks = Acks()
    for number in range(1, 1001):
        acks.add((f"/{number}", number), number, 60.0)
        assert acks.drop(lambda key: True) == [number]
    assert size(acks) < 20_000
    assert acks.deadline() is None


def test_who_waits_is_known_with_the_time_since_when():
    acks = Acks()
    acks.add(("", 1), "waiter", None, 5.0)
    assert acks.resolve(("", 1)).since == 5.0
    assert acks.round_trip is None


def test_ctrl_c_at_any_place_leaves_no_ack_without_its_deadline():
    number, raised_at = 0, ""
    while raised_at is not None:
        acks = Acks()
        interrupt = Interrupt(number)
        interrupt.run(lambda: acks.add(("", 1), "waiter", 5.0))  # noqa: B023
        assert list(acks.expire(5.0)) in ([], ["waiter"])
        assert len(acks) == 0
        number, raised_at = number + 1, interrupt.raised_at
    assert number > 2
