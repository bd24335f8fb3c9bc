"""What is measured of a client, in a process of its own.

It is called as ``python -m bench.measures CLIENT MEASURE PORT REVISION [NUMBER ...]``. Each measure is a function of an
adapter's class and a port, and returns figures by their names. Most are given an *amount*: a whole number of events, or
about how many seconds to measure for, written with a point; how fast a client is, is found out first, in which it also
warms up.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

Figures = dict[str, float]


class Watch:
    """Measures a stretch of time, of the wall and of the processor."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def rate(self, count: int, end: Watch | None = None) -> Figures:
        end = end or Watch()
        return {"rate": count / (end.wall - self.wall), "cpu": (end.cpu - self.cpu) / count * 1e6}


def measured(run: Callable[[int], Figures], amount: float) -> Figures:
    """Return the figures of a number of things, or of as many as take about so many seconds, after a warm-up."""
    if isinstance(amount, int):
        run(max(amount // 20, 2))
        return run(amount)
    count = 2
    while True:
        figures = run(count)
        if count >= figures["rate"] * amount / 10:
            return run(max(int(figures["rate"] * amount), 2))
        count *= 8


def most(amount: float) -> tuple[float, float]:
    """Return how many things to do at most, and for how many seconds."""
    return (amount, inf) if isinstance(amount, int) else (inf, amount)


def receive(client: Any, port: int, amount: float, size: int, polling: bool = False, flood: str = "flood") -> Figures:
    """Events per second that reach a function, and microseconds of the processor for each."""
    tally = Tally()
    c = client(port, {"news": tally.one, "done": tally.finish}, polling)

    def run(count: int) -> Figures:
        tally.begin()
        watch = Watch()
        c.emit(flood, count, size)
        c.wait(tally.done)
        assert tally.count == count, f"{tally.count} of {count} events arrived"
        return watch.rate(count, tally.end)

    figures = measured(run, amount)
    c.close()
    return figures


def receive_polling(client: Any, port: int, amount: float, size: int) -> Figures:
    return receive(client, port, amount, size, True)


def receive_bytes(client: Any, port: int, amount: float, size: int) -> Figures:
    return receive(client, port, amount, size, False, "flood of bytes")


def send(
    client: Any, port: int, amount: float, size: int, threads: int = 1, polling: bool = False, data: Any = None
) -> Figures:
    """Events per second that the server has read, from one thread or several."""
    tally = Tally()
    c = client(port, {"done": tally.finish}, polling)
    emit = c.prepared("note", data or "x" * max(size - 32, 1))

    def run(count: int) -> Figures:
        share = -(-count // threads)
        tally.begin()
        c.emit("sink", share * threads)
        watch = Watch()
        workers = [threading.Thread(target=repeat, args=(emit, share)) for _ in range(threads)]
        if threads == 1:
            repeat(emit, share)
        else:
            for worker in workers:
                worker.start()
        c.wait(tally.done)
        return watch.rate(share * threads, tally.end)

    figures = measured(run, amount)
    c.close()
    return figures


def send_polling(client: Any, port: int, amount: float, size: int) -> Figures:
    return send(client, port, amount, size, 1, True)


def send_bytes(client: Any, port: int, amount: float, size: int) -> Figures:
    return send(client, port, amount, size, data=bytes(size))


def repeat(function: Callable[[], Any], times: int) -> None:
    for _ in range(times):
        function()


def ask(client: Any, port: int, amount: float) -> Figures:
    """Round trips per second, each begun in the callback of the one before."""
    tally, times = Tally(), [0.0]
    count, seconds = most(amount)

    def answered(*args: Any) -> None:
        times.append(time.perf_counter())
        if len(times) > count or times[-1] - times[0] > seconds:
            tally.finish()
        else:
            c.ask("question", answered)

    c = client(port, {})
    tally.begin()
    watch = Watch()
    times[0] = time.perf_counter()
    c.ask("question", answered)
    c.wait(tally.done)
    figures = watch.rate(len(times) - 1, tally.end)
    c.close()
    return {**figures, "p99": percentile([b - a for a, b in pairwise(times)], 99)}


def call(client: Any, port: int, amount: float) -> Figures:
    """Round trips per second of a thread that waits for each."""
    c = client(port, {})
    for _ in range(200):
        c.call("question")
    count, seconds = most(amount)
    times, total = [], 0.0
    watch = Watch()
    while len(times) < count and total < seconds:
        begun = time.perf_counter()
        c.call("question")
        times.append(time.perf_counter() - begun)
        total += times[-1]
    figures = watch.rate(len(times))
    c.close()
    return {**figures, "p99": percentile(times, 99)}


def reply(client: Any, port: int, amount: float) -> Figures:
    """Events per second, each answered with another by the function that it reaches."""
    tally = Tally()
    c = client(port, {"news": lambda *args: answer(), "done": tally.finish})
    answer = c.prepared("note", "x" * 28)
    figures = measured(lambda count: _asked(c, tally, "ask", count), amount)
    c.close()
    return figures


def reply_with_ack(client: Any, port: int, amount: float) -> Figures:
    """Events per second, each acknowledged with what the function returns that it reaches."""
    tally = Tally()
    c = client(port, {"news": lambda *args: "x" * 28, "done": tally.finish})
    figures = measured(lambda count: _asked(c, tally, "ask for acks", count), amount)
    c.close()
    return figures


def _asked(c: Any, tally: Tally, name: str, count: int) -> Figures:
    """Return the figures of so many events, for which the server waits for a packet each."""
    tally.begin()
    watch = Watch()
    c.emit(name, count, 60)
    c.wait(tally.done)
    return watch.rate(count, tally.end)


def busy(client: Any, port: int, seconds: float) -> Figures:
    """Events per second beside a main thread that computes without a pause."""
    tally = Tally()
    c = client(port, {"news": tally.one, "done": tally.finish})
    tally.begin()
    c.emit("flood", 10**9, 60)
    threading.Thread(target=c.wait, args=(tally.done,), daemon=True).start()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    rate = tally.count / seconds
    sys.stdout.write(json.dumps({"rate": rate}))
    sys.stdout.flush()
    os._exit(0)  # a flood that has not ended holds up a goodbye in good order


def connect(client: Any, port: int, amount: float) -> Figures:
    """Milliseconds from nothing to the first event, and microseconds of the processor for it."""
    times: list[float] = []
    count, seconds = most(amount)
    _connect_once(client, port)
    watch = Watch()
    while len(times) < count and sum(times) < seconds:
        times.append(_connect_once(client, port))
    return {"ms": median(times) * 1000, "cpu": watch.rate(len(times))["cpu"]}


def _connect_once(client: Any, port: int) -> float:
    tally = Tally()
    begun = time.perf_counter()
    c = client(port, {"hello": tally.finish})
    c.wait(tally.done)
    assert tally.end is not None
    c.close()
    return tally.end.wall - begun


def memory(client: Any, port: int, count: int) -> Figures:
    """KiB resident and threads for each of many connections."""
    first = client(port, {})
    time.sleep(0.2)
    before, threads = resident(), threading.active_count()
    connections = [client(port, {}) for _ in range(count)]
    time.sleep(1)
    figures = {"kib": (resident() - before) / count, "threads": (threading.active_count() - threads) / count}
    sys.stdout.write(json.dumps(figures))
    sys.stdout.flush()
    os._exit(bool(first is None or not connections))


def idle(client: Any, port: int, seconds: float) -> Figures:
    """Wake-ups and microseconds of the processor per second of a connection on which nothing happens."""
    c = client(port, {})
    threading.Thread(target=c.wait, args=(threading.Event(),), daemon=True).start()
    time.sleep(0.5)
    switches, cpu = wake_ups(), time.process_time()
    time.sleep(seconds)
    # One wake-up is that of this function.
    figures = {"wakeups": (wake_ups() - switches - 1) / seconds, "cpu": (time.process_time() - cpu) / seconds * 1e6}
    sys.stdout.write(json.dumps(figures))
    sys.stdout.flush()
    os._exit(0)


def growth(client: Any, port: int, kib: int) -> Figures:
    """Microseconds of the processor for each KiB of large events."""
    count = max(64 * 1024 // kib // 16, 3)
    figures = receive(client, port, count, kib * 1024)
    return {"cpu": figures["cpu"] / kib}


def importing(client: Any, port: int, whole: int) -> Figures:
    """Milliseconds that importing takes beyond an empty interpreter, with what Python has compiled before."""
    program = f"from {client.module} import {client.entry}" if whole else f"import {client.module}"
    _run_time(program)
    pairs = [(_run_time(program), _run_time("pass")) for _ in range(10)]
    return {"ms": median(loaded - empty for loaded, empty in pairs) * 1000}


def _run_time(program: str) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    return time.perf_counter() - begun


class Tally:
    """Counts events until the last."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.count = 0
        self.end: Watch | None = None
        self.done = threading.Event()

    def one(self, *args: Any) -> None:
        self.count += 1

    def finish(self, *args: Any) -> None:
        self.end = Watch()
        self.done.set()


def percentile(times: list[float], percent: int) -> float:
    """Return a percentile in microseconds."""
    return sorted(times)[len(times) * percent // 100] * 1e6


def resident() -> float:
    """Return the KiB of memory that this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


def wake_ups() -> int:
    """Return how often a thread of this process was woken."""
    states = [path.read_text() for path in Path("/proc/self/task").glob("*/status")]
    return sum(int(line.split()[1]) for state in states for line in state.split("\n") if line.startswith("voluntary"))


def main() -> None:
    name, measure, port, revision, *numbers = sys.argv[1:]
    client = import_module(f"bench.adapters.{name}").Client
    client.revision = int(revision)
    print(json.dumps(globals()[measure](client, int(port), *(float(n) if "." in n else int(n) for n in numbers))))


if __name__ == "__main__":
    main()
