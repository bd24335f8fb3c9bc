"""The waits of the tests: what is late is reported, what does not come fails."""

from __future__ import annotations

import queue
import threading
import time
from pathlib import Path

import pytest

from tests import waiting

pytest_plugins = ["pytester"]


@pytest.fixture
def told(monkeypatch):
    """Return what is reported as slow; nobody is patient."""
    slow = queue.SimpleQueue()
    monkeypatch.setattr(waiting, "_slow", slow)
    monkeypatch.setattr(waiting, "PATIENCE", 0.05)
    return lambda: [slow.get() for _ in range(slow.qsize())]


@pytest.fixture
def never():
    """Return what happens only after the test."""
    event = threading.Event()
    yield event
    event.set()


def thread_until(event):
    thread = threading.Thread(target=event.wait, daemon=True)
    thread.start()
    return thread


def test_a_wait_that_ends_as_expected_is_not_reported(told):
    event, items = threading.Event(), queue.Queue()
    event.set()
    items.put("x")
    assert waiting.eventually(lambda: "value") == "value"
    waiting.happened(event)
    assert waiting.taken(items) == "x"
    waiting.joined(thread_until(event))
    assert told() == []


def test_a_wait_that_takes_longer_than_expected_is_reported(told):
    begun = time.monotonic()
    waiting.eventually(lambda: time.monotonic() - begun > 0.02, "the time", expect=0.01)
    assert [text.partition(":")[0] for text in told()] == ["the time"]


@pytest.mark.parametrize(
    "wait",
    [
        lambda never: waiting.eventually(never.is_set),
        lambda never: waiting.happened(never),
        lambda never: waiting.taken(queue.Queue()),
        lambda never: waiting.joined(thread_until(never)),
    ],
)
def test_a_wait_for_what_does_not_come_fails(wait, told, never):
    with pytest.raises(pytest.fail.Exception, match=r"within 0\.05 s"):
        wait(never)


def test_what_is_not_wanted_is_dropped(told):
    items = queue.SimpleQueue()
    for number in range(4):
        items.put(number)
    assert waiting.taken(items, wanted=lambda item: item > 1) == 2
    assert items.get() == 3


@pytest.mark.parametrize("processes", [0, 1])
def test_slow_waits_are_listed_in_the_summary(pytester, monkeypatch, processes):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    pytester.makeini("[pytest]")
    pytester.makeconftest('pytest_plugins = ["tests.waiting"]')
    pytester.makepyfile(
        "from tests.waiting import eventually\n"
        "def test_slow():\n"
        "    times = iter([0, 0, 0, 1])\n"
        "    eventually(lambda: next(times), 'the fourth look', expect=0)\n"
        "def test_quick():\n"
        "    eventually(lambda: True)\n"
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", f"-n{processes}")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*= slow waits =*", "*test_slow: the fourth look: 0.0 s instead of 0 s"])
