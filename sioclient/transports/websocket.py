"""Frames over a websocket, through websocket-client.

This is the one module that imports websocket-client. What it is not left to do, and why:

* Most frames, either way: ``frames`` reads and writes those that are a text as a whole, at a multiple of the speed.
* Connecting and TLS: ``stream`` does, for the reasons given there.
* Redirects: it would take Authorization and Cookie along to another origin.
* Cookies: it has one jar for the whole process. The URL that it sees has a host that nobody else has, so the jar never
  matches, and it does not see the server's cookies.
* Pings, and pongs that nobody asked for: socket.io 0.8 and 0.9 answer them with bytes that are no frame, or close.
* Checking UTF-8: it does so in Python, at 100 ms a MiB; decoding checks it too.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPException
from typing import Any

import websocket

from ..errors import ConnectError, ConnectionLost, HandshakeRejected
from .base import Frame, Framing, Transport, redirect_target
from .exchange import open_stream
from .frames import FrameReader, FrameWriter, MessageTooBig, decode
from .http import HttpClient, Upgrade, connect_error
from .stream import Stream

_MOST_HEAD = 64 * 1024
_MOST_LINE = 8 * 1024
_MOST_LINES = 128

_BODY_SHOWN = 200
_BODY_PATIENCE = 1.0

_PART_OF_THE_UPGRADE = frozenset({"host", "cookie", "connection", "upgrade", "accept"})


class WebSocketTransport(Transport):
    """One websocket.

    Args:
        http: knows the headers, cookies and certificates of the connection.
        max_message_size: bytes that a received message may have.
        framing: not needed: a websocket keeps messages apart by itself.
    """

    name = "websocket"

    def __init__(self, http: HttpClient, max_message_size: int, framing: Framing | None = None) -> None:
        self._http = http
        self._stream = Stream()
        self._ws = _WebSocket(max_message_size)
        self._writer = FrameWriter(self._stream)
        self._reader = FrameReader(self._stream, max_message_size, self._writer)
        self._is_inside = False  # a message that websocket-client has begun to read it also ends

    def open(self, url: str, deadline: float) -> None:
        """Connect, and ask for the upgrade; see ``Transport.open``."""
        upgrade = self._http.upgrade(url)
        try:
            open_stream(self._stream, upgrade, deadline, tunnel=True)
        except (OSError, HTTPException) as error:
            raise connect_error(url, error) from error
        self._upgrade(upgrade, deadline)

    def recv(self) -> list[Frame]:
        """Return the messages that are there, at least one; see ``Transport.recv``."""
        try:
            return (not self._is_inside and self._reader.messages()) or self._recv_other()
        except (TimeoutError, websocket.WebSocketTimeoutException):
            return []  # woken; what was read of a frame is kept
        except MessageTooBig as error:
            self._say_goodbye(1009)
            raise ConnectionLost(f"message too big: {error}") from error
        except (websocket.WebSocketProtocolException, websocket.WebSocketPayloadException, UnicodeDecodeError) as error:
            self._say_goodbye(1007 if isinstance(error, UnicodeDecodeError) else 1002)
            raise ConnectionLost(f"protocol error: {error}") from error
        except (OSError, websocket.WebSocketException) as error:
            # 0.x servers end a websocket like this on purpose: without a close frame.
            raise ConnectionLost("transport closed") from error

    def _recv_other(self) -> list[Frame]:
        """Let websocket-client read the next message: one in pieces, of bytes, or between control frames."""
        self._is_inside = True
        opcode, frame = self._ws.recv_data_frame()
        self._is_inside = False
        if opcode == websocket.ABNF.OPCODE_TEXT:
            return [decode(frame.data)]
        if opcode == websocket.ABNF.OPCODE_BINARY:
            return [frame.data]
        raise ConnectionLost("transport closed")

    def recv_until(self, deadline: float) -> list[Frame]:
        """See ``Transport.recv_until``."""
        self._stream.patience = deadline
        try:
            return self.recv()
        finally:
            self._stream.patience = None

    def send(self, frames: Sequence[Frame]) -> None:
        """Write one message per frame; see ``Transport.send``."""
        if not self._ws.connected:
            raise ConnectionLost("transport closed")
        try:
            self._writer.write(frames)
        except OSError as error:
            raise ConnectionLost(f"transport closed: {error}") from error

    def wake(self) -> None:
        """See ``Transport.wake``."""
        self._stream.wake()

    def abort(self) -> None:
        """See ``Transport.abort``."""
        self._stream.abort()

    def close(self, timeout: float) -> None:
        """Send a close frame if the connection is up; see ``Transport.close``."""
        if self._ws.connected:
            if self._stream.has_room():
                self._say_goodbye(1000)
            self._stream.drain(time.monotonic() + timeout)
        self._stream.close()

    def _say_goodbye(self, status: int) -> None:
        with suppress(OSError, websocket.WebSocketException):
            self._ws.send_close(status)

    def _upgrade(self, upgrade: Upgrade, deadline: float) -> None:
        answer = _AnswerReader(self._stream, deadline)
        headers = {name.lower(): value for name, value in upgrade.headers.items()}
        try:
            self._ws.connect(  # type: ignore[no-untyped-call]
                f"ws://{secrets.token_hex(16)}{upgrade.path}",
                socket=answer,
                host=headers.get("host", upgrade.origin),
                cookie=headers.get("cookie"),
                header=[f"{k}: {v}" for k, v in upgrade.headers.items() if k.lower() not in _PART_OF_THE_UPGRADE],
                suppress_origin=True,
                redirect_limit=0,
            )
        except (OSError, websocket.WebSocketException, ValueError) as error:
            raise _upgrade_error(error) from error
        self._ws.sock = self._reader  # type: ignore[assignment]  # all that the library asks of a socket


class _WebSocket(websocket.WebSocket):
    """A websocket that refuses what is too large, or no frame of a server's, before it reads it."""

    def __init__(self, limit: int) -> None:
        super().__init__(skip_utf8_validation=True)
        self.cont_frame = websocket.continuous_frame(False, True)
        self.frame_buffer = _BoundedFrames(self._recv, self.cont_frame, limit)

    def pong(self, payload: str | bytes = "") -> None:
        """Answer a ping; a time-out in this is the end, while one in reading is a wake."""
        try:
            super().pong(payload)
        except websocket.WebSocketTimeoutException as error:
            raise websocket.WebSocketConnectionClosedException(str(error)) from error


