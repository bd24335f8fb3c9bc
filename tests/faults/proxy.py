"""A TCP proxy that breaks what goes through it, when a test says so: nothing but ``delay`` happens by time.

Only the client sees a reset. The server sees an end, and is read until it ends too: socket.io 0.9.19 dies of an RST
that comes after a FIN, with all its clients.

One thread moves all bytes; whatever a test asks for is done by that thread, and has happened when the call returns.
"""

from __future__ import annotations

import selectors
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

import pytest

from tests.servers_py import LIMIT, wait_until

_ROOM = 65536
"""Bytes that one way of a link keeps while it is held: what does not fit stays with the sender, as on a network."""


class Way:
    """One way of a link: bytes from ``source`` to ``target``."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        self.source, self.target = source, target
        self.late: deque[tuple[float, bytes]] = deque()  # what is delayed, and until when; nothing: the end
        self.waiting = bytearray()
        self.ended = self.done = False

    def has_room(self) -> bool:
        ended = self.ended or (self.late and not self.late[-1][1])
        return not ended and len(self.waiting) + sum(len(data) for _, data in self.late) < _ROOM

    def arrive(self, now: float) -> None:
        """Have what was delayed until now wait for its turn."""
        while self.late and self.late[0][0] <= now:
            _, data = self.late.popleft()
            self.waiting += data
            self.ended = not data


class Link:
    """One connection of a client, and ours to the server for it."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.up, self.down = Way(client, server), Way(server, client)
        for sock in (client, server):
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _close(sock: socket.socket, *, reset: bool) -> None:
    with suppress(OSError):
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()


