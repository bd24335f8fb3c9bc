"""Servers whose every byte a test decides: a script per connection, run in a thread, over TCP or TLS.

Nothing here waits for ever: a read ends after ``LIMIT`` seconds, and with the server ends every connection and script.
A script that fails, fails the test; one whose client went away does not.
"""

from __future__ import annotations

import base64
import gc
import hashlib
import os
import queue
import socket
import ssl
import struct
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from tests.waiting import EXPECTED, eventually, expecting, taken

LIMIT = 10.0
"""Seconds after which something that should have happened has not."""

KEPT = "Connection: Keep-Alive"
"""What a server says that keeps a connection for the next request."""

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


@dataclass(frozen=True)
class Request:
    """The head of a request, as it came."""

    raw: bytes

    @property
    def target(self) -> str:
        return self.raw.decode("latin-1").split(" ")[1]

    def all(self, name: str) -> list[str]:
        lines = self.raw.decode("latin-1").split("\r\n")[1:]
        pairs = [line.partition(":") for line in lines if line]
        return [value.strip() for key, _, value in pairs if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) < 2, f"{name} came several times: {values}"
        return values[0] if values else None


@dataclass(frozen=True)
class Frame:
    """A websocket frame of the client."""

    opcode: int
    payload: bytes
    fin: bool = True


