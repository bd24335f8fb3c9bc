"""How often something may happen."""

from __future__ import annotations

import pytest

from sioclient.server.rates import Rate, Rates


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_so_many_at_once_and_then_so_many_a_second(clock):
    rate = Rate(2, 5, clock)
    assert [rate.take() for _ in range(7)] == [True] * 5 + [False] * 2
    clock.now = 0.5
    assert [rate.take() for _ in range(2)] == [True, False]
    clock.now = 1000
    assert [rate.take() for _ in range(7)] == [True] * 5 + [False] * 2


def test_each_of_many_has_a_rate_of_its_own(clock):
    rates = Rates(1, 2, clock)
    assert [rates.take("a") for _ in range(3)] == [True, True, False]
    assert rates.take("b")
    clock.now = 1.5
    assert [rates.take("a") for _ in range(2)] == [True, False]


def test_s15_who_is_gone_for_long_is_forgotten(clock):
    rates = Rates(10, 20, clock)
    for number in range(1000):
        clock.now = number / 10
        rates.take(number)
        assert rates.take("always there")
    assert len(rates) <= 22