class Proxy:
    """Passes bytes between clients and a server on a port of this machine, until told otherwise.

    Args:
        target: the server's port.

    Attributes:
        port: where the clients connect to.
        accepted: connections so far.
        passed: bytes that have gone either way so far.
        sizes: bytes written at once at most; 1 makes every byte a segment of its own.
        delay: seconds that all bytes take, either way.
    """

    def __init__(self, target: int) -> None:
        self.accepted = self.passed = 0
        self.sizes = _ROOM
        self.delay = 0.0
        self._target = target
        self._held: set[str] = set()
        self._cuts: dict[str, int] = {}
        self._allowed: dict[str, int] = {}
        self._links: list[Link] = []
        self._ending: list[socket.socket] = []  # to servers, until they end too
        self._orders: SimpleQueue[tuple[Callable[[], None], threading.Event]] = SimpleQueue()
        self._waker, self._wakened = socket.socketpair()
        self._running, self._closing = True, False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def hold(self, *ways: str) -> None:
        """Let nothing through any more, ``up`` (to the server) or ``down`` or, by default, both."""
        self._order(lambda: self._held.update(ways or ("up", "down")))

    def heal(self) -> None:
        """Let everything through again, what was held first."""
        self._order(self._held.clear)

    def reset(self) -> None:
        """End every connection with RST."""
        self._order(lambda: [self._drop(link, reset=True) for link in list(self._links)])

    def end(self) -> None:
        """End every connection with FIN, without a word in whatever protocol."""
        self._order(lambda: [self._drop(link) for link in list(self._links)])

    def cut(self, after: int, way: str = "down") -> None:
        """End a connection as soon as so many more bytes went that way."""
        self._order(lambda: self._cuts.update({way: after}))

    def inject(self, data: bytes) -> None:
        """Send bytes to every client that the server never sent."""
        self._order(lambda: [link.down.waiting.extend(data) for link in self._links])

    def throttle(self, way: str, size: int | None) -> None:
        """Let so many bytes more through that way, over all connections together, and no others; None: all again."""
        if size is None:
            self._order(lambda: self._allowed.pop(way, None))
        else:
            self._order(lambda: self._allowed.update({way: size}))

    def waiting(self, way: str) -> int:
        """Return how many bytes are held."""
        return sum(len(getattr(link, way).waiting) for link in list(self._links))

    def wait_for_held(self, way: str, size: int = 1, text: bytes = b"") -> None:
        """Return when so many bytes are held, and this text is among them."""
        wait_until(
            lambda: self.waiting(way) >= size and any(text in getattr(link, way).waiting for link in list(self._links)),
            f"{size} bytes are held on their way {way}, with {text!r}",
        )

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._order(self._refuse_all)
        with suppress(pytest.fail.Exception):  # a server that is busy may be long about it
            wait_until(lambda: not self._ending, "the server ends its side")
        self._order(lambda: setattr(self, "_running", False))
        self._thread.join(LIMIT)
        assert not self._thread.is_alive()

    def _order(self, action: Callable[[], Any]) -> None:
        done = threading.Event()
        self._orders.put((action, done))
        self._waker.send(b"\0")
        assert done.wait(LIMIT), "the proxy does not respond"

    def _run(self) -> None:
        while self._running:
            with selectors.DefaultSelector() as selector:
                timeout = self._arrivals()
                self._register(selector)
                ready = selector.select(timeout)
            for key, events in ready:
                key.data(events)
        for sock in (*self._ending, self._listener, self._waker, self._wakened):
            sock.close()

    def _arrivals(self) -> float | None:
        """Let arrive what has been delayed for long enough; return the seconds until there is more of that."""
        now = time.monotonic()
        ways = [way for link in self._links for way in (link.up, link.down)]
        for way in ways:
            way.arrive(now)
        return min((max(way.late[0][0] - now, 0) for way in ways if way.late), default=None)

    def _register(self, selector: selectors.BaseSelector) -> None:
        selector.register(self._listener, selectors.EVENT_READ, lambda events: self._accept())
        selector.register(self._wakened, selectors.EVENT_READ, lambda events: self._obey())
        for sock in self._ending:
            selector.register(sock, selectors.EVENT_READ, lambda events, sock=sock: self._drain(sock))
        for link in self._links:
            for name, way, back in (("up", link.up, link.down), ("down", link.down, link.up)):
                # Registered by socket: what it reads goes one way, what it writes comes the other way.
                reads = selectors.EVENT_READ if way.has_room() else 0
                other = "down" if name == "up" else "up"
                writes = selectors.EVENT_WRITE if self._has_work(other, back) else 0
                if reads | writes:
                    selector.register(way.source, reads | writes, self._mover(link, way, other, back))

    def _has_work(self, name: str, way: Way) -> bool:
        if name in self._held or not self._allowed.get(name, 1):
            return False
        return bool(way.waiting) or (way.ended and not way.done)

    def _mover(self, link: Link, way: Way, other: str, back: Way) -> Callable[[int], None]:
        def move(events: int) -> None:
            if link not in self._links:
                return
            try:
                if events & selectors.EVENT_READ:
                    self._read(way)
                if events & selectors.EVENT_WRITE and self._has_work(other, back):
                    self._write(link, other, back)
            except BlockingIOError:
                pass
            except OSError:
                # In a black hole nobody hears that the other side has given up.
                if self._held:
                    way.ended = True
                    way.waiting.clear()
                    way.late.clear()
                else:
                    self._drop(link, reset=True)

        return move

    def _read(self, way: Way) -> None:
        way.late.append((time.monotonic() + self.delay, way.source.recv(_ROOM)))
        if not self.delay:
            way.arrive(float("inf"))

    def _write(self, link: Link, name: str, way: Way) -> None:
        if way.waiting:
            room = min(self.sizes, self._cuts.get(name, _ROOM), self._allowed.get(name, _ROOM))
            sent = way.target.send(way.waiting[:room])
            self.passed += sent
            del way.waiting[:sent]
            if name in self._allowed:
                self._allowed[name] -= sent
            if name in self._cuts:
                self._cuts[name] -= sent
                if self._cuts[name] <= 0:
                    del self._cuts[name]
                    self._drop(link)
        elif way.ended and not way.done:
            way.done = True
            way.target.shutdown(socket.SHUT_WR)
            if link.up.done and link.down.done:
                self._drop(link)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        self.accepted += 1
        try:
            if self._closing:
                raise ConnectionRefusedError
            server = socket.create_connection(("127.0.0.1", self._target), LIMIT)
        except OSError:
            _close(client, reset=True)
            return
        self._links.append(Link(client, server))

    def _refuse_all(self) -> None:
        self._closing = True
        for link in list(self._links):
            self._drop(link)

    def _obey(self) -> None:
        self._wakened.recv(1)
        action, done = self._orders.get()
        action()
        done.set()

    def _drop(self, link: Link, *, reset: bool = False) -> None:
        if link in self._links:
            self._links.remove(link)
            _close(link.client, reset=reset)
            self._ending.append(link.server)
            with suppress(OSError):
                link.server.shutdown(socket.SHUT_WR)

    def _drain(self, sock: socket.socket) -> None:
        try:
            has_ended = not sock.recv(_ROOM)
        except BlockingIOError:
            return
        except OSError:
            has_ended = True
        if has_ended:
            self._ending.remove(sock)
            sock.close()
