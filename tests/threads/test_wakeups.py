"""What wakes threads that sleep, and that Ctrl-C takes no wake-up away."""

from __future__ import annotations

import re

import pytest

from sioclient.threads.wakeups import Wakeups
from tests.architecture import SOURCES, relative
from tests.interrupts import Interrupt
from tests.servers_py import Task


def test_wake_wakes_everybody_once() -> None:
    wakeups = Wakeups()
    sleepers = [wakeups.sleeper() for _ in range(3)]
    wakeups.wake()
    assert all(sleeper.acquire(blocking=False) for sleeper in sleepers)
    wakeups.wake()
    assert not wakeups.sleepers
    assert not any(sleeper.acquire(blocking=False) for sleeper in sleepers)


def test_discarded_sleeper_is_forgotten() -> None:
    wakeups = Wakeups()
    sleeper = wakeups.sleeper()
    wakeups.discard(sleeper)
    wakeups.discard(sleeper)
    assert not wakeups.sleepers
    wakeups.wake()
    assert not sleeper.acquire(blocking=False)


def test_ctrl_c_at_any_place_takes_no_wake_up_away() -> None:
    number, raised_at = 0, ""
    while raised_at is not None:
        wakeups = Wakeups()
        sleepers = [wakeups.sleeper() for _ in range(3)]
        interrupt = Interrupt(number)
        interrupt.run(wakeups.wake)
        wakeups.wake()
        assert all(sleeper.acquire(blocking=False) for sleeper in sleepers), interrupt.raised_at
        number, raised_at = number + 1, interrupt.raised_at
    assert number > 5


def test_two_threads_wake_everybody() -> None:
    for _ in range(200):
        wakeups = Wakeups()
        sleepers = [wakeups.sleeper() for _ in range(20)]
        tasks = [Task(wakeups.wake) for _ in range(2)]
        for task in tasks:
            task.result()
        assert all(sleeper.acquire(blocking=False) for sleeper in sleepers)


LIBRARY = [path for path in SOURCES if not {"server", "cli"} & set(path.parts)]  # the others are programs


@pytest.mark.parametrize("path", LIBRARY, ids=relative)
def test_nothing_of_threading_that_ctrl_c_breaks_is_used(path) -> None:
    """Ctrl-C within their ``__enter__`` leaves their lock taken; within ``notify``, it takes a wake-up away."""
    broken = r"threading\.(Condition|Event|Semaphore|BoundedSemaphore|Barrier)\b|\bqueue\.(Queue|LifoQueue)"
    assert not re.findall(broken, "".join(path.read_text("utf-8").split("``")[::2]))
