"""The servers of the measures: flood.c, compiled where it is needed, and the real ones on Node."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from .cores import core_of

HERE = Path(__file__).resolve().parent
MODULES = HERE.parent / "tests" / "servers" / "node_modules"

FLOOD = "flood"
LEGACY, MODERN = "socket.io-0.9", "socket.io-4"
"""What measures call a server: the real ones as the tests install them."""


class Servers:
    """Servers that run from when they are asked for until the end of the program."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._ports: dict[str, int | None] = {}

    def port(self, name: str) -> int | None:
        """Return the port of a server; None: it cannot run here."""
        if name not in self._ports:
            server = flood_server() if name == FLOOD else real_server(name)
            self._ports[name] = self._stack.enter_context(server)
        return self._ports[name]


@contextmanager
def flood_server() -> Iterator[int]:
    """Run the server that is never the bottleneck, and yield its port."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise SystemExit("bench needs a C compiler (cc), for a server that is faster than what it measures")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "flood"
        subprocess.run([compiler, "-O2", "-o", program, HERE / "flood.c"], check=True)
        with running([str(program)]) as server:
            yield server.port


@contextmanager
def real_server(name: str) -> Iterator[int | None]:
    """Run a real server, and yield its port; None: it is not installed."""
    node = shutil.which("node")
    if node is None or not (MODULES / name).exists():
        print(f"{name} is not installed: run python -m tests.servers", file=sys.stderr)
        yield None
        return
    with running([node, str(HERE / "real.js"), json.dumps({"folder": name})]) as server:
        yield server.port


class Started(NamedTuple):
    """A server in a process of its own."""

    port: int
    pid: int


@contextmanager
def running(command: list[str], cwd: Path | None = None) -> Iterator[Started]:
    """Run a server that prints "listening PORT", on the core of servers."""
    with core_of("server"):
        started = subprocess.Popen(command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with started as process:
        assert process.stdout is not None
        try:
            yield Started(int(process.stdout.readline().split()[1]), process.pid)
        finally:
            process.kill()
