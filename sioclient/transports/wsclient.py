"""Everything that bends websocket-client: no other module imports it, and none depends on how it is made.

It makes the upgrade and checks the response to it; it reads the frames that ``frames`` leaves: messages of bytes or in
pieces, and close frames; it makes pongs and close frames. What it is not left to do, and why:

* Most frames, either way: ``frames`` is several times as fast.
* Connecting and TLS: ``stream`` does, for the reasons given there.
* The head of the response: the library reads byte by byte without any limit. ``exchange`` reads it.
* Redirects: it would take Authorization and Cookie along to another origin.
* Cookies: it has one jar for the whole process. The URL that it sees has a host that nobody else has, so the jar never
  matches, and it does not see the server's cookies.
* Pings between messages: ``frames`` reads as many as there are at once, and a pong is sent for the last.
* Pings of our own, and pongs that nobody asked for: socket.io 0.8 and 0.9 reply to them with bytes that are no frame,
  or close.
* Checking UTF-8: it does so in Python, at 100 ms a MiB; decoding checks it too.
* Joining pieces: it copies everything that came before for each of them. 15 MB and then 20,000 pieces of one byte took
  21.7 s.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.client import HTTPResponse
from typing import Any

import websocket

from ..errors import ConnectError, HandshakeRejected, RemoteProtocolError, advice
from ..protocol.framing import PING_MARK, Frame, Pong
from .exchange import Request, read_head, redirect_target, retry_after
from .failures import ClosedWithCode, TooLarge, other_scheme
from .frames import decode
from .framestream import FrameReader, FrameWriter
from .stream import Stream

_MOST_PIECES = 2**16
"""Frames that a message may come in: the library takes 7 microseconds for each, so a limit in bytes is not enough."""

_BODY_SHOWN = 200
_BODY_PATIENCE = 1.0

_LAST_CHUNK = b"\r\n0\r\n\r\n"
_FIRST_CHUNK = re.compile(rb"[0-9A-Fa-f]+\r\n(.*?)(?:\r\n0\r\n\r\n)?\Z", re.DOTALL)
"""What a short refusal consists of whose length was not known when it began: engine.io without upgrades sends it so."""

_PING, _PONG = websocket.ABNF.OPCODE_PING, websocket.ABNF.OPCODE_PONG
_PING_OR_PONG = frozenset({_PING, _PONG})

_OURS = frozenset({"host", "cookie", "connection"})
"""Headers of the upgrade that are not passed on as the user's."""

_FOR_THE_LIBRARY = ("Upgrade", "Connection", "Sec-WebSocket-Accept")
"""Headers of the response that websocket-client checks; it need not see the others."""


_CODES = {
    1000: "normal",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1007: "not UTF-8",
    1008: "policy violation",
    1009: "message too big",
    1011: "internal error",
    1012: "restart",
    1013: "try again later",
}
"""What the close codes of a websocket mean: RFC 6455, 7.4.1, and the registry that it began."""


