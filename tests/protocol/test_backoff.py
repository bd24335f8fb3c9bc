from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.protocol.backoff import Backoff


def delays(backoff: Backoff, count: int) -> list[float | None]:
    return [backoff.next() for _ in range(count)]


def test_delays_double_up_to_the_limit():
    assert delays(Backoff(0.5, 10, None, lambda: 0.5), 7) == [0.5, 1, 2, 4, 8, 10, 10]


@pytest.mark.parametrize(("random", "factor"), [(0.0, 0.5), (0.5, 1.0), (0.999, 1.499)])
def test_a_delay_is_spread_by_half_of_itself(random, factor):
    assert delays(Backoff(2, 100, None, lambda: random), 2) == [2 * factor, 4 * factor]


def test_the_random_number_is_drawn_for_each_delay():
    numbers = itertools.cycle([0.0, 0.5])
    assert delays(Backoff(1, 100, None, lambda: next(numbers)), 4) == [0.5, 2, 2, 8]


@pytest.mark.parametrize(("asked_for", "delay"), [(0.5, 1), (3, 3), (9, 4)])
def test_a_delay_is_as_long_as_asked_for_up_to_the_limit(asked_for, delay):
    backoff = Backoff(1, 4, None, lambda: 0.5)
    assert [backoff.next(asked_for), backoff.next()] == [delay, 2]


@given(
    delay=st.floats(0, 60), limit=st.floats(0, 60), random=st.floats(0, 1, exclude_max=True), count=st.integers(1, 30)
)
def test_no_delay_exceeds_the_limit(delay, limit, random, count):
    assert all(0 <= value <= limit for value in delays(Backoff(delay, limit, None, lambda: random), count))


def test_attempts_are_counted_and_end():
    backoff = Backoff(1, 1, 2, lambda: 0.5)
    assert delays(backoff, 3) == [1, 1, None]
    assert backoff.attempts == 2


def test_no_attempt_may_be_allowed():
    backoff = Backoff(1, 1, 0, lambda: 0.5)
    assert backoff.next() is None
    assert backoff.attempts == 0


def test_without_a_number_of_attempts_there_is_no_end():
    assert None not in delays(Backoff(1, 1, None, lambda: 0.5), 1000)


def test_a_reset_begins_anew():
    backoff = Backoff(1, 8, 2, lambda: 0.5)
    delays(backoff, 3)
    backoff.reset()
    assert backoff.attempts == 0
    assert delays(backoff, 3) == [1, 2, None]


def test_a_success_counts_anew_but_leaves_the_delay():
    backoff = Backoff(1.0, 8.0, 2, lambda: 0.5)
    assert [backoff.next(), backoff.next(), backoff.next()] == [1.0, 2.0, None]
    backoff.succeeded()
    assert backoff.attempts == 0
    assert [backoff.next(), backoff.next(), backoff.next()] == [4.0, 8.0, None]