def frame(
    payload: bytes | str = b"", opcode: int = TEXT, *, fin: bool = True, rsv: int = 0, masked: bool = False
) -> bytes:
    """Return a websocket frame as a server sends it."""
    data = payload.encode() if isinstance(payload, str) else payload
    mask = 0x80 if masked else 0
    first = bytes([fin << 7 | rsv << 4 | opcode])
    if len(data) < 126:
        head = first + bytes([mask | len(data)])
    elif len(data) < 65536:
        head = first + struct.pack("!BH", mask | 126, len(data))
    else:
        head = first + struct.pack("!BQ", mask | 127, len(data))
    return head + (b"\1\2\3\4" + _xor(data, b"\1\2\3\4") if masked else data)


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, server: Server) -> None:
        self.sock, self.server = sock, server
        self.kept = False
        self._buffer = b""
        sock.settimeout(LIMIT)

    def read_some(self) -> bytes:
        """Return the next bytes, none at the end."""
        if self._buffer:
            data, self._buffer = self._buffer, b""
            return data
        return self.sock.recv(65536)

    def read(self, size: int) -> bytes:
        chunks, missing = [], size
        while missing:
            data = self.read_some()
            if not data:
                raise EOFError("the client has closed")
            chunks.append(data[:missing])
            self._buffer = data[missing:]
            missing -= len(chunks[-1])
        return b"".join(chunks)

    def read_to_end(self) -> bytes:
        """Return everything until the client ends the connection in good order."""
        chunks = []
        while data := self.read_some():
            chunks.append(data)
        return b"".join(chunks)

    def read_head(self) -> Request:
        self.kept = False
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.read(1)
        request = Request(head)
        self.server.requests.append(request)
        return request

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(self, status: int, body: bytes = b"", *headers: str, length: int | None = None) -> None:
        """Answer as an HTTP server that closes afterwards."""
        size = len(body) if length is None else length
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {size}", "Connection: close", *headers, "", ""]
        self.send("\r\n".join(lines).encode("latin-1") + body)

    def reply(self, body: str, *headers: str, kept: str | None = KEPT) -> None:
        """Answer, say that the connection is kept unless ``kept`` is None, and keep it, also when the script ends."""
        data = body.encode("utf-8", "surrogatepass")
        lines = ["HTTP/1.1 200 Whatever", f"Content-Length: {len(data)}", *headers, *([kept] if kept else []), "", ""]
        self.send("\r\n".join(lines).encode() + data)
        self.kept = kept is not None

    def accept(self, *headers: str) -> Request:
        """Answer the request for a websocket."""
        request = self.read_head()
        self.send(switching(request, *headers))
        return request

    def read_frame(self) -> Frame:
        first, second = self.read(2)
        assert second & 0x80, "the client's frame is not masked"
        assert not first & 0x70, "the client's frame has reserved bits"
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self.read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self.read(8))
        mask = self.read(4)
        return Frame(first & 15, _xor(self.read(size), mask), bool(first & 0x80))

    def read_frames(self) -> list[Frame]:
        """Return every frame until the client ends the connection."""
        frames = []
        with suppress(EOFError):
            while True:
                frames.append(self.read_frame())
        return frames

    def wait_for_the_end(self) -> None:
        """Leave the connection to the test, until the server ends."""
        self.server.ended.wait(60)

    def end(self) -> None:
        """Send FIN, and go on reading."""
        self.kept = False
        socket.socket.shutdown(self.sock, socket.SHUT_WR)

    def reset(self) -> None:
        """End with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def switching(request: Request, *headers: str) -> bytes:
    """Return the answer that makes the connection a websocket."""
    digest = hashlib.sha1(
        (request.header("Sec-WebSocket-Key") or "").encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    )
    accept = base64.b64encode(digest.digest()).decode()
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    return "\r\n".join([*lines, f"Sec-WebSocket-Accept: {accept}", *headers, "", ""]).encode("latin-1")


Script = Callable[[Peer], object]


def websocket(peer: Peer) -> None:
    """Script: accept a websocket and leave it to the test; see ``Server.next_peer``."""
    peer.accept()
    hand_over(peer)


def hand_over(peer: Peer) -> None:
    """Script: leave the connection to the test; see ``Server.next_peer``."""
    peer.server.handed.put(peer)
    peer.wait_for_the_end()


def say_nothing(peer: Peer) -> None:
    """Script: read the request and do not answer it."""
    peer.read_head()
    hand_over(peer)


class Server:
    """Runs one script per connection: the first script for the first one, the last for all further ones.

    Args:
        scripts: what to do.
        tls: encrypt with this context, before the script begins; of several, again one per connection.
    """

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | Sequence[ssl.SSLContext] | None = None) -> None:
        self.requests: list[Request] = []
        self.tls_errors: list[Exception] = []
        self.connections = 0
        self.ended = threading.Event()
        self.handed: queue.SimpleQueue[Peer] = queue.SimpleQueue()
        self._scripts = scripts
        self._tls = (tls,) if isinstance(tls, ssl.SSLContext) else tuple(tls or ())
        self._errors: list[BaseException] = []
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket()
        # Fixed, and inherited: some systems let it grow to 32 MiB, and a script that does not read is to be noticed.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**18)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(128)
        self.port: int = self._listener.getsockname()[1]

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def next_peer(self) -> Peer:
        """Return the next connection that a script has handed over."""
        return taken(self.handed, "a connection")

    def __enter__(self) -> Server:
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.ended.set()
        with suppress(OSError):  # accept() has to be woken, which close() does not do everywhere
            socket.create_connection(("127.0.0.1", self.port), LIMIT).close()
        self._threads[0].join(LIMIT)
        self._listener.close()
        for sock in list(self._open):
            _shutdown(sock)
        for thread in self._threads:
            thread.join(LIMIT)
            assert not thread.is_alive(), "a script did not end"
        if kind is None and self._errors:
            raise self._errors[0]

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self.ended.is_set():
                sock.close()
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            context = self._tls[min(self.connections, len(self._tls) - 1)] if self._tls else None
            self.connections += 1
            self._open.append(sock)
            self._start(self._run, sock, script, context)

    def _run(self, sock: socket.socket, script: Script, context: ssl.SSLContext | None) -> None:
        try:
            if context is not None:
                sock = self._encrypt(sock, context)
            peer = Peer(sock, self)
            script(peer)
            if not peer.kept:
                socket.socket.shutdown(sock, socket.SHUT_WR)
            _linger(sock)
        except ssl.SSLError as error:
            self.tls_errors.append(error)
        except TimeoutError as error:
            self._errors.append(error)
        except (OSError, EOFError):
            pass  # the client went away
        except BaseException as error:
            self._errors.append(error)
        finally:
            sock.close()
            self._open.remove(sock)

    def _encrypt(self, sock: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        sock.settimeout(LIMIT)
        encrypted = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        self._open[self._open.index(sock)] = encrypted
        try:
            encrypted.do_handshake()
        except BaseException:
            self._open[self._open.index(encrypted)] = sock
            encrypted.close()
            raise
        return encrypted


class Task:
    """A call in a thread of its own, for what might block for ever."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self._call = function, args
        self._value: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def wait(self, seconds: float) -> bool:
        """Wait for the end of the call for so long at most; return whether it has ended."""
        self._thread.join(seconds)
        return self.done

    def result(self, expect: float = EXPECTED) -> Any:
        """Return what the call returned, or raise what it raised."""
        name = getattr(self._call[0], "__qualname__", "a call")
        with expecting(f"the end of {name}", expect):
            self._thread.join(LIMIT)
        if self._thread.is_alive():
            pytest.fail(f"{self._call[0]} is still blocked")
        if self._error is not None:
            raise self._error
        return self._value

    def wait_until_blocked(self) -> None:
        """Return when the call has been at one place for so long that it must be waiting there."""
        seen: object = None
        since = time.monotonic()

        def blocked() -> bool:
            nonlocal seen, since
            frame = sys._current_frames().get(self._thread.ident or 0)
            place = frame and (frame, frame.f_lasti)
            if place != seen:
                seen, since = place, time.monotonic()
            return self.done or (place is not None and time.monotonic() - since > 0.1)

        wait_until(blocked, "the call waits for something")
        assert not self.done, f"the call ended instead of waiting: {self._value!r}, {self._error!r}"

    def _run(self) -> None:
        function, args = self._call
        try:
            self._value = function(*args)
        except BaseException as error:
            self._error = error


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Return as soon as a condition holds."""
    eventually(condition, what)


def soon() -> float:
    """Return a deadline for what should happen."""
    return time.monotonic() + LIMIT


@contextmanager
def closed_port() -> Iterator[int]:
    """Yield a port that refuses connections."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@contextmanager
def deaf_port() -> Iterator[int]:
    """Yield a port that does not answer: its queue of connections is full."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux leaves connections unanswered when the queue is full")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(8)]
        try:
            for sock in waiting:
                sock.setblocking(False)
                sock.connect_ex(listener.getsockname())
            yield listener.getsockname()[1]
        finally:
            for sock in waiting:
                sock.close()


def descriptors() -> int:
    """Return how many descriptors this process has open."""
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("this system does not list a process's descriptors")
    return len(os.listdir("/proc/self/fd"))


@contextmanager
def nothing_left_open() -> Iterator[None]:
    """Fail if a socket, of which the block knows nothing any more, was never closed."""
    gc.collect()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        yield
        gc.collect()
    assert [str(warning.message) for warning in told if issubclass(warning.category, ResourceWarning)] == []


def _shutdown(sock: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _linger(sock: socket.socket) -> None:
    """Let the client end the connection: closing with bytes unread would reset it."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline and sock.recv(65536):
        pass


def _xor(data: bytes, mask: bytes) -> bytes:
    size = len(data)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
