"""What examples of the pages meet: proxies, a server on TLS, Redis, a display. Each starts when it is first used."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path

import pytest

from sioclient.server import SocketServer
from tests.conftest import start
from tests.contract.examples import ROOT
from tests.server.redisserver import RedisServer
from tests.servers.process import free_port
from tests.transports.conftest import Authority
from tests.waiting import PATIENCE, eventually, joined

_SOME = 65536
_PROXY = """
import asyncio, runpy, socket, sys

sys.modules["uvloop"] = None  # pproxy takes it where it is installed, but makes no loop for it
asyncio.set_event_loop(asyncio.new_event_loop())
real, places = socket.getaddrinfo, {places}


def look_up(host, port, *args, **options):
    return real(*places.get((host, port), (host, port)), *args, **options)


socket.getaddrinfo = look_up
runpy.run_module("pproxy", run_name="__main__")
"""
"""pproxy as it is, on a network with names of its own: asyncio looks each of them up here."""


def pproxy(*words: str, places: Mapping[tuple[str, int], tuple[str, int]] | None = None) -> list[str]:
    """Return what Python is told to run pproxy, which reaches some hosts and ports elsewhere."""
    return ["-c", _PROXY.format(places=dict(places or {})), *words]


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), PATIENCE):
        return True
    return False


class TlsFront:
    """A server on TLS, which passes what is in it to a server without; ``port`` is where it listens."""

    def __init__(self, context: ssl.SSLContext, target: int) -> None:
        self._context, self._target = context, target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="TLS front", daemon=True)

    def __enter__(self) -> TlsFront:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(PATIENCE)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        joined(self._thread)
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", ssl=self._context)

    async def _end(self) -> None:
        self._server.close()
        links = asyncio.all_tasks() - {asyncio.current_task()}
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_target, to_target = await asyncio.open_connection("127.0.0.1", self._target)
        with suppress(asyncio.CancelledError):
            await asyncio.gather(self._pass(reader, to_target), self._pass(from_target, writer))

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """Pass one way of a connection on; its end ends the other one too."""
        try:
            while data := await source.read(_SOME):
                target.write(data)
                await target.drain()
        except OSError:
            pass  # the other end has gone
        finally:
            target.close()


class Parts:
    """The parts that a module of tests has running until its end.

    Args:
        folder: for their files.
        server: that of the examples.
        printed: what it has printed so far.
        running: ends them.
    """

    def __init__(self, folder: Path, server: SocketServer, printed: io.StringIO, running: ExitStack) -> None:
        self.folder, self.port, self.printed, self._running = folder, server.port, printed, running

    @cached_property
    def redis(self) -> str:
        """The URL of a Redis."""
        pytest.importorskip("redis")
        server = RedisServer()
        self._running.callback(server.kill)
        return server.url

    @cached_property
    def engine(self) -> int:
        """The port of a server of Engine.IO alone."""
        return self._running.enter_context(start("engine.js", version="6")).port

    @cached_property
    def authority(self) -> Authority:
        """An authority that has certified this machine, and nobody trusts."""
        return Authority(self.folder)

    @cached_property
    def tls(self) -> int:
        """The port at which the server of the examples is on TLS, as ``localhost``."""
        return self._front(self.authority.good)

    @cached_property
    def old_tls(self) -> int:
        """The port at which it is on TLS 1.0, and on nothing newer."""
        if not ssl.HAS_TLSv1:
            pytest.skip("this OpenSSL has no TLS 1.0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context = self.authority.only(ssl.TLSVersion.TLSv1)
        context.set_ciphers("ALL:@SECLEVEL=0")
        return self._front(context)

    @cached_property
    def proxies(self) -> tuple[int, int]:
        """The ports of a proxy of HTTP, for ``user:password``, and of one of SOCKS; both know an ``example.org``."""
        for package in ("pproxy", "socks"):
            pytest.importorskip(package)
        tls = self._front(self.authority.named("example.org"))
        names = {("example.org", 443): ("127.0.0.1", tls), ("example.org", 80): ("127.0.0.1", self.port)}
        http, socks = free_port(), free_port()
        listeners = ["-l", f"http://127.0.0.1:{http}#user:password", "-l", f"socks5://127.0.0.1:{socks}"]
        program = [sys.executable, *pproxy(*listeners, places=names)]
        run = self._running.enter_context(running(program, {}, self.folder / "proxy.log"))
        eventually(lambda: run.poll() is not None or (listens(http) and listens(socks)), "the proxies")
        assert run.poll() is None, (self.folder / "proxy.log").read_text()
        return http, socks

    @cached_property
    def display(self) -> str:
        """The name of a display that nobody looks at."""
        program = shutil.which("Xvfb")
        if program is None:
            pytest.skip("needs Xvfb: Debian has it in the package xvfb")
        options = ["-displayfd", "1", "-screen", "0", "320x200x24", "-nolisten", "tcp"]
        run = subprocess.Popen([program, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._running.callback(run.communicate)
        self._running.callback(run.terminate)
        assert run.stdout is not None
        number = run.stdout.readline().strip()
        if not number:
            pytest.skip("Xvfb does not start here")
        return f":{number}"

    def _front(self, context: ssl.SSLContext) -> int:
        return self._running.enter_context(TlsFront(context, self.port)).port


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in the folder of its log until the end of the block; SIGABRT has it write where it is."""
    with log.open("wb") as file:
        run = subprocess.Popen(
            command,
            cwd=log.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield run
    finally:
        run.kill()
        run.wait()
