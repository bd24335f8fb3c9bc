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
from itertools import chain, repeat
from typing import Any

import websocket

from ..errors import ConnectError, RemoteProtocolError
from ..protocol.framing import PING_MARK, Frame, Pong
from .exchange import read_head
from .failures import TooLarge, close_error, upgrade_error
from .frames import MOST_PIECES, decode
from .framestream import FrameReader, FrameWriter
from .http1 import Head, Request
from .stream import Stream
from .upgrade import PATIENCE, is_enough, refusal

_PING, _PONG = websocket.ABNF.OPCODE_PING, websocket.ABNF.OPCODE_PONG
_PING_OR_PONG = frozenset({_PING, _PONG})

_OURS = frozenset({"host", "cookie", "connection"})
"""Headers of the upgrade that are not passed on as the user's."""

_FOR_THE_LIBRARY = ("Upgrade", "Connection", "Sec-WebSocket-Accept")
"""Headers of the response that websocket-client checks; it need not see the others."""


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
            if isinstance(error, websocket.WebSocketTimeoutException):
                error = TimeoutError(str(error))
            raise upgrade_error(error, request.url) from error
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
        if self._frames > MOST_PIECES:
            raise TooLarge(f"more than {MOST_PIECES} frames for one message")

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
        self.recv: Callable[[int], bytes] = self._recv

    def send(self, data: bytes) -> int:
        # The library writes UTF-8, but headers are latin-1, as on the handshake.
        self._stream.sendall(data.decode("utf-8").encode("latin-1"))
        return len(data)

    def _recv(self, size: int) -> bytes:
        # It asks for single bytes until one is a line break; what is before one it takes in one piece as well. So each
        # time it gets the next piece, by a call of C, for which the size is a default that ``next`` never needs.
        pieces = chain(re.findall(rb"\n|[^\n]+", self._read_head()), repeat(b""))
        next_piece: Callable[[int], bytes] = partial(next, pieces)
        self.recv = next_piece
        return next_piece(size)

    def close(self) -> None:
        """Leave that to the transport."""

    def _read_head(self) -> bytes:
        head = read_head(self._stream, self._deadline)
        # Checked here, as the library's older versions take a redirect, and much else, for a success.
        if head.status != 101:
            raise refusal(head, self._beginning(head))
        lines = ["HTTP/1.1 101 Switching Protocols"]
        for name in _FOR_THE_LIBRARY:
            for value in head.headers.get(name.lower(), ()):
                lines.append(f"{name}: {value}")
        return "\r\n".join([*lines, "", ""]).encode("utf-8")

    def _beginning(self, head: Head) -> bytes:
        """Return what a refusal says first; it may come a little later than its head."""
        deadline = min(self._deadline, time.monotonic() + PATIENCE)
        data = b""
        with suppress(OSError):
            while not is_enough(head, data) and (part := self._stream.recv_until(deadline)):
                data += part
        return data


def _write_pong(writer: FrameWriter, data: bytes) -> None:
    _write(writer, websocket.ABNF.create_frame(data, websocket.ABNF.OPCODE_PONG).format())


def _write(writer: FrameWriter, frame: bytes) -> None:
    """Write a control frame while reading, where a time-out would be taken for a wake."""
    try:
        writer.write_control(frame)
    except TimeoutError as error:
        raise ConnectionResetError(str(error)) from error
