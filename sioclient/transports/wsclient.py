"""Everything that bends websocket-client: no other module imports it, and none depends on how it is made.

It reads the frames that ``frames`` leaves: messages of bytes or in pieces, and close frames. It is made when the first
of them comes: most connections never need it. What it is not left to do, and why:

* Most frames, either way: ``frames`` is several times as fast.
* Connecting, TLS and the upgrade: the library reads the head of the response byte by byte without any limit, would take
  Authorization and Cookie along to another origin, and has one cookie jar for the whole process. ``stream``,
  ``exchange`` and ``upgrade`` do it.
* Pings between messages: ``frames`` reads as many as there are at once, and a pong is sent for the last.
* Pings of our own, and pongs that nobody asked for: socket.io 0.8 and 0.9 reply to them with bytes that are no frame,
  or close.
* Checking UTF-8: it does so in Python, at 100 ms a MiB; decoding checks it too.
* Joining pieces: it copies everything that came before for each of them. 15 MB and then 20,000 pieces of one byte took
  21.7 s.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import websocket

from ..errors import RemoteProtocolError
from ..protocol.framing import PING_MARK, Frame, Pong
from .failures import TooLarge, close_error
from .frames import MOST_PIECES, control_frame, decode
from .framestream import FrameReader, FrameWriter

_CLOSE, _PING, _PONG = websocket.ABNF.OPCODE_CLOSE, websocket.ABNF.OPCODE_PING, websocket.ABNF.OPCODE_PONG
_PING_OR_PONG = frozenset({_PING, _PONG})


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
        self._reader, self._writer, self._limit = reader, writer, limit
        reader.pong = partial(_write_pong, writer)
        self._made: _WebSocket | None = None

    def recv(self) -> Frame:
        """Read the next message, or pong to a ping of ours.

        Raises:
            TimeoutError: the stream was woken; what was read of a message is kept.
            RemoteProtocolError, UnicodeDecodeError, TooLarge: what came is none.
            OSError: the connection ended, or the server sent a close frame, to which it has the reply.
        """
        self.is_inside, opcode = True, _PING
        library = self._made = self._made or _WebSocket(self._reader, self._writer, self._limit)
        try:
            while opcode in _PING_OR_PONG:  # the library has sent the pong to a ping
                opcode, frame = library.recv_data_frame(control_frame=True)
                if opcode == _PONG and bytes(frame.data).startswith(PING_MARK):
                    self.is_inside = library.is_inside
                    return Pong(frame.data)
        except websocket.WebSocketTimeoutException as error:
            raise TimeoutError(str(error)) from error
        except (websocket.WebSocketProtocolException, websocket.WebSocketPayloadException) as error:
            raise RemoteProtocolError(str(error)) from error
        except websocket.WebSocketException as error:
            raise ConnectionResetError(str(error)) from error
        self.is_inside = False
        self._reader.reply()
        if opcode == _CLOSE:
            raise close_error(bytes(frame.data))
        return decode(frame.data) if opcode == websocket.ABNF.OPCODE_TEXT else bytes(frame.data)

    def send_close(self, status: int) -> None:
        """Send a close frame, if it can be sent."""
        with suppress(Exception):
            _write(self._writer, control_frame(_CLOSE, status.to_bytes(2, "big")))


class _WebSocket(websocket.WebSocket):
    """A websocket whose parts for reading are ours; the library has no other way to choose them."""

    def __init__(self, reader: FrameReader, writer: FrameWriter, limit: int) -> None:
        super().__init__(skip_utf8_validation=True)
        self.sock: Any = _FrameSocket(reader, writer)
        self._pinged: Callable[[bytes], None] = reader.pinged
        self.cont_frame = pieces = _Pieces(False, True)
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
    """What websocket-client takes for a socket."""

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


def _write_pong(writer: FrameWriter, data: bytes) -> None:
    _write(writer, control_frame(_PONG, data))


def _write(writer: FrameWriter, frame: bytes) -> None:
    """Write a control frame while reading, where a time-out would be taken for a wake."""
    try:
        writer.write_control(frame)
    except TimeoutError as error:
        raise ConnectionResetError(str(error)) from error
