"""The soak of a cluster: clients talk, and a node is killed or Redis started again every few seconds."""

from __future__ import annotations

import random
import signal
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.server.redisserver import RedisServer

from .account import Account, Window, reckon
from .crowd import ROOM
from .programs import NODES, Clients, HAProxy, Node, until

ASK_AGAIN = 40.0
"""Seconds after which everybody is asked again: the account tells what was lost without a fault."""


@dataclass(frozen=True)
class Plan:
    """What happens.

    Attributes:
        clients: how many there are.
        processes: how many processes they are in.
        seconds: how long they talk; another fault begins only within this time.
        pause: the seconds between two events of a client.
        quiet: the seconds before a fault, at least and at most.
        away: the seconds for which a node or Redis is away.
        seed: which fault comes when.
    """

    clients: int
    processes: int
    seconds: float
    pause: float
    quiet: tuple[float, float] = (5, 15)
    away: float = 1
    seed: int = 1


class Cluster:
    """All programs, while they run."""

    def __init__(self, stack: ExitStack, plan: Plan) -> None:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self._plan, self._random = plan, random.Random(plan.seed)
        self._redis = RedisServer()
        stack.callback(self._redis.kill)
        self._nodes: list[Node] = []
        for name in NODES:
            self._nodes.append(Node(name, self._redis.url))
            stack.callback(self._nodes[-1].end)
        self._wait_for_nodes()
        proxy = HAProxy(folder, self._nodes, plan.clients)
        stack.callback(proxy.end)
        until(proxy.is_up, "haproxy")
        self._clients = []
        share = -(-plan.clients // plan.processes // ROOM) * ROOM
        for first in range(0, plan.clients, share):
            count = min(share, plan.clients - first)
            options = {"port": proxy.port, "first": first, "count": count, "pause": plan.pause, "seed": plan.seed}
            self._clients.append(Clients(**options))
            stack.callback(self._clients[-1].end)
        self.windows: list[Window] = []

    def run(self) -> Account:
        """Do what the plan says, and return the account of it."""
        begun = time.monotonic()
        print(f"{sum(self._all('open'))} clients connected within {time.monotonic() - begun:.1f} s", flush=True)
        self._ask()
        self._all("talk")
        end = time.monotonic() + self._plan.seconds
        kinds = [self._kill_a_node, self._restart_redis]
        while True:
            quiet = self._random.uniform(*self._plan.quiet)
            if time.monotonic() + quiet >= end and len(self.windows) >= len(kinds):  # on a slow machine, each once
                break
            time.sleep(quiet)
            kinds[len(self.windows) % 2]()
            window = self.windows[-1]
            window.ended = time.monotonic()
            self._ask()
            print(
                f"{window.begun:.2f}: {window.name}: all is as before after {window.ended - window.begun:.1f} s",
                flush=True,
            )
        time.sleep(max(end - time.monotonic(), 0))
        assert sum(self._all("hush")) == 0, "a client could not talk"
        self._ask()
        return reckon([report for part in self._all("report") for report in part], self.windows)

    def _all(self, *words: str) -> list[Any]:
        for clients in self._clients:
            clients.begin(*words)
        return [clients.result() for clients in self._clients]

    def _ask(self) -> None:
        """Check that everybody is heard by everybody in the room; ask again, since an event may be lost."""
        asked_at = float("-inf")

        def all_are_heard() -> bool:
            nonlocal asked_at
            if time.monotonic() > asked_at + ASK_AGAIN:
                self._all("ask")
                asked_at = time.monotonic()
            missing[:] = [words for part in self._all("missing") for words in part]
            return not missing

        missing: list[str] = []
        try:
            until(all_are_heard, "that everybody hears everybody")
        except TimeoutError as error:
            raise TimeoutError(f"{error}; not heard: {len(missing)}, such as by {'; by '.join(missing[:20])}") from None

    def _kill_a_node(self) -> None:
        node = self._random.choice(self._nodes)
        hit = sum(self._all("mark", node.name))
        self._begin(f"{node.name} killed with {hit} clients")
        node.end(signal.SIGKILL)
        time.sleep(self._plan.away)
        node.start()
        self._wait_for_nodes()
        self._wait_for_clients()

    def _restart_redis(self) -> None:
        self._all("mark", "none")
        self._begin("Redis restarted")
        self._redis.kill()
        time.sleep(self._plan.away)
        self._redis.start()
        self._wait_for_nodes()
        self._wait_for_clients()

    def _begin(self, what: str) -> None:
        self.windows.append(Window(f"fault {len(self.windows) + 1}, {what}", time.monotonic()))

    def _wait_for_nodes(self) -> None:
        for node in self._nodes:
            until(node.is_up, node.name)

    def _wait_for_clients(self) -> None:
        until(lambda: sum(self._all("back")) == 0, "that all clients are back")


def soak(plan: Plan) -> tuple[Account, list[Window]]:
    """Run a cluster, and return the account and the faults."""
    with ExitStack() as stack:
        cluster = Cluster(stack, plan)
        return cluster.run(), cluster.windows
