"""A long run: connect/disconnect cycles, then traffic with a fault every few seconds. make soak; see --help.

It prints descriptors, threads, memory, and the account of every event, and ends with status 1 if something leaked, came
twice or out of order, or was lost without a notice.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import random
import sys
import threading
import time

from sioclient import NotConnected, SocketIO
from tests.faults.conftest import HASTY
from tests.faults.proxy import Proxy
from tests.servers.node import NodeServer
from tests.servers_py import descriptors

TRANSPORTS = ("websocket", "xhr-polling")
MOST_GROWTH = 5_000
"""Kilobytes that the memory may grow by."""


def memory() -> int:
    """Return the memory in use, in kilobytes; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * 4
    except OSError:
        return 0


def state() -> tuple[int, int, int]:
    gc.collect()
    return descriptors(), threading.active_count(), memory()


def cycles(port: int, transport: str, count: int) -> bool:
    """Connect and disconnect so many times; return whether nothing was left."""
    for _ in range(20):  # what is loaded once is loaded now
        SocketIO("127.0.0.1", port, transports=(transport,)).disconnect()
    before, began = state(), time.monotonic()
    for _ in range(count):
        SocketIO("127.0.0.1", port, transports=(transport,)).disconnect()
    took, after = time.monotonic() - began, state()
    with SocketIO("127.0.0.1", port) as watcher:
        deadline = time.monotonic() + 10
        while (sessions := watcher.call("sessions")) > 1 and time.monotonic() < deadline:
            time.sleep(0.05)
    fine = after[:2] == before[:2] and after[2] - before[2] <= MOST_GROWTH and sessions == 1
    print(
        f"{transport}: {count} cycles, {took / count * 1000:.1f} ms each; descriptors {after[0] - before[0]:+d}, "
        f"threads {after[1] - before[1]:+d}, memory {after[2] - before[2]:+d} kB, sessions left {sessions - 1}",
        flush=True,
    )
    return fine


class Traffic:
    """Events that the server echoes, over a proxy that breaks something every few seconds."""

    def __init__(self, port: int, transport: str, seed: int) -> None:
        self.transport, self.random = transport, random.Random(seed)
        self.echoed: list[int] = []
        self.sent = self.refused = self.faults = 0
        self.losses = 0
        self.healer: threading.Timer | None = None
        self.proxy = Proxy(port)

    def run(self, seconds: float) -> bool:
        options = {"reconnection_delay": 0.05, "reconnection_limit": 0.5, "max_reconnection_attempts": None}
        end = time.monotonic() + seconds
        with self.proxy, SocketIO("127.0.0.1", self.proxy.port, transports=(self.transport,), **options) as socket:
            socket.on("echoed", self.echoed.append)
            socket.on("disconnect", self.count_loss)
            next_fault = time.monotonic() + 1
            for number in itertools.count():
                if time.monotonic() > end:
                    break
                try:
                    socket.emit("echo", number)
                    self.sent += 1
                except NotConnected:
                    self.refused += 1
                if time.monotonic() > next_fault:
                    self.break_something()
                    next_fault = time.monotonic() + self.random.uniform(1, 4)
                time.sleep(0.01)
            if self.healer is not None:
                self.healer.cancel()
            self.proxy.heal()
            losses = self.losses
            last = socket.call("echo", "the last", timeout=30)
        return self.account(losses) and last == "the last"

    def count_loss(self) -> None:
        self.losses += 1

    def break_something(self) -> None:
        self.faults += 1
        fault = self.random.choice(["reset", "end", "cut", "outage", "black hole"])
        if fault == "reset":
            self.proxy.reset()
        elif fault == "end":
            self.proxy.end()
        elif fault == "cut":
            self.proxy.cut(self.random.randrange(1, 200))
        else:
            self.proxy.hold()
            self.healer = threading.Timer(0.3 if fault == "outage" else 4, self.proxy.heal)
            self.healer.daemon = True
            self.healer.start()

    def account(self, losses: int) -> bool:
        lost = self.sent - len(set(self.echoed))
        doubled = len(self.echoed) - len(set(self.echoed))
        ordered = self.echoed == sorted(self.echoed)
        order = "in order" if ordered else "OUT OF ORDER"
        print(
            f"{self.transport}: {self.faults} faults, {losses} losses told; {self.sent} sent, {self.refused} refused,"
        )
        print(f"    {len(set(self.echoed))} echoed {order}, {lost} lost, {doubled} twice", flush=True)
        return doubled == 0 and ordered and (lost == 0 or losses > 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=10_000, help="connect/disconnect cycles for each transport")
    parser.add_argument("--seconds", type=float, default=300, help="seconds of traffic for each transport")
    parser.add_argument("--seed", type=int, default=1, help="which faults come when")
    options = parser.parse_args()
    with NodeServer("legacy.js") as server:
        fine = [cycles(server.port, transport, options.cycles) for transport in TRANSPORTS]
    with NodeServer("legacy.js", socketio=HASTY) as server:
        fine += [Traffic(server.port, transport, options.seed).run(options.seconds) for transport in TRANSPORTS]
    descriptors_, threads, kilobytes = state()
    print(f"at the end: {descriptors_} descriptors, {threads} threads, {kilobytes} kB")
    return 0 if all(fine) and threads == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
