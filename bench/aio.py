"""The async front beside python-socketio's AsyncClient and raw websockets: ``python -m bench.aio [--quick]``.

The server is the one that ``python -m bench`` uses for revision 5. Each client runs in a process of its own, so that
memory and warm-up are its own.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

CLIENTS = ("sioclient asyncio", "sioclient trio", "python-socketio", "websockets", "sioclient threads")
ROWS = ("receive", "send", "round trip", "connect", "memory")
UNITS = {"receive": "us", "send": "us", "round trip": "us", "connect": "ms", "memory": "kB"}
"""Of the processor's time, which others on the machine change least, for each event, call or connection."""

SIZE = 20
PEAK = "42" + json.dumps(["news", "x" * SIZE])


class Ours:
    """sioclient.aio."""

    def __init__(self, port: int, hear: Callable[..., Any] | None = None) -> None:
        from sioclient.aio import SocketIO

        self.socket = SocketIO("127.0.0.1", port, transports="websocket", revision=5)
        if hear is not None:
            self.socket.on("news", hear)

    async def open(self, group: Any) -> None:
        await self.socket.open(group)

    async def emit(self, name: str, *args: Any) -> None:
        await self.socket.emit(name, *args)

    async def call(self, name: str, *args: Any) -> Any:
        return await self.socket.call(name, *args)

    async def close(self) -> None:
        await self.socket.disconnect()


class Theirs:
    """python-socketio's AsyncClient, on aiohttp."""

    def __init__(self, port: int, hear: Callable[..., Any] | None = None) -> None:
        import socketio

        self.url, self.socket = f"http://127.0.0.1:{port}", socketio.AsyncClient(reconnection=False)
        if hear is not None:
            self.socket.on("news", hear)

    async def open(self, group: Any) -> None:
        await self.socket.connect(self.url, transports=["websocket"])

    async def emit(self, name: str, *args: Any) -> None:
        await self.socket.emit(name, args)

    async def call(self, name: str, *args: Any) -> Any:
        return await self.socket.call(name, args)

    async def close(self) -> None:
        await self.socket.disconnect()


class Raw:
    """websockets, with the frames of Socket.IO written by hand: what a loop of one's own would do, and no more."""

    def __init__(self, port: int, hear: Callable[..., Any] | None = None) -> None:
        self.url, self.hear = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket", hear
        self.acked: asyncio.Future[Any] | None = None

    async def open(self, group: Any) -> None:
        from websockets.asyncio.client import connect

        self.ws = await connect(self.url, ping_interval=None, compression=None)
        await self.ws.recv()
        await self.ws.send("40")
        await self.ws.recv()
        self.task = asyncio.ensure_future(self.read())

    async def read(self) -> None:
        async for frame in self.ws:
            if frame == "2":
                await self.ws.send("3")
            elif frame.startswith("43") and self.acked is not None:
                self.acked.set_result(json.loads(frame[frame.index("[") :]))
            elif frame.startswith('42["news"') and self.hear is not None:
                self.hear(*json.loads(frame[2:])[1:])

    async def emit(self, name: str, *args: Any) -> None:
        await self.ws.send("42" + json.dumps([name, *args], separators=(",", ":")))

    async def call(self, name: str, *args: Any) -> Any:
        self.acked = asyncio.get_running_loop().create_future()
        await self.ws.send("421" + json.dumps([name, *args], separators=(",", ":")))
        return await self.acked

    async def close(self) -> None:
        await self.ws.close()
        await self.task


KINDS = {"sioclient asyncio": Ours, "sioclient trio": Ours, "python-socketio": Theirs, "websockets": Raw}


async def receive(make: Callable[..., Any], port: int, group: Any, count: int) -> float:
    import anyio

    heard, done = 0, anyio.Event()

    def hear(*_: Any) -> None:
        nonlocal heard
        heard += 1
        if heard == count:
            done.set()

    client = make(port, hear)
    await client.open(group)
    begin = time.process_time()
    await client.emit("do burst", "news", count)
    await done.wait()
    seconds = time.process_time() - begin
    await client.close()
    return seconds / count * 1e6


