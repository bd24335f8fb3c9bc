"""Measures many connections in one process: ``python -m bench.many [--connections N ...] [--only WORD ...]``.

All connections are opened at once to a real server on Node; then nothing happens for some seconds; then every one of
them is sent a burst of small events at the same time. Each measurement runs in a process of its own: with threads, as
usual, and with gevent's monkey patching, under which every thread is a greenlet.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from .cores import core_of, describe
from .measures import resident
from .servers import LEGACY, MODERN, real_server

LIMIT = 300.0
"""Seconds that one measurement may take."""

AT_ONCE = 200
"""Connections that are opened before the first of them must be connected: a server accepts so many in a moment."""

INTERVAL = 0.1
"""Seconds after which a thread asks for the interpreter that another has: 5 ms by default. When thousands wait at once,
they do little else than to ask."""

STACK = 2**18
"""Bytes of address space for a thread: ``threading.stack_size`` says how much there is, not how much is used."""

EVENTS = 200_000
"""Events that all connections together are sent."""

_SHOWN = ("connect s", "CPU ms each", "KiB each", "OS threads", "files", "idle CPU %", "events/s", "CPU us/event")


def main() -> None:
    options = _options()
    print(f"Python {sys.version.split()[0]}; {describe()}")
    print(f"{'server':16} {'threads are':12} {'connections':>11} " + " ".join(f"{title:>13}" for title in _SHOWN))
    for server in (LEGACY, MODERN):
        for kind in ("threads", "greenlets"):
            for count in options.connections:
                if not options.only or any(word in f"{server} {kind}" for word in options.only):
                    with real_server(server) as port:  # a new one each time: 0.9.19 does not survive every end
                        if port is not None:
                            _show(server, kind, count, port)


def _show(server: str, kind: str, count: int, port: int) -> None:
    command = [sys.executable, "-m", "bench.many", "--measure", kind, str(port), str(5 if server == MODERN else 1)]
    with core_of("client"):
        done = subprocess.run([*command, str(count)], capture_output=True, text=True, timeout=LIMIT, check=False)
    if done.returncode:
        print(f"{server:16} {kind:12} {count:11,} {done.stderr.strip().splitlines()[-1:]}")
        return
    figures = json.loads(done.stdout)
    print(f"{server:16} {kind:12} {count:11,} " + " ".join(f"{figures[title]:13,.1f}" for title in _SHOWN), flush=True)


def measure(port: int, revision: int, count: int) -> dict[str, float]:
    """Return the figures of so many connections in this process."""
    from sioclient import SocketIO

    seen, is_done, lock = [0], threading.Event(), threading.Lock()
    share = max(EVENTS // count, 1)

    def finish(*_: Any) -> None:
        with lock:
            seen[0] += 1
            if seen[0] == count:
                is_done.set()

    def make() -> SocketIO:
        socket = SocketIO("127.0.0.1", port, revision=revision, transports="websocket", auto_connect=False)
        socket.on("news", lambda *_: None)
        socket.on("done", finish)
        return socket

    first = make()
    first.open()
    before = resident()
    begun, cpu = time.perf_counter(), time.process_time()
    sockets: list[SocketIO] = []
    for number in range(count):
        sockets.append(make())
        sockets[-1].open(wait=False)
        if number >= AT_ONCE:
            _wait(lambda number=number: sockets[number - AT_ONCE].connected)  # type: ignore[misc]
    for socket in sockets:
        _wait(lambda socket=socket: socket.connected)  # type: ignore[misc]
    figures = {"connect s": time.perf_counter() - begun, "CPU ms each": (time.process_time() - cpu) / count * 1e3}
    figures["KiB each"] = (resident() - before) / count
    figures["OS threads"] = len(os.listdir("/proc/self/task"))
    figures["files"] = len(os.listdir("/proc/self/fd"))
    time.sleep(3)
    cpu, wall = time.process_time(), time.perf_counter()
    time.sleep(10)
    figures["idle CPU %"] = (time.process_time() - cpu) / (time.perf_counter() - wall) * 100
    cpu, begun = time.process_time(), time.perf_counter()
    for socket in sockets:
        socket.emit("flood", share, 60)
    is_done.wait(LIMIT)
    figures["events/s"] = share * count / (time.perf_counter() - begun)
    figures["CPU us/event"] = (time.process_time() - cpu) / (share * count) * 1e6
    return figures


def _wait(done: Callable[[], bool]) -> None:
    give_up = time.monotonic() + LIMIT
    while not done():
        if time.monotonic() > give_up:
            raise TimeoutError("a connection did not open")
        time.sleep(0.001)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.many", description="Measure many connections in a process.")
    parser.add_argument("--connections", nargs="*", type=int, default=[1000, 5000], help="how many (1000 5000)")
    parser.add_argument("--only", nargs="*", metavar="WORD", help=f"of {LEGACY}, {MODERN}, threads and greenlets")
    return parser.parse_args()


def _measure_here(kind: str, *numbers: str) -> None:
    if kind == "greenlets":
        from gevent import monkey

        monkey.patch_all()
    else:
        threading.stack_size(STACK)
        sys.setswitchinterval(INTERVAL)
    print(json.dumps(measure(*map(int, numbers))), flush=True)
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        _measure_here(*sys.argv[2:])
    else:
        main()