class _BoundedFrames(websocket.frame_buffer):
    """Checks a frame's header; its length counts together with those of the fragments before it."""

    def __init__(self, recv: Any, fragments: Any, limit: int) -> None:
        super().__init__(recv, True)
        self._fragments, self._limit = fragments, limit

    def recv_header(self) -> None:
        """Read a frame's first two bytes."""
        super().recv_header()
        assert self.header is not None
        _, rsv1, rsv2, rsv3, opcode, masked, _ = self.header
        if rsv1 or rsv2 or rsv3 or masked or opcode not in websocket.ABNF.OPCODES:
            raise websocket.WebSocketProtocolException("a frame with reserved bits, a mask or an unknown opcode")

    def recv_length(self) -> None:
        """Read a frame's length."""
        super().recv_length()
        assert self.header is not None
        is_control = self.header[4] >= websocket.ABNF.OPCODE_CLOSE
        before = 0 if is_control or not self._fragments.cont_data else len(self._fragments.cont_data[1])
        if before + (self.length or 0) > self._limit:
            size = before + (self.length or 0)
            raise MessageTooBig(f"{size} bytes, the limit is {self._limit}: see max_message_size=")


class _AnswerReader:
    """The socket that websocket-client sees during the upgrade.

    It reads the server's answer as a whole, bounded in size and time, and hands on what the library may see of it.
    """

    def __init__(self, stream: Stream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline
        self._head: bytes | None = None

    def send(self, data: bytes) -> int:
        # The library writes UTF-8, but headers are latin-1, as on the handshake.
        rest = data.decode("utf-8").encode("latin-1")
        while rest:
            rest = rest[self._stream.send(rest) :]
        return len(data)

    def recv(self, size: int) -> bytes:
        if self._head is None:
            self._head = self._read_head()
        # It asks for single bytes until one is a line break; what is before one it takes in one piece as well.
        line, _, _ = self._head.partition(b"\n")
        size = len(line) or 1
        data, self._head = self._head[:size], self._head[size:]
        return data

    def gettimeout(self) -> None:
        return None

    def close(self) -> None:
        """Leave that to the transport."""

    def _read_head(self) -> bytes:
        head, rest = b"", b""
        while b"\r\n\r\n" not in head:
            if len(head) > _MOST_HEAD:
                raise ConnectError("the answer to the upgrade is too large", retryable=False)
            chunk = self._stream.recv_until(self._deadline)
            if not chunk:
                raise ConnectionResetError("the server closed the connection")
            head += chunk
        head, _, rest = head.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        if len(lines) > _MOST_LINES or max(map(len, lines)) > _MOST_LINE:
            raise ConnectError("the headers of the answer to the upgrade are too large", retryable=False)
        # Checked here, as the library's older versions take a redirect, and much else, for a success.
        version, _, status = lines[0].partition(" ")
        if not version.startswith("HTTP/") or not status[:3].isdigit() or not status[:3].isascii():
            raise OSError(f"instead of an answer came {lines[0][:200]!r}")
        if status[:3] != "101":
            where = next((line[9:].strip() for line in lines if line.lower().startswith("location:")), None)
            target = redirect_target(int(status[:3]), where)
            raise _rejected(int(status[:3]), target or self._read_body(rest).decode("utf-8", "replace"))
        self._stream.unread(rest)
        kept = [line for line in lines if not line.lower().startswith("set-cookie:")]
        return "\r\n".join([*kept, "", ""]).encode("utf-8")

    def _read_body(self, beginning: bytes) -> bytes:
        """Return what a refusal says first; it may come a little later than its head."""
        deadline = min(self._deadline, time.monotonic() + _BODY_PATIENCE)
        with suppress(OSError):
            while len(beginning) < _BODY_SHOWN and (chunk := self._stream.recv_until(deadline)):
                beginning += chunk
        return beginning[:_BODY_SHOWN]


def _rejected(status: int, body: str) -> HandshakeRejected:
    return HandshakeRejected(
        f"the server refused the websocket with status {status}, {body!r}", status=status, body=body
    )


def _upgrade_error(error: Exception) -> ConnectError:
    if isinstance(error, ConnectError):
        return error
    if isinstance(error, (TimeoutError, websocket.WebSocketTimeoutException)):
        return ConnectError("the server did not answer the upgrade to a websocket in time")
    return ConnectError(
        f"the server did not accept the websocket ({error}): old servers say so by closing the connection, when the "
        "Origin is not one of theirs (see headers=), the transport is disabled, or a proxy breaks upgrades"
    )
