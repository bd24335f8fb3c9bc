"""What is measured of an asynchronous client, in a process of its own: the counterpart of ``measures.py``.

It is called as ``python -m bench.aio_measures CLIENT MEASURE PORT REVISION [NUMBER ...]``. Each measure is a coroutine
function of an adapter's class and a port. How often it repeats what it measures, it finds out in a warm-up, so that a
fast client and a slow one are measured for about as long.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
from collections.abc import Awaitable, Callable
from importlib import import_module
from statistics import median
from time import perf_counter
from typing import Any

from .measures import Figures, Watch, percentile, resident

WARM_UP = 500


class Tally:
    """Counts events until the last, of which it tells the task that waits."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.begin()

    def begin(self) -> None:
        self.count = 0
        self.end: Watch | None = None
        self.done = self._client.event()

    def one(self, *args: Any) -> None:
        self.count += 1

    def finish(self, *args: Any) -> None:
        self.end = Watch()
        self.done.set()

    @property
    def functions(self) -> dict[str, Callable[..., None]]:
        return {"news": self.one, "done": self.finish}


async def receive(client: Any, port: int, seconds: float, size: int) -> Figures:
    """Events per second that reach a plain function, and microseconds of the processor for each."""
    tally = Tally(client)
    c = client(port, tally.functions)
    await c.open()

    async def flood(count: int) -> Figures:
        tally.begin()
        watch = Watch()
        await c.emit("flood", count, size)
        await tally.done.wait()
        assert tally.count == count, f"{tally.count} of {count} events arrived"
        return watch.rate(count, tally.end)

    figures = await repeated(flood, seconds, size)
    await c.close()
    return figures


async def send(client: Any, port: int, seconds: float, size: int) -> Figures:
    """Events per second that the server has read, from one task."""
    tally = Tally(client)
    c = client(port, tally.functions)
    await c.open()
    emit = c.prepared("note", "x" * max(size - 32, 1))

    async def sink(count: int) -> Figures:
        tally.begin()
        await c.emit("sink", count)
        watch = Watch()
        for _ in range(count):
            await emit()
        await tally.done.wait()
        return watch.rate(count, tally.end)

    figures = await repeated(sink, seconds, size)
    await c.close()
    return figures


async def call(client: Any, port: int, seconds: float) -> Figures:
    """Round trips per second of a task that waits for each."""
    c = client(port, {})
    await c.open()
    times: list[float] = []

    async def trips(count: int) -> Figures:
        times.clear()
        watch = Watch()
        for _ in range(count):
            begun = perf_counter()
            await c.call("question")
            times.append(perf_counter() - begun)
        return watch.rate(count)

    figures = await repeated(trips, seconds)
    await c.close()
    return {**figures, "p99": percentile(times, 99)}


async def connect(client: Any, port: int, count: int) -> Figures:
    """Milliseconds from nothing to the first event."""
    times = []
    for _ in range(count):
        tally = Tally(client)
        begun = Watch()
        c = client(port, {"hello": tally.finish})
        await c.open()
        await tally.done.wait()
        assert tally.end is not None
        times.append((tally.end.wall - begun.wall, tally.end.cpu - begun.cpu))
        await c.close()
    wall, cpu = (median(column) * 1000 for column in zip(*times[1:], strict=True))
    return {"ms": wall, "cpu": cpu}


async def memory(client: Any, port: int, count: int) -> Figures:
    """KiB resident and threads for each of many connections."""
    first = client(port, {})
    await first.open()
    gc.collect()
    before, threads = resident(), threading.active_count()
    connections = [client(port, {}) for _ in range(count)]
    for connection in connections:
        await connection.open()
    await client.sleep(0.5)
    figures = {"kib": (resident() - before) / count, "threads": (threading.active_count() - threads) / count}
    for connection in [first, *connections]:
        await connection.close()
    return figures


async def repeated(measure: Callable[[int], Awaitable[Figures]], seconds: float, size: int = 0) -> Figures:
    """Measure so many events that they take about these seconds."""
    rate = (await measure(WARM_UP if size < 10_000 else 20))["rate"]
    rate = (await measure(max(int(rate * seconds / 5), 10)))["rate"]
    return await measure(max(int(rate * seconds), 10))


def main() -> None:
    name, measure, port, revision, *numbers = sys.argv[1:]
    client = import_module(f"bench.adapters.{name}").Client
    client.revision = int(revision)
    values = [float(n) if "." in n else int(n) for n in numbers]

    async def measured(group: Any = None) -> Figures:
        client.group = group
        figures: Figures = await globals()[measure](client, int(port), *values)
        return figures

    run = getattr(client, "run", lambda measured: asyncio.run(measured()))
    print(json.dumps(run(measured)))


if __name__ == "__main__":
    main()