class WsClient:
    """websocket-client over a stream of ours.

    Args:
        reader: has the bytes of the frames that are left to the library.
        writer: writes its control frames.
        limit: bytes that a message may have.

    Attributes:
        is_inside: whether it has begun to read a message, so that it must also end it.
    """

    def __init__(self, reader: FrameReader, writer: FrameWriter, limit: int) -> None:
        self.is_inside = False
        self._reader = reader
        reader.pong = partial(_write_pong, writer)
        self._socket = _FrameSocket(reader, writer)
        self._ws = _WebSocket(reader.pinged, limit)

    def upgrade(self, stream: Stream, request: Request, deadline: float) -> None:
        """Ask for the upgrade over a stream that is connected, or raise ConnectError."""
        named, others = {}, []
        for name, value in request.headers.items():
            if name.lower() in _OURS:
                named[name.lower()] = value
            else:
                others.append(f"{name}: {value}")
        try:
            self._ws.connect(  # type: ignore[no-untyped-call]
                f"ws://{secrets.token_hex(16)}{request.path}",
                socket=_UpgradeSocket(stream, deadline),
                host=named.get("host", request.origin),
                cookie=named.get("cookie"),
                header=others,
                suppress_origin=True,
                redirect_limit=0,
            )
        except ConnectError:
            raise
        except Exception as error:
            raise _upgrade_error(error, request) from error
        self._ws.sock = self._socket  # type: ignore[assignment]  # all that the library asks of a socket

    def recv(self) -> Frame:
        """Read the next message, or pong to a ping of ours.

        Raises:
            TimeoutError: the stream was woken; what was read of a message is kept.
            RemoteProtocolError, UnicodeDecodeError, TooLarge: what came is none.
            OSError: the connection ended, or the server sent a close frame, to which it has the reply.
        """
        self.is_inside, opcode = True, _PING
        try:
            while opcode in _PING_OR_PONG:  # the library has sent the pong to a ping
                opcode, frame = self._ws.recv_data_frame(control_frame=True)
                if opcode == _PONG and bytes(frame.data).startswith(PING_MARK):
                    self.is_inside = self._ws.is_inside
                    return Pong(frame.data)
        except websocket.WebSocketTimeoutException as error:
            raise TimeoutError(str(error)) from error
        except (websocket.WebSocketProtocolException, websocket.WebSocketPayloadException) as error:
            raise RemoteProtocolError(str(error)) from error
        except websocket.WebSocketException as error:
            raise ConnectionResetError(str(error)) from error
        self.is_inside = False
        self._reader.reply()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise close_error(bytes(frame.data))
        return decode(frame.data) if opcode == websocket.ABNF.OPCODE_TEXT else bytes(frame.data)

    def send_close(self, status: int) -> None:
        """Send a close frame, if it can be sent."""
        with suppress(Exception):
            self._ws.send_close(status)


class _WebSocket(websocket.WebSocket):
    """A websocket whose parts for reading are ours; the library has no other way to choose them."""

    def __init__(self, pinged: Callable[[bytes], None], limit: int) -> None:
        super().__init__(skip_utf8_validation=True)
        self._pinged, pieces = pinged, _Pieces(False, True)
        self.cont_frame = pieces
        self.frame_buffer = _BoundedFrames(self._recv, pieces, limit)

    def pong(self, payload: str | bytes = b"") -> None:
        """Leave the pong to the reader, which sends one for all pings that came together."""
        self._pinged(bytes(payload))  # type: ignore[arg-type]  # the library has bytes

    @property
    def is_inside(self) -> bool:
        """Whether a message has begun that has not ended."""
        return self.cont_frame.cont_data is not None


class _Pieces(websocket.continuous_frame):
    """Joins the pieces of a message in a buffer that grows."""

    _frames = 0

    def add(self, frame: Any) -> None:
        """Take a piece, or a whole message."""
        if self.cont_data is None:
            self._frames = 0
            if not frame.fin:
                frame.data = bytearray(frame.data)
        super().add(frame)  # which adds to the first with +=

    def count(self) -> None:
        """Count a frame that comes within a message: a piece of it, a ping or a pong."""
        self._frames += 1
        if self._frames > _MOST_PIECES:
            raise TooLarge(f"more than {_MOST_PIECES} frames for one message")

    @property
    def size(self) -> int:
        """How many bytes there are of the message so far."""
        return len(self.cont_data[1]) if self.cont_data else 0


class _BoundedFrames(websocket.frame_buffer):
    """Checks a frame's header before the frame is read; its length counts together with those of the pieces before."""

    def __init__(self, recv: Any, pieces: _Pieces, limit: int) -> None:
        super().__init__(recv, True)
        self._pieces, self._limit = pieces, limit

    def recv_header(self) -> None:
        """Read a frame's first two bytes."""
        super().recv_header()
        self._pieces.count()
        assert self.header is not None
        _, rsv1, rsv2, rsv3, opcode, masked, _ = self.header
        if rsv1 or rsv2 or rsv3 or masked or opcode not in websocket.ABNF.OPCODES:
            raise websocket.WebSocketProtocolException("a frame with reserved bits, a mask or an unknown opcode")

    def recv_length(self) -> None:
        """Read a frame's length."""
        super().recv_length()
        assert self.header is not None
        is_control = self.header[4] >= websocket.ABNF.OPCODE_CLOSE
        size = (self.length or 0) + (0 if is_control else self._pieces.size)
        if size > self._limit:
            raise TooLarge(f"{size} bytes, the limit is {self._limit}")