async def send(make: Callable[..., Any], port: int, group: Any, count: int) -> float:
    client = make(port)
    await client.open(group)
    begin = time.process_time()
    for _ in range(count):
        await client.emit("note", "x")
    await client.call("echo", 1)
    seconds = time.process_time() - begin
    await client.close()
    return seconds / count * 1e6


async def round_trip(make: Callable[..., Any], port: int, group: Any, count: int) -> float:
    client = make(port)
    await client.open(group)
    begin = time.process_time()
    for _ in range(count // 10):
        await client.call("echo", 1)
    seconds = time.process_time() - begin
    await client.close()
    return seconds / (count // 10) * 1e6


async def connect(make: Callable[..., Any], port: int, group: Any, count: int) -> float:
    first = make(port)  # which loads what is loaded late
    await first.open(group)
    await first.close()
    begin = time.process_time()
    for _ in range(count // 200):
        client = make(port)
        await client.open(group)
        await client.close()
    return (time.process_time() - begin) / (count // 200) * 1e3


async def memory(make: Callable[..., Any], port: int, group: Any, count: int) -> float:
    first = make(port)
    await first.open(group)
    gc.collect()
    before, clients = resident(), [make(port) for _ in range(200)]
    for client in clients:
        await client.open(group)
    gc.collect()
    used = (resident() - before) / len(clients)
    for client in [first, *clients]:
        await client.close()
    return used


def resident() -> float:
    """Return the memory of this process, in kilobytes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


MEASURES: dict[str, Callable[..., Awaitable[float]]] = {
    "receive": receive,
    "send": send,
    "round trip": round_trip,
    "connect": connect,
    "memory": memory,
}


def threads(row: str, port: int, count: int) -> float:
    """Measure the memory of the threaded front, beside which that of this one is judged."""
    from sioclient import SocketIO

    if row != "memory":
        return float("nan")
    first = SocketIO("127.0.0.1", port, transports="websocket", revision=5)
    gc.collect()
    before = resident()
    clients = [SocketIO("127.0.0.1", port, transports="websocket", revision=5) for _ in range(200)]
    gc.collect()
    used = (resident() - before) / len(clients)
    for client in [first, *clients]:
        client.disconnect()
    return used


def measure(name: str, row: str, port: int, count: int) -> float:
    import anyio

    if name == "sioclient threads":
        return threads(row, port, count)

    async def run() -> float:
        async with anyio.create_task_group() as group:
            return await MEASURES[row](KINDS[name], port, group, count)

    return anyio.run(run, backend="trio" if name.endswith("trio") else "asyncio")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.aio", description="Measure the async front beside others.")
    parser.add_argument("--quick", action="store_true", help="a first look")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    count, repeats = (5000, 1) if options.quick else (20000, 3)
    if options.one:
        name, row, port = options.one
        print(measure(name, row, int(port), count))
        return
    from tests.servers import SERVERS

    with SERVERS["4.8.1"].start() as server:
        print(f"{'':20}" + "".join(f"{f'{row} ({UNITS[row]})':>22}" for row in ROWS))
        for name in CLIENTS:
            figures = []
            for row in ROWS:
                command = [sys.executable, "-m", "bench.aio", "--one", name, row, str(server.port)]
                command += ["--quick"] if options.quick else []
                runs = [subprocess.run(command, capture_output=True, text=True, check=False) for _ in range(repeats)]
                found = sorted(float(run.stdout) for run in runs if run.returncode == 0)
                figures.append(found[len(found) // 2] if found else float("nan"))
            print(f"{name:20}" + "".join(f"{figure:22,.1f}" for figure in figures), flush=True)


if __name__ == "__main__":
    main()
