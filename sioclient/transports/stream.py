"""A TCP or TLS connection that one thread reads while others write, and that any thread can wake or abort.

Rules, each measured:

* One TLS socket must not be inside OpenSSL twice. Sending in one thread while receiving in another broke 11 of 25
  connections under load, with an end of file or a bad record. So the socket does not block, every call into it
  is made under one lock, and waiting happens outside of it.
* ``close`` does not wake a thread that waits for the socket, ``shutdown`` does. ``SSLSocket.shutdown`` also takes the
  encryption off, whereupon a reader would be handed ciphertext as data: hence the plain socket's.
* A descriptor that is closed while another thread is about to use it may belong to a file or to another connection by
  then, and what is written goes there; on a busy machine, a late ``wake`` did so. So every descriptor is used and
  closed under the lock, the waker's included, and only the reading thread closes; the others abort.

The lock is the inner one of a pair: whoever holds a ``FrameWriter``'s takes this one, never the other way round. No
method expects that its caller holds it: an RLock may be taken again.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import time
from contextlib import suppress
from functools import partial
from math import inf
from threading import RLock
from typing import Any

from .base import Traffic
from .dialing import Answered, Dial, Selector, aborted, in_turns, known_address, remaining
from .looking import Looking
from .tls import shut_down
from .waker import WakerEnd, make_waker

STALL_TIMEOUT = 5.0
"""Seconds without progress after which a write gives up: the peer does not read, or is gone."""

_READ_SIZE = 65536

SEND_BUFFER = 2**18
"""Bytes on their way at most. The system says that there is room when a third of this is free: with the megabytes that
it would choose, a slow peer looks like one that takes nothing, and a heartbeat waits behind them for just as long."""

WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Stream:
    """A byte stream; see the module's rules for who may call what.

    Args:
        traffic: where bytes are counted.
        wakes: whether ``wake`` is needed; without it, the stream needs one descriptor less.

    Attributes:
        patience: the deadline of a ``recv`` that is given none; None: it waits without limit.
        hasten: has the next ``recv`` look for a moment before it sleeps; for the reading thread.
    """

    def __init__(self, traffic: Traffic | None = None, *, wakes: bool = True) -> None:
        self._traffic = traffic or Traffic()
        self._lock = RLock()  # the garbage collector may call ``wake`` anywhere, within this lock too
        self._sock: socket.socket | None = None
        self._aborted = False
        self._unread = b""
        self._is_drained = False
        self._looking = Looking()
        self.hasten = self._looking.begin
        self.patience: float | None = None
        self._waker: WakerEnd | None = None
        self._wakened: WakerEnd | None = None
        self._reading = Selector()
        if wakes:
            self._waker, self._wakened = make_waker()
            self._reading.register(self._wakened, selectors.EVENT_READ)

    def connect(self, host: str, port: int, deadline: float, answered: Answered) -> None:
        """Open a TCP connection to the first address of ``host`` that accepts it.

        Args:
            host, port: those of the server; the host is a name or an address.
            deadline: until when (``time.monotonic``).
            answered: which of several addresses did so before, by host and port: it is tried first.

        Raises:
            OSError: none of them accepted it before ``deadline``.
        """
        known = known_address(host, port)
        addresses = [known] if known else socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = in_turns(addresses, answered.get((host, port))) if len(addresses) > 1 else addresses
        sock, address = Dial(addresses, deadline, partial(getattr, self, "_aborted"), self._wakened).connect()
        try:
            with self._lock:
                self._sock = sock  # if it was aborted meanwhile, whoever uses it next is told
            self._let_in(sock)
        except BaseException:
            self._discard(sock)
            raise
        answered[host, port] = address

    def find(self, host: str, port: int, deadline: float, answered: Answered) -> str:
        """Return an address of ``host`` that accepts connections, if it has several: see ``connect``.

        It is for a socket that connects in a way of its own, and would try only one. A known address is not tried.
        """
        addresses = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)
        if len(addresses) < 2:
            return host
        known: Any = answered.get((host, port))
        if all(info[4] != known for info in addresses):
            sock, known = Dial(addresses, deadline, partial(getattr, self, "_aborted"), self._wakened).connect()
            sock.close()
            answered[host, port] = known
        return str(known[0])

    def connect_with(self, sock: socket.socket, address: tuple[str, int], deadline: float) -> None:
        """Open a connection with a socket that connects in a way of its own; it is closed if that fails.

        Raises:
            OSError: it did not work out before ``deadline``.
        """
        try:
            self._adopt(sock)
            sock.settimeout(remaining(deadline))
            sock.connect(address)
            self._let_in(sock)
        except BaseException:
            self._discard(sock)
            raise

    def start_tls(self, context: ssl.SSLContext, host: str, deadline: float) -> None:
        """Encrypt the connection, and verify that the peer is ``host``.

        Raises:
            ssl.SSLError: the certificate or the handshake is bad.
            OSError: the connection ended, ``deadline`` came, or the peer has sent something already.
        """
        sock = self._socket()
        if self._unread:
            # It would be read as if it had come encrypted, and from the peer whose certificate was verified.
            raise ConnectionAbortedError("the peer spoke before the connection was encrypted")
        self._reading.unregister(sock)
        sock.settimeout(remaining(deadline))
        # The handshake comes after the adoption: wrapping takes the descriptor away from the socket that abort() knows.
        encrypted = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
        self._adopt(encrypted)
        encrypted.do_handshake()
        self._let_in(encrypted)

    def _let_in(self, sock: socket.socket) -> None:
        """Set a connected socket up: from here on, no call of the system waits, but this class does."""
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        self._reading.register(sock, selectors.EVENT_READ)

    def recv(self, size: int = _READ_SIZE, deadline: float | None = None) -> bytes:
        """Wait for bytes and return at most ``size`` of them, none at the end of the stream.

        Raises:
            TimeoutError: ``wake`` was called, or ``deadline`` came; nothing is lost, call again.
            OSError: the connection broke, or was aborted.
        """
        if self._unread:
            data, self._unread = self._unread[:size], self._unread[size:]
            return data
        if self._is_drained:
            self._is_drained = False
            if not self._looking.until:
                self._wait_to_read(deadline)
        while True:
            try:
                with self._lock:
                    sock = self._sock
                    if sock is None or self._aborted:
                        raise aborted()
                    data = sock.recv(size)
                    self._traffic.received += len(data)
            except ssl.SSLWantWriteError:
                self._wait_to_write()
            except WOULD_BLOCK:
                if not self._looking.again():
                    self._wait_to_read(deadline)
            else:
                self._looking.until = 0.0
                # Less than ``size`` bytes are all that there were: wait before the next call. TLS may hold some back.
                self._is_drained = 0 < len(data) < size and not isinstance(self._sock, ssl.SSLSocket)
                return data

    def recv_into(self, buffer: memoryview) -> int:
        """Do what ``recv`` does, but put the bytes into ``buffer`` and return how many they are."""
        if self._unread:
            data = self.recv(len(buffer))
            buffer[: len(data)] = data
            return len(data)
        while True:
            try:
                with self._lock:
                    count = self._socket().recv_into(buffer)
                    self._traffic.received += count
                    return count
            except ssl.SSLWantWriteError:
                self._wait_to_write()
            except WOULD_BLOCK:
                self._wait_to_read(None)

    def peek(self, size: int) -> bytes | None:
        """Return what ``recv`` would, without TLS, and leave it there; None: it would wait; nothing: ask ``recv``."""
        with self._lock:
            if self._aborted or self._unread:
                return b""
            try:
                return self._socket().recv(size, socket.MSG_PEEK)
            except WOULD_BLOCK:
                return None

    def skip(self, count: int, received: int) -> None:
        """Take bytes that ``peek`` has shown, unless somebody has read since ``received`` was the traffic."""
        with self._lock:
            sock, traffic = self._socket(), self._traffic
            if traffic.received == received:  # no signal handler can read between this and the next call
                traffic.received += len(sock.recv(count))

    def wait(self, deadline: float | None = None) -> bool:
        """Wait until there is something to read, or the end of the stream; return False after ``wake`` or ``deadline``.

        Raises:
            OSError: the connection was aborted.
        """
        while not self._has_decrypted():
            try:
                self._wait_to_read(deadline)
            except TimeoutError:
                self._socket()  # abort() wakes too, in both ways
                return False
            if self._has_data():
                break
        return True

    def rest(self, deadline: float) -> bool:
        """Wait until ``deadline``, whatever comes; return False after ``wake``, or raise OSError after ``abort``."""
        assert self._wakened is not None
        with Selector() as selector:
            selector.register(self._wakened, selectors.EVENT_READ)
            is_woken = bool(selector.select(max(deadline - time.monotonic(), 0)))
        if self._aborted:
            raise aborted()
        if is_woken:
            self._wakened.recv(4096)
        return not is_woken

    def has_room(self) -> bool:
        """Return whether something small can be written without waiting."""
        return self._sock is not None and not self._aborted and self._is_ready(selectors.EVENT_WRITE, 0)

    def has_ended(self) -> bool:
        """Return whether the peer, from which nothing is expected now, has ended the stream or sent something."""
        return self._sock is None or self._has_decrypted() or self._is_ready(selectors.EVENT_READ, 0)

    def recv_until(self, deadline: float, size: int = _READ_SIZE) -> bytes:
        """Do what ``recv`` does, but let no ``wake`` interrupt it: TimeoutError means that ``deadline`` came."""
        while True:
            try:
                return self.recv(size, deadline)
            except TimeoutError:
                remaining(deadline)

    def unread(self, data: bytes) -> None:
        """Put back what was read too far; ``recv`` returns it first."""
        self._unread = data + self._unread

    def sendall(self, data: bytes) -> None:
        """Write all of ``data``.

        Raises:
            TimeoutError: there was no room for ``STALL_TIMEOUT`` seconds.
            OSError: the connection broke, or was aborted.
        """
        rest = memoryview(data)
        while rest:
            count = self.send(rest, STALL_TIMEOUT)
            if not count:
                raise stalled(STALL_TIMEOUT)
            rest = rest[count:]

    def send(self, data: bytes | memoryview, patience: float) -> int:
        """Write as much of ``data`` as there is room for, and return how much that was.

        If it was nothing, as there was no room for ``patience`` seconds, nothing else may be written before: what TLS
        has encrypted is kept for the same bytes.

        Raises:
            OSError: the connection broke, or was aborted.
        """
        give_up = inf
        while give_up == inf or time.monotonic() < give_up:
            try:
                with self._lock:
                    sock = self._sock
                    if sock is None or self._aborted:
                        raise aborted()
                    sent = sock.send(data)
                    self._traffic.sent += sent
                    return sent
            except ssl.SSLWantReadError:
                # The reading thread may take what this waits for: look again soon.
                give_up = min(give_up, time.monotonic() + patience)
                self._is_ready(selectors.EVENT_READ, 0.01)
            except WOULD_BLOCK:
                if not self._is_ready(selectors.EVENT_WRITE, patience):
                    return 0
        return 0

    def wake(self) -> None:
        """Make ``recv`` raise TimeoutError once."""
        # Full means that a wake is on its way; closed means that nobody reads any more.
        with self._lock, suppress(OSError):
            if self._waker is not None:
                self._waker.send(b"\0")

    def abort(self) -> None:
        """End the connection at once, both ways."""
        self._aborted = True
        self._shut_down()
        self.wake()

    def close(self) -> None:
        """Free every descriptor. For the reading thread only."""
        with self._lock:
            self._aborted = True
            self._shut_down()  # wakes whoever waits to write
            self._reading.close()
            for sock in (self._sock, self._waker, self._wakened):
                if sock is not None:
                    sock.close()
            self._sock = None

    def _has_decrypted(self) -> bool:
        """Return whether something was received that the system has already handed over."""
        with self._lock:
            is_pending = isinstance(self._sock, ssl.SSLSocket) and not self._aborted and self._sock.pending() > 0
        return is_pending or bool(self._unread)

    def _has_data(self) -> bool:
        """Return whether ``recv`` would not wait: what came over TLS may be no data, but a session ticket."""
        if not isinstance(self._socket(), ssl.SSLSocket):
            return True
        try:
            with self._lock:
                self._unread = self._socket().recv(_READ_SIZE)
                self._traffic.received += len(self._unread)
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLWantWriteError:
            pass  # ``recv`` sees to it
        return True

    def _shut_down(self) -> None:
        with self._lock, suppress(OSError):
            if self._sock is not None:
                shut_down(self._sock)

    def _adopt(self, sock: socket.socket) -> None:
        with self._lock:
            self._sock = sock
        if self._aborted:
            raise aborted()

    def _discard(self, sock: socket.socket) -> None:
        with self._lock:
            self._sock = None
            sock.close()

    def _socket(self) -> socket.socket:
        if self._sock is None or self._aborted:
            raise aborted()
        return self._sock

    def _wait_to_read(self, deadline: float | None) -> None:
        deadline = self.patience if deadline is None else deadline
        ready = self._reading.select(None if deadline is None else max(deadline - time.monotonic(), 0))
        if not ready:
            raise TimeoutError("nothing came in time")
        if self._wakened is not None and (len(ready) > 1 or ready[0][0].fileobj is self._wakened):
            self._wakened.recv(4096)
            raise TimeoutError("woken")

    def _wait_to_write(self) -> None:
        if not self._is_ready(selectors.EVENT_WRITE, STALL_TIMEOUT):
            raise stalled(STALL_TIMEOUT)

    def _is_ready(self, event: int, timeout: float) -> bool:
        with Selector() as selector:
            selector.register(self._socket(), event)
            return bool(selector.select(timeout))


def stalled(seconds: float) -> TimeoutError:
    """Return what is raised after so many seconds without progress."""
    return TimeoutError(f"the other side has taken nothing for {seconds:g} s")
