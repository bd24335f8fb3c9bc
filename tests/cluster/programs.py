"""The programs of the cluster: three processes of the server, HAProxy before them, and the processes of the clients."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.servers.process import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
PATHS = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"
HAPROXY, REDIS = (shutil.which(name, path=PATHS) for name in ("haproxy", "redis-server"))
NODES = ("n1", "n2", "n3")

LONGEST = 120.0
"""Seconds that whatever is waited for may take."""


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition, or raise TimeoutError."""
    deadline = time.monotonic() + LONGEST
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come about within {LONGEST:g} s")
        time.sleep(0.05)


def missing() -> str | None:
    """Return why the cluster cannot run on this machine; None: it can."""
    for name, program in (("haproxy", HAPROXY), ("redis-server", REDIS)):
        if program is None:
            return f"needs {name}: Debian has it in the package of that name"
    return None


class Node:
    """A process of the server."""

    def __init__(self, name: str, redis: str) -> None:
        self.name, self.port, self._redis = name, free_port(), redis
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.cluster.node", self.name, str(self.port), self._redis]
        self._process = subprocess.Popen(command, cwd=ROOT)

    def is_up(self) -> bool:
        """Return whether it serves, and reaches the others."""
        with (
            suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/socket.io/health", timeout=5) as response,
        ):
            return bool(json.load(response)["backplane"] == "up")
        assert self._process.poll() is None, f"{self.name} ended with {self._process.returncode}"
        return False

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Kill it, or have it stop in good order."""
        self._process.send_signal(number)
        self._process.wait()


class HAProxy:
    """The proxy of docs/deploy, with a third node."""

    def __init__(self, folder: Path, nodes: list[Node], clients: int) -> None:
        assert HAPROXY is not None
        self.port = free_port()
        rows = []
        for row in (ROOT / "docs/deploy/haproxy.cfg").read_text(encoding="utf-8").splitlines():
            rows += [row, row.replace("n2", "n3").replace("8002", "8003")] if "n2" in row else [row]
        text = "\n".join(rows).replace("bind :80", f"bind 127.0.0.1:{self.port}")
        text = text.replace("65536", str(3 * clients + 200)) + "\n"  # one that polls has two, and some are closing
        for number, node in enumerate(nodes, 1):
            text = text.replace(f"127.0.0.1:800{number}", f"127.0.0.1:{node.port}")
        (folder / "haproxy.cfg").write_text(text, encoding="utf-8")
        self._process = subprocess.Popen([HAPROXY, "-q", "-db", "-f", str(folder / "haproxy.cfg")])

    def is_up(self) -> bool:
        """Return whether it listens."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5):
            return True
        assert self._process.poll() is None, f"haproxy ended with {self._process.returncode}"
        return False

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


class Clients:
    """A process of clients; see ``Crowd``."""

    def __init__(self, **options: Any) -> None:
        command = [sys.executable, "-m", "tests.cluster.crowd", json.dumps(options)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def begin(self, *words: str) -> None:
        """Have it do something."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()

    def result(self) -> Any:
        """Return what came out."""
        assert self._process.stdout is not None
        row = self._process.stdout.readline()
        if not row:
            raise RuntimeError(f"a process of clients ended with {self._process.wait()}")
        return json.loads(row)

    def end(self) -> None:
        self._process.communicate()
