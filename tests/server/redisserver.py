"""A Redis for the length of a test, that can be killed and started again."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import suppress

import pytest

from tests.servers.process import free_port
from tests.waiting import PATIENCE, eventually

PROGRAM = shutil.which("redis-server", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")


class RedisServer:
    """A redis-server on a free port, which keeps nothing on disk."""

    def __init__(self):
        if PROGRAM is None:
            pytest.skip("needs redis-server: Debian has it in the package of that name")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._process = None
        self.start()

    def start(self):
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([PROGRAM, *options], stdout=subprocess.DEVNULL)
        eventually(lambda: self._process.poll() is not None or self._listens(), "redis-server")
        assert self._process.poll() is None, "redis-server ended"

    def kill(self):
        self._process.kill()
        self._process.wait()

    def _listens(self):
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(100) == b"+PONG\r\n"
        return False
