"""TCP connections to a host of several addresses, as RFC 8305 wants them ("happy eyeballs").

The addresses of both families take turns. Each has a quarter of a second before the next one is tried besides, and the
first that accepts is taken: a name with an address that is dead costs that long, and not the time-out of the system.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import chain, zip_longest
from math import inf
from typing import Any

from .waker import WakerEnd

PACE = 0.25
"""Seconds after which the next address is tried besides: RFC 8305, 5."""

_LOOK = 0.05
"""Seconds between two looks at whether something that cannot be woken was aborted."""

CONNECTING = (errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK)
"""What the system says of a socket that has begun to connect."""

# poll() needs no descriptor of its own and knows no limit of 1,024 of them; Windows has only select().
Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)

AddressInfo = tuple[Any, Any, int, str, Any]
"""A family, a kind and a protocol of sockets, a name that nobody needs, and an address: see ``socket.getaddrinfo``."""

Answered = dict[tuple[str, int], Any]
"""The addresses that have answered, by host and port."""


class Dial:
    """Connects to the first of some addresses that accepts.

    Args:
        addresses: in the order in which they are tried.
        deadline: until when (``time.monotonic``).
        is_aborted: whether to give up.
        wakened: becomes readable when that may have changed; without it, somebody looks now and then.
    """

    def __init__(
        self,
        addresses: Sequence[AddressInfo],
        deadline: float,
        is_aborted: Callable[[], bool],
        wakened: WakerEnd | None = None,
    ) -> None:
        self._left, self._deadline = deque(addresses), deadline
        self._is_aborted, self._wakened = is_aborted, wakened
        # The last of many has half of the time for itself.
        self._pace = min(PACE, max(deadline - time.monotonic(), 0) / (2 * len(addresses) or 1))
        self._next_at = -inf
        self._dialing: dict[socket.socket, Any] = {}
        self._error: OSError = TimeoutError("timed out")

    def connect(self) -> tuple[socket.socket, Any]:
        """Return a connected socket, which does not block, and its address; the others are closed.

        Raises:
            OSError: what the last of the addresses said, none of which accepted before the deadline.
        """
        found = None
        try:
            with Selector() as selector:
                if self._wakened is not None:
                    selector.register(self._wakened, selectors.EVENT_READ)
                while found is None:
                    found = self._begin(selector) or self._wait(selector)
            return found, self._dialing.pop(found)
        finally:
            for sock in self._dialing:
                sock.close()

    def _begin(self, selector: selectors.BaseSelector) -> socket.socket | None:
        """Try the next address if its time has come; return the socket if that has connected at once."""
        if self._is_aborted():
            raise aborted()
        now = time.monotonic()
        if now >= self._deadline:
            raise TimeoutError("timed out")
        if not self._left or (self._dialing and now < self._next_at):
            return None
        family, kind, protocol, _, address = self._left.popleft()
        self._next_at = now + self._pace
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError as error:  # a family that this system does not have
            self._error = error
            return None
        self._dialing[sock] = address
        state = begin_to_connect(sock, address)
        if state in CONNECTING:
            selector.register(sock, selectors.EVENT_WRITE)
        elif state:
            self._refused(sock, state)
        return None if state else sock

    def _wait(self, selector: selectors.BaseSelector) -> socket.socket | None:
        """Wait for the first socket that has connected, but not beyond the time of the next address."""
        if not self._dialing:
            if not self._left:
                raise self._error
            return None
        until = min(self._deadline, self._next_at if self._left else inf)
        wait = max(until - time.monotonic(), 0)
        # Without a waker, nobody can tell us of an abort.
        ready = selector.select(wait if self._wakened is not None else min(wait, _LOOK))
        for key, _ in ready:
            sock: Any = key.fileobj
            if sock is self._wakened:
                with suppress(BlockingIOError):
                    self._wakened.recv(4096)
            elif state := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                selector.unregister(sock)
                self._refused(sock, state)
            else:
                connected: socket.socket = sock
                return connected
        return None

    def _refused(self, sock: socket.socket, state: int) -> None:
        """Let go of a socket that did not connect; the next address need not wait."""
        self._error = OSError(state, os.strerror(state))
        self._next_at = -inf
        del self._dialing[sock]
        sock.close()


@lru_cache(64)
def known_address(host: str, port: int) -> AddressInfo | None:
    """Return the address that a host is which is given as an address of IPv4; None: it must be looked up.

    A look-up takes 7 us even there. But macOS makes an address of IPv6 of it in a network that has no other.
    """
    if sys.platform == "darwin":
        return None
    try:
        socket.inet_pton(socket.AF_INET, host)
    except (OSError, ValueError):
        return None
    return socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port)


def begin_to_connect(sock: socket.socket, address: Any) -> int:
    """Have a socket block no more, and connect; return 0 if it has, one of CONNECTING, or what went wrong."""
    sock.setblocking(False)
    state = sock.connect_ex(address)
    if state in CONNECTING and sys.platform == "linux":
        state = sock.connect_ex(address)  # what is on the same machine is connected by now, and nobody need wait
    return state


def in_turns(addresses: Sequence[AddressInfo], first: Any = None) -> list[AddressInfo]:
    """Return addresses so that the families take turns, beginning with that of the first.

    Args:
        addresses: as the system prefers them.
        first: the address that has answered before, if there is one.
    """
    ordered = sorted(addresses, key=lambda info: info[4] != first)
    same = [info for info in ordered if info[0] == ordered[0][0]]
    other = [info for info in ordered if info[0] != ordered[0][0]]
    return [info for info in chain.from_iterable(zip_longest(same, other)) if info is not None]


def aborted() -> ConnectionAbortedError:
    """Return what is raised where another thread has aborted."""
    return ConnectionAbortedError("the connection was aborted")


def remaining(deadline: float) -> float:
    """Return the seconds until ``deadline``, or raise TimeoutError."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("timed out")
    return seconds
