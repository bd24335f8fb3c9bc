"""A server in a process of its own: it prints "listening PORT VERSION", and ends when its stdin is closed."""

from __future__ import annotations

import itertools
import json
import os
import random
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

_SHARES = 61

_PORTS = range(11_000 + os.getpid() % _SHARES, 32_768, _SHARES)
"""No system gives these away, so that a server that is started again finds its port free. Browsers take all of them.
Processes that start servers at the same moment have different ones: between the look and the server, one may come."""

_turns = itertools.cycle(random.sample(_PORTS, len(_PORTS)))


class ServerUnavailable(Exception):
    """A server is not to be had on this machine; the text says why."""


class ServerFailed(ServerUnavailable):
    """A server is there, and did not start: whoever skips tests without a server should not skip these."""


class ServerProcess:
    """A server on a port of its own, until it is stopped.

    Args:
        command: what to run.
        settings: what it is told, as JSON behind the command; without a ``port``, one is chosen.
        environment: variables besides those of this process.

    Attributes:
        port: where it listens on 127.0.0.1.
        version: what it is, in its own words.

    Raises:
        ServerUnavailable: this machine cannot run it.
        ServerFailed: it did not start; when it is to be stopped: it had ended by itself.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        settings: Mapping[str, Any],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._name = Path(command[-1]).name
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            self._process = subprocess.Popen(
                [*command, json.dumps({"port": free_port(), **settings})],
                stdin=subprocess.PIPE,  # the server ends when this end is closed, even if we are killed
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                env={**os.environ, **(environment or {})},
            )
        except OSError as error:
            self._errors.close()
            raise ServerUnavailable(f"{command[0]} does not run here: {error}") from error
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("listening "):
            raise ServerFailed(f"{self._name} did not start: {line!r} {self._end()}")
        _, port, self.version = line.rstrip("\n").split(" ", 2)
        self.port = int(port)

    def stop(self) -> None:
        """Kill the server, as a machine does that loses its power."""
        if self._errors.closed:
            return
        status = self._process.poll()
        errors = self._end()
        if status is not None:
            raise ServerFailed(f"{self._name} ended by itself with status {status}: {errors}")

    def _end(self) -> str:
        """End the process, and return the last that it wrote to stderr."""
        self._process.kill()
        self._process.wait()
        self._errors.seek(0)
        errors = self._errors.read().decode(errors="replace")[-2000:]
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            assert stream is not None
            stream.close()
        return errors

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def free_port() -> int:
    """Return a port that is free, and that was not returned lately."""
    for port in itertools.islice(_turns, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise ServerFailed(f"none of a hundred ports from {_PORTS.start} to {_PORTS[-1]} is free")


def run(command: Sequence[str | Path], cwd: Path | None = None, path: Path | None = None) -> str:
    """Run a command to its end and return what it printed.

    Args:
        command: what to run.
        cwd: where.
        path: a folder that its PATH has first.

    Raises:
        ServerUnavailable: it failed.
    """
    environment = {**os.environ, "PATH": f"{path}{os.pathsep}{os.environ['PATH']}"} if path else None
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    words = " ".join(map(str, command))
    try:
        done = subprocess.run(command, cwd=cwd, env=environment, check=False, **pipes)
    except OSError as error:
        raise ServerUnavailable(f"{words} does not run here: {error}") from error
    if done.returncode:
        raise ServerUnavailable(f"{words} failed:\n{done.stdout[-2000:]}")
    return done.stdout
