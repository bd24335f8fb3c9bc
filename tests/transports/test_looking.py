from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
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


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """Import the module anew, and once more afterwards."""
    yield lambda: importlib.reload(looking)
    monkeypatch.undo()
    importlib.reload(looking)


@pytest.mark.parametrize("count", [1, None])
def test_nobody_looks_with_a_single_processor(count, imported, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    look = imported().Looking()
    look.begin()
    assert not look.again()


@pytest.mark.parametrize(
    ("library", "patch"), [("gevent", "gevent.monkey.patch_all()"), ("eventlet", "eventlet.monkey_patch()")]
)
def test_no_greenlet_looks(library, patch):
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    program = f"import os, {patch.rpartition('.')[0]}\nos.cpu_count = lambda: 2\n{patch}\n"
    program += "from sioclient.transports.looking import Looking\nlook = Looking()\nlook.begin()\nprint(look.until)"
    command = [sys.executable, "-W", "ignore", "-c", program]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "0.0\n"
