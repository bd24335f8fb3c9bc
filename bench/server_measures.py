"""Measures a server: ``python -m bench.server_measures NAME PORT PID REVISION NUMBER ...`` prints the figures as JSON.

The processor's time and the memory are those of the server's process, as Linux tells them.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from .clients import Figures
from .crowd import Crowd, Visitor
from .wire import WIRES, Wire

WARM = 0.2
"""The share of a measure's work that is done once before anything counts."""


class Counter:
    """Counts frames; called without anything, because a function is called so for each."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def echo(crowd: Crowd, pid: int, count: float, seconds: float) -> Figures:
    """So many clients each send an event, wait for its acknowledgement and send the next one."""
    done = Counter()

    def ask(visitor: Visitor) -> None:
        def again() -> None:
            done.count += 1
            visitor.send(crowd.wire.echo)

        visitor.expect(crowd.wire.acknowledged, again)
        visitor.send(crowd.wire.echo)

    for visitor in crowd.connect(int(count)):
        ask(visitor)
    crowd.hear_for(seconds * WARM)
    begun = done.count
    with _measuring(pid) as figures:
        crowd.hear_for(seconds)
    return _each(figures, done.count - begun)


def broadcast(crowd: Crowd, pid: int, count: float, times: float) -> Figures:
    """One client sends an event, and the server another one to all: the time until the last has it."""
    visitors, heard = crowd.connect(int(count)), Counter()
    for visitor in visitors:
        visitor.expect(crowd.wire.news, heard)

    def shout() -> float:
        begun, heard.count = time.perf_counter(), 0
        visitors[0].send(crowd.wire.shout)
        crowd.hear_until(lambda: heard.count == count)
        return time.perf_counter() - begun

    for _ in range(int(times * WARM) + 1):
        shout()
    with _measuring(pid) as figures:
        took = [shout() for _ in range(int(times))]
    return {**_each(figures, times * count), "ms": median(took) * 1e3}


def connect(crowd: Crowd, pid: int, count: float, at_once: float) -> Figures:
    """Clients connect, so many of them at once, and leave as soon as they are connected."""
    crowd.come_and_go(int(count * WARM) + 1, int(at_once))
    with _measuring(pid) as figures:
        crowd.come_and_go(int(count), int(at_once))
    return _each(figures, count)


def memory(crowd: Crowd, pid: int, count: float) -> Figures:
    """So many clients are connected, and each has had an event acknowledged."""
    crowd.come_and_go(50, 10)
    before, done = resident(pid), Counter()
    for visitor in crowd.connect(int(count)):
        visitor.expect(crowd.wire.acknowledged, done)
        visitor.send(crowd.wire.echo)
    crowd.hear_until(lambda: done.count == count)
    return {"kib": (resident(pid) - before) / count}


@contextmanager
def _measuring(pid: int) -> Iterator[Figures]:
    """Measure a block: its seconds, those of the server's processor, and how busy this process was."""
    figures: Figures = {}
    begun, mine, theirs = time.perf_counter(), time.process_time(), spent(pid)
    yield figures
    figures["seconds"] = time.perf_counter() - begun
    figures["spent"] = spent(pid) - theirs
    figures["load"] = (time.process_time() - mine) / figures["seconds"]


def _each(figures: Figures, count: float) -> Figures:
    """Return the figures for each of so many."""
    return {
        "rate": count / figures["seconds"],
        "cpu": figures["spent"] / max(count, 1) * 1e6,
        "server_load": figures["spent"] / figures["seconds"],
        "load": figures["load"],
    }


def spent(pid: int) -> float:
    """Return the seconds of the processor that all threads of a process have had."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def resident(pid: int) -> float:
    """Return the KiB of memory that a process has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


MEASURES = {"echo": echo, "broadcast": broadcast, "connect": connect, "memory": memory}


def measure(name: str, port: int, pid: int, wire: Wire, *numbers: float) -> Figures:
    """Return the figures of one measure of the server in another process."""
    crowd = Crowd(port, wire)
    try:
        return MEASURES[name](crowd, pid, *numbers)  # type: ignore[operator, no-any-return]
    finally:
        crowd.close()


def main() -> None:
    name, port, pid, revision, *numbers = sys.argv[1:]
    print(json.dumps(measure(name, int(port), int(pid), WIRES[int(revision)], *map(float, numbers))))


if __name__ == "__main__":
    main()
