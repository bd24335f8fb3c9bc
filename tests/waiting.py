"""How tests wait: for as long as it takes within reason, and with a word about what took longer than expected.

Every wait has two limits. What is waited for should come within ``EXPECTED`` seconds, or what the wait itself says it
expects; if it comes later, the test passes, and the summary of the run lists the wait under "slow waits". After
``PATIENCE`` seconds the test fails.

So a wake-up that was lost must not come by itself before ``PATIENCE`` is over: the servers that tests start by default
have their heartbeats off, or further apart than ``FAR``.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

PATIENCE = 20.0
"""Seconds that no test should ever need; what is waited for usually comes in milliseconds."""

EXPECTED = 2.0
"""Seconds after which a wait that does not say otherwise is called slow."""

FAR = 600
"""Seconds between heartbeats that no test lives to see."""

_PROPERTY = "slow wait"

_slow: queue.SimpleQueue[str] = queue.SimpleQueue()
_told: list[tuple[str, str]] = []


@contextmanager
def expecting(what: str, expect: float = EXPECTED) -> Iterator[None]:
    """Report the block as slow if it takes longer than expected."""
    begun = time.monotonic()
    try:
        yield
    finally:
        took = time.monotonic() - begun
        if took > expect:
            _slow.put(f"{what}: {took:.1f} s instead of {expect:g} s")


def eventually(condition: Callable[[], Any], what: str = "the condition", expect: float = EXPECTED) -> Any:
    """Return the first true value of ``condition``, or fail."""
    deadline = time.monotonic() + PATIENCE
    with expecting(what, expect):
        while not (value := condition()):
            if time.monotonic() > deadline:
                pytest.fail(f"{what} did not come about within {PATIENCE:g} s")
            time.sleep(0.002)
    return value


def happened(event: threading.Event, what: str = "the event", expect: float = EXPECTED) -> None:
    """Return once ``event`` is set, or fail."""
    with expecting(what, expect):
        if not event.wait(PATIENCE):
            pytest.fail(f"{what} did not happen within {PATIENCE:g} s")


def taken(
    source: queue.Queue[Any] | queue.SimpleQueue[Any],
    what: str = "an item",
    expect: float = EXPECTED,
    wanted: Callable[[Any], object] = lambda item: True,
) -> Any:
    """Return the next item of a queue that is wanted, and drop those before it, or fail."""
    deadline = time.monotonic() + PATIENCE
    with expecting(what, expect):
        try:
            while not wanted(item := source.get(timeout=max(deadline - time.monotonic(), 0.001))):
                pass
        except queue.Empty:
            pytest.fail(f"{what} did not come within {PATIENCE:g} s")
    return item


def joined(*threads: threading.Thread, expect: float = EXPECTED) -> None:
    """Return once all threads have ended, or fail."""
    for thread in threads:
        with expecting(f"the end of {thread.name}", expect):
            thread.join(PATIENCE)
        if thread.is_alive():
            pytest.fail(f"{thread.name} did not end within {PATIENCE:g} s")


def ended(connection: Any, expect: float = EXPECTED) -> Any:
    """Return once the ``wait`` of a connection returns by itself, or raise what it raises, or fail."""
    begun = time.monotonic()
    with expecting("the end of a connection", expect):
        outcome = connection.wait(PATIENCE)
    if time.monotonic() - begun >= PATIENCE:
        pytest.fail(f"the connection did not end within {PATIENCE:g} s")
    return outcome


# The plugin: whichever process a test ran in, its reports carry the slow waits to the one that writes the summary.


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the slow waits of a test, or of the fixtures that it was the first or the last to use, into its report."""
    report = yield
    while not _slow.empty():
        report.user_properties.append((_PROPERTY, _slow.get()))
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what a report says of slow waits."""
    _told.extend((report.nodeid, text) for name, text in report.user_properties if name == _PROPERTY)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the slow waits."""
    if _told:
        terminalreporter.section("slow waits")
        for nodeid, text in _told:
            terminalreporter.line(f"{nodeid}: {text}")
