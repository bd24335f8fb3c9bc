from __future__ import annotations

from dataclasses import dataclass

import pytest

from sioclient.errors import ConnectError, HandshakeRejected
from sioclient.protocol.backoff import Backoff
from sioclient.protocol.retry import OVERFED, TOO_BIG, Retry

GONE = ConnectError("gone")
FINAL = HandshakeRejected("forbidden", status=403)


@dataclass
class Wishes:
    reconnect: bool = True
    wait_for_connection: bool = False


def new_retry(*, attempts: int | None = 10, joined: bool = True, limit: float = 8.0, **wishes: bool) -> Retry:
    """Return one whose delays are 1, 2, 4 and 8 seconds."""
    retry = Retry(Wishes(**wishes), Backoff(1.0, limit, attempts, lambda: 0.5))
    if joined:
        retry.joined()
    return retry


def lose(retry: Retry, reason: str = "gone", *, in_session: bool = True, was_healthy: bool = False) -> float | None:
    return retry.lost(reason, GONE, in_session=in_session, was_healthy=was_healthy)


@pytest.mark.parametrize(("wait", "delay"), [(False, None), (True, 1.0)])
def test_a_first_attempt_is_made_again_only_if_wanted(wait, delay):
    assert lose(new_retry(joined=False, wait_for_connection=wait), in_session=False) == delay


@pytest.mark.parametrize(("reconnect", "delay"), [(False, None), (True, 1.0)])
def test_a_connection_that_stood_is_made_again_if_wanted(reconnect, delay):
    assert lose(new_retry(reconnect=reconnect, wait_for_connection=not reconnect)) == delay


def test_an_error_that_stays_is_final_at_first():
    retry = new_retry(joined=False, wait_for_connection=True)
    assert retry.lost("refused", FINAL, in_session=False, was_healthy=False) is None
    assert retry.final(FINAL) is FINAL


def test_no_error_is_final_after_a_session_but_by_the_budget():
    retry = new_retry(attempts=2)
    delays = [retry.lost("refused", FINAL, in_session=False, was_healthy=False) for _ in range(3)]
    assert delays == [1.0, 2.0, None]
    assert str(retry.final(FINAL)) == "gave up after 2 attempts to connect again: forbidden"


@pytest.mark.parametrize(("asked_for", "delay"), [(0.0, 1.0), (5.0, 5.0), (60.0, 8.0)])
def test_a_server_is_left_alone_as_it_asks_up_to_the_limit(asked_for, delay):
    busy = HandshakeRejected("busy", status=503, retry_after=asked_for)
    assert new_retry().lost("busy", busy, in_session=False, was_healthy=False) == delay


def test_attempts_are_counted_until_a_session_stands():
    retry = new_retry()
    assert [lose(retry), lose(retry, in_session=False), retry.attempts] == [1.0, 2.0, 2]
    retry.joined()
    assert (retry.attempts, lose(retry)) == (0, 4.0)


def test_a_healthy_session_begins_the_delays_anew():
    retry = new_retry()
    lose(retry)
    retry.joined()
    assert lose(retry, was_healthy=True) == 1.0


def test_a_loss_of_our_own_making_begins_the_delays_anew():
    retry = new_retry()
    lose(retry)
    retry.joined()
    assert lose(retry, OVERFED) == 1.0


@pytest.mark.parametrize(("reason", "in_a_moment"), [(OVERFED, True), ("gone", False)])
def test_the_server_takes_us_back_after_a_loss_of_our_own_making(reason, in_a_moment):
    retry = new_retry()
    assert not retry.in_a_moment
    lose(retry, reason)
    assert retry.in_a_moment is in_a_moment


def test_three_oversized_messages_in_a_row_are_final():
    retry = new_retry()
    assert [lose(retry, f"{TOO_BIG}: 9 bytes", was_healthy=False) for _ in range(3)] == [1.0, 2.0, None]
    assert retry.final(GONE) is GONE


@pytest.mark.parametrize("between", [{"reason": "gone"}, {"reason": TOO_BIG, "was_healthy": True}])
def test_another_end_between_begins_that_count_anew(between):
    retry = new_retry()
    lose(retry, TOO_BIG)
    lose(retry, TOO_BIG)
    lose(retry, **between)
    assert lose(retry, TOO_BIG) is not None


def test_attempts_that_fail_do_not_begin_that_count_anew():
    retry = new_retry()
    lose(retry, TOO_BIG)
    lose(retry, "no connection", in_session=False)
    lose(retry, TOO_BIG)
    assert lose(retry, TOO_BIG) is None


def test_spent_attempts_are_in_the_final_error():
    retry = new_retry(attempts=2)
    assert [lose(retry), lose(retry), lose(retry)] == [1.0, 2.0, None]
    error = retry.final(GONE)
    assert str(error) == "gave up after 2 attempts to connect again: gone"
    assert (error.__cause__, error.retryable) == (GONE, False)


def test_without_attempts_the_loss_itself_is_the_final_error():
    retry = new_retry(attempts=0)
    assert lose(retry) is None
    assert retry.final(GONE) is GONE
