from __future__ import annotations

import importlib
import os
from typing import Any

import pytest

from sioclient.transports import looking
from sioclient.transports.looking import MOST, PASSED_OVER, Looking


class Clock:
    """The time, which only a test moves, and how often this process let others go first."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.yields = 100.0, 0
        monkeypatch.setattr(looking.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(looking, "_give_way", self.give_way)

    def give_way(self) -> None:
        self.yields += 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_nobody_looks_again_unasked(clock):
    assert not Looking().again()
    assert not clock.yields


def test_looks_again_until_the_time_is_over(clock):
    look = Looking()
    look.begin()
    assert [look.again(), look.again()] == [True, True]
    clock.now += MOST
    assert [look.again(), look.until, clock.yields] == [False, 0.0, 2]


def test_what_was_passed_over_is_not_looked_for(clock):
    look = Looking()
    look.begin()
    look.pass_over()
    assert not look.again()
    for _ in range(PASSED_OVER):
        look.begin()
        assert not look.until
    look.begin()
    assert look.until


def test_looking_in_vain_is_not_repeated_for_a_while(clock):
    look = Looking()
    look.begin()
    clock.now += MOST
    assert not look.again()
    for _ in range(PASSED_OVER):
        look.begin()
        assert not look.again()
    look.begin()
    assert look.again()


def test_looking_that_was_not_in_vain_is_repeated(clock):
    look = Looking()
    look.begin()
    look.until = 0.0  # what came was read
    look.begin()
    assert look.again()


@pytest.mark.parametrize("count", [1, None])
def test_nobody_looks_with_a_single_processor(count, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    try:
        alone: Any = importlib.reload(looking)
        look = alone.Looking()
        look.begin()
        assert not look.again()
    finally:
        monkeypatch.undo()
        importlib.reload(looking)