class _FrameSocket:
    """What websocket-client takes for a socket once the websocket is open."""

    def __init__(self, reader: FrameReader, writer: FrameWriter) -> None:
        self._reader, self._writer = reader, writer

    def recv(self, size: int) -> bytes:
        return self._reader.read(size)

    def send(self, data: bytes) -> int:
        _write(self._writer, data)
        return len(data)

    def gettimeout(self) -> None:
        """Return that waiting has no limit here: whoever waits is woken or aborted."""

    def close(self) -> None:
        """Leave that to the transport."""


class _UpgradeSocket:
    """What websocket-client takes for a socket during the upgrade."""

    gettimeout = object
    """Asked before every read; a call of C returns what is not 0: the deadline is known to ``read_head``."""

    def __init__(self, stream: Stream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline
        self._head: bytes | None = None

    def send(self, data: bytes) -> int:
        # The library writes UTF-8, but headers are latin-1, as on the handshake.
        self._stream.sendall(data.decode("utf-8").encode("latin-1"))
        return len(data)

    def recv(self, size: int) -> bytes:
        if self._head is None:
            self._head = self._read_head()
        # It asks for single bytes until one is a line break; what is before one it takes in one piece as well.
        line, _, _ = self._head.partition(b"\n")
        size = len(line) or 1
        data, self._head = self._head[:size], self._head[size:]
        return data

    def close(self) -> None:
        """Leave that to the transport."""

    def _read_head(self) -> bytes:
        with read_head(self._stream, self._deadline) as response:
            # Checked here, as the library's older versions take a redirect, and much else, for a success.
            if response.status != 101:
                body = redirect_target(response) or self._beginning(response).decode("utf-8", "replace")
                raise HandshakeRejected(
                    f"the server refused the websocket with status {response.status}, {body!r}: "
                    f"{advice(response.status, body)}",
                    status=response.status,
                    body=body,
                    retry_after=retry_after(response.headers),
                )
        lines = [f"{name}: {value}" for name in _FOR_THE_LIBRARY for value in response.headers.get_all(name, [])]
        return "\r\n".join(["HTTP/1.1 101 Switching Protocols", *lines, "", ""]).encode("utf-8")

    def _beginning(self, response: HTTPResponse) -> bytes:
        """Return what a refusal says first; it may come a little later than its head."""
        deadline = min(self._deadline, time.monotonic() + _BODY_PATIENCE)
        size = _BODY_SHOWN if response.length is None else min(response.length, _BODY_SHOWN)
        data = b""
        with suppress(OSError):
            while len(data) < size and not (response.chunked and data.endswith(_LAST_CHUNK)):
                part = self._stream.recv_until(deadline)
                if not part:
                    break
                data += part
        chunk = _FIRST_CHUNK.match(data) if response.chunked else None
        return (chunk[1] if chunk else data)[:size]


def _write_pong(writer: FrameWriter, data: bytes) -> None:
    _write(writer, websocket.ABNF.create_frame(data, websocket.ABNF.OPCODE_PONG).format())


def _write(writer: FrameWriter, frame: bytes) -> None:
    """Write a control frame while reading, where a time-out would be taken for a wake."""
    try:
        writer.write_control(frame)
    except TimeoutError as error:
        raise ConnectionResetError(str(error)) from error


def close_error(data: bytes) -> OSError:
    """Return the error for a close frame with this payload: a code of two bytes and a reason, or nothing."""
    if len(data) < 2:
        return ConnectionResetError("the server sent a close frame")
    code, reason = int.from_bytes(data[:2], "big"), data[2:].decode("utf-8", "replace")
    meaning = f" ({_CODES[code]})" if code in _CODES else ""
    return ClosedWithCode(f"the server sent the close code {code}{meaning}" + (f", {reason!r}" if reason else ""))


def _upgrade_error(error: Exception, request: Request) -> ConnectError:
    scheme = "" if request.secure else f". If the port is for https, try {other_scheme(request.url)}"
    if isinstance(error, (TimeoutError, websocket.WebSocketTimeoutException)):
        return ConnectError(f"the server did not respond to the upgrade to a websocket in time{scheme}")
    if isinstance(error, TooLarge):
        return ConnectError(f"the websocket did not open: {error}", retryable=False)
    return ConnectError(
        f"the server did not accept the websocket ({error}): old servers say so by closing the connection, when the "
        f"Origin is not one of theirs (see headers=), the transport is disabled, or a proxy breaks upgrades{scheme}"
    )
