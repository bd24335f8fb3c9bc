"""Frames over a websocket."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from ..errors import ConnectError, ConnectionLost
from ..protocol.framing import Frame, Framing
from .base import Transport
from .exchange import open_stream, upgrade
from .failures import connect_errors, connection_lost, read_loss, upgrade_error
from .framestream import FrameReader, FrameWriter
from .http import HttpClient
from .stream import Stream
from .wsclient import WsClient

_NORMAL = 1000

_FOR_A_BUSY_PEER = 4
"""How often the silence after which nothing more is expected a peer may take that still sends."""


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
        self._stream = Stream(http.traffic)
        self.hasten = self._stream.hasten  # type: ignore[method-assign]  # a call less
        self._reader = FrameReader(self._stream, max_message_size, http.traffic)
        self._writer = FrameWriter(self._stream)
        self._client = WsClient(self._reader, self._writer, max_message_size)
        self._is_up = False

    def open(self, url: str, deadline: float) -> None:
        """Connect, and ask for the upgrade; see ``Transport.open``."""
        request = self._http.prepare(url)
        with connect_errors(self.name, url):
            open_stream(self._stream, request, deadline, tunnel=True)
            try:
                upgrade(self._stream, request, deadline)
            except ConnectError:
                raise
            except Exception as error:
                raise upgrade_error(error, request.url) from error
        self._is_up, self.can_take = True, not request.secure  # nobody knows what TLS has before it is taken

    def recv(self) -> list[Frame]:
        """Return the messages that are there, at least one; see ``Transport.recv``."""
        if not self._is_up:
            raise ConnectionLost("transport closed")
        try:
            return (not self._client.is_inside and self._reader.messages()) or [self._client.recv()]
        except TimeoutError:
            return []  # woken; what was read of a frame is kept
        except Exception as error:
            raise self._loss(error) from error

    def recv_until(self, deadline: float) -> list[Frame]:
        """See ``Transport.recv_until``."""
        self._stream.patience = deadline
        try:
            return self.recv()
        finally:
            self._stream.patience = None

    def take(self, see_to: Callable[[list[Frame]], bool]) -> bool | None:
        """See ``Transport.take``."""
        return self._reader.take(see_to) if self.can_take and not self._client.is_inside else False

    def send(self, frames: Sequence[Frame]) -> None:
        """Write one message per frame; see ``Transport.send``."""
        if not self._is_up:
            raise ConnectionLost("transport closed")
        try:
            if not self._writer.write(frames):
                self.is_busy = True
        except Exception as error:
            raise connection_lost(error) from error

    def prepare(self, deadline: float) -> bool:
        """See ``Transport.prepare``."""
        return self.finish(deadline)

    def finish(self, deadline: float) -> bool:
        """Write what the server has not taken yet; see ``Transport.finish``."""
        try:
            self.is_busy = not self._writer.finish(deadline)
        except Exception as error:
            raise connection_lost(error) from error
        return not self.is_busy

    def leave(self) -> None:
        """Send a close frame; see ``Transport.leave``."""
        self._client.send_close(_NORMAL)

    def wake(self) -> None:
        """See ``Transport.wake``."""
        self._stream.wake()

    def abort(self) -> None:
        """See ``Transport.abort``."""
        self._stream.abort()

    def close(self, timeout: float) -> None:
        """Send a close frame if the connection is up; see ``Transport.close``."""
        if self._is_up:
            if self._stream.has_room():
                self._client.send_close(_NORMAL)
            drain(self._stream, timeout)
        self._stream.close()

    def _loss(self, error: Exception) -> ConnectionLost:
        """Return the ConnectionLost for what reading raised, and tell the server if it is to blame."""
        self._is_up = False
        loss, code = read_loss(error)
        if code is not None:
            self._client.send_close(code)
        return loss


def drain(stream: Stream, silence: float) -> None:
    """Read and forget until the peer ends a stream, or has sent nothing for so many seconds.

    A peer that goes on sending has ``_FOR_A_BUSY_PEER`` times as long in all: it may have much to write before it reads
    what was sent to it last, and closing while it writes resets the connection, which may lose that.
    """
    end = time.monotonic() + _FOR_A_BUSY_PEER * silence
    with suppress(OSError):
        while stream.recv_until(min(time.monotonic() + silence, end)) and time.monotonic() < end:
            pass
