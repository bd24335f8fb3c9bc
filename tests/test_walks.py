"""The walks through the code stay short: see walks.py for what is traced and counted."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from .walks import LIMITS, Figures, Step, Walk

PROCESSES = 5


@pytest.fixture(scope="module")
def traced() -> dict[str, Figures]:
    """The figures of each walk, from processes of their own, in which nothing was loaded or connected before.

    The shortest of several counts: a busy machine may cut what comes into more reads, each with calls of its own.
    """
    walks: dict[str, Figures] = {}
    for _ in range(PROCESSES):
        done = subprocess.run([sys.executable, "-m", "tests.walks", "--json"], capture_output=True, check=True)
        for name, figures in json.loads(done.stdout).items():
            walk = Figures(**figures)
            walks[name] = min(walk, walks.get(name, walk))
        if all(walks[name][0] <= most and walks[name][2] <= changes for name, (most, changes) in LIMITS.items()):
            break
    return walks


@pytest.mark.parametrize("name", ["event", "emit", "call", "connect", "connect again", "websocket alone"])
def test_walk_ends_and_goes_through_several_files(traced, name):
    print(name, *traced[name])
    assert traced[name].calls > traced[name].files > 1
    assert traced[name].changes > 1


@pytest.mark.parametrize("name", LIMITS)
def test_walk_has_half_the_calls_and_changes_of_before(traced, name):
    calls, _, changes = traced[name]
    most_calls, most_changes = LIMITS[name]
    assert calls <= most_calls
    assert changes <= most_changes


def steps(text: str) -> list[Step]:
    """Return steps from words such as ``t:protocol/a.py`` (a thread's call) and ``t:`` (its return)."""
    return [Step(bool(file), file, "f", thread) for thread, _, file in (word.partition(":") for word in text.split())]


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("", (0, 0, 0)),
        ("t:a.py t: t:b.py t:", (2, 2, 0)),
        ("t:a.py t:protocol/b.py t: t:", (2, 2, 2)),
        ("t:a.py t:protocol/b.py t: t:protocol/b.py t: t:", (3, 2, 4)),
        ("t:protocol/a.py t:protocol/deeper/b.py t: t:transports/c.py", (3, 3, 1)),
        ("t: t: t:transports/a.py t: t: t:protocol/b.py t: t:transports/a.py", (3, 2, 2)),
        ("t:a.py u:protocol/b.py t:a.py u:protocol/b.py t: u: t: u:", (4, 2, 0)),
    ],
)
def test_figures_of_steps(text, figures):
    assert Walk(steps(text)).total() == figures


def test_lines_show_calls_and_changes_of_side():
    walk = Walk(steps("t: t:a.py t:protocol/b.py t: t: t:transports/c.py t: t:"))
    assert [line.split(maxsplit=1)[1] for line in walk.lines()] == [
        "a.py f",
        "->   protocol/b.py f",
        "<- a.py f",
        "-> transports/c.py f",
    ]
