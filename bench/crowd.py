"""Many clients in one thread, over plain sockets: they cost so little that the server is what is measured."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator

from .wire import CLOSE, Step, Wire

PATIENCE = 30.0
"""Seconds for which nothing at all may come from the server."""

SIZE = 2**16


class Visitor:
    """One client.

    Args:
        crowd: where it belongs.
        ready: what is called with it once it is connected.
    """

    def __init__(self, crowd: Crowd, ready: Callable[[Visitor], object]) -> None:
        self._crowd, self._ready = crowd, ready
        self._hear = self._step
        self._is_leaving = False
        self._text = b""
        self._dial()
        self._steps = self._connect(crowd.wire.steps)
        self._awaited = next(self._steps)

    def send(self, frame: bytes) -> None:
        """Send a small frame, for which there always is room."""
        self.socket.send(frame)

    def expect(self, frame: bytes, then: Callable[[], object]) -> None:
        """Wait for a frame, then for more of the same length; a function is called for each.

        Only the first is compared.
        """
        self._left, self._frame, self._then = len(frame), frame, then
        self._hear = self._compare

    def read(self) -> None:
        """Read what is there.

        Raises:
            ConnectionError: the server has closed the connection.
            ValueError: what came is not what was expected.
        """
        data = self.socket.recv(SIZE)
        if self._is_leaving:
            self.close()
        elif data:
            self._hear(data)
        else:
            raise ConnectionError("the server has closed a connection")

    def leave(self) -> None:
        """Send a close frame, and close the socket once the server has reacted."""
        self._is_leaving = True
        self.socket.send(CLOSE)

    def close(self) -> None:
        """Close the socket at once."""
        self._crowd.selector.unregister(self.socket)
        self.socket.close()

    def _dial(self) -> None:
        """Connect to the port, which on the same machine is done at once."""
        self.socket = socket.create_connection(("127.0.0.1", self._crowd.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._crowd.selector.register(self.socket, selectors.EVENT_READ, self)

    def _connect(self, steps: tuple[Step, ...]) -> Iterator[Step]:
        found = b""
        for step in steps:
            if step.again:
                self.close()
                self._dial()
            self.socket.send(step.sent.replace(b"%s", found))
            yield step
            match = step.awaited.search(self._text)
            assert match is not None
            found, self._text = match[match.lastindex or 0], b""

    def _step(self, data: bytes) -> None:
        """Go on connecting as soon as all is there that is awaited."""
        self._text += data
        if self._awaited.awaited.search(self._text):
            following = next(self._steps, None)
            if following is None:
                self._ready(self)
            else:
                self._awaited = following

    def _compare(self, data: bytes) -> None:
        if data != self._frame:
            raise ValueError(f"{data!r} came instead of {self._frame!r}")
        self._hear = self._count
        self._count(data)

    def _count(self, data: bytes) -> None:
        self._left -= len(data)
        if not self._left:
            self._left = len(self._frame)
            self._then()


class Crowd:
    """Clients that speak one protocol with one server on this machine."""

    def __init__(self, port: int, wire: Wire) -> None:
        self.port, self.wire = port, wire
        self.selector = selectors.DefaultSelector()

    def connect(self, count: int, at_once: int = 50) -> list[Visitor]:
        """Return so many clients that are connected."""
        there: list[Visitor] = []
        self._bring(count, at_once, there.append)
        self.hear_until(lambda: len(there) == count)
        return there

    def come_and_go(self, count: int, at_once: int) -> None:
        """Have so many clients connect, and leave as soon as they are connected."""
        self._bring(count, at_once, Visitor.leave)
        self.hear_until(lambda: not self.selector.get_map())

    def _bring(self, count: int, at_once: int, ready: Callable[[Visitor], object]) -> None:
        """Begin to connect clients: whenever one is ready, the next one begins."""
        left = count

        def begin() -> None:
            nonlocal left
            if left:
                left -= 1
                Visitor(self, then)

        def then(visitor: Visitor) -> None:
            ready(visitor)
            begin()

        for _ in range(at_once):
            begin()

    def hear_until(self, done: Callable[[], bool]) -> None:
        """Read what comes until something is true.

        Raises:
            TimeoutError: nothing came for too long.
        """
        while not done():
            events = self.selector.select(PATIENCE)
            if not events:
                raise TimeoutError(f"nothing came for {PATIENCE:g} s")
            for key, _ in events:
                key.data.read()

    def hear_for(self, seconds: float) -> None:
        """Read what comes for so long."""
        end = time.perf_counter() + seconds
        self.hear_until(lambda: time.perf_counter() >= end)

    def close(self) -> None:
        """Close all sockets."""
        for key in list(self.selector.get_map().values()):
            key.data.close()
        self.selector.close()
