"""Websocket frames in and out of a stream: what ``frames`` decodes and encodes is read and written here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from math import inf
from threading import RLock

from ..protocol.framing import Frame
from .base import Traffic
from .frames import FrameDecoder, FrameEncoder
from .stream import Stream, stalled

PATIENCE = 0.1
"""Seconds without room after which the thread that sends leaves the rest to another one."""

MOST_STALL = 60.0
"""Seconds without room after which the connection is lost, should no heartbeat have ended it before."""

_LEAST_READ, _MOST_READ = 2**14, 2**18


class FrameReader:
    """Reads messages, and the bytes of those that the decoder leaves to others. For one thread.

    However many pings came together, ``pong`` is called for the last of them, before more is waited for.

    Args:
        stream: the connection.
        limit: bytes that a message may have.
        traffic: where the stream counts what it receives.

    Attributes:
        pong: sends a pong with what a ping carries.
    """

    def __init__(self, stream: Stream, limit: int, traffic: Traffic) -> None:
        self._stream, self._limit, self._traffic, self._decoder = stream, limit, traffic, FrameDecoder(limit)
        self._taking: FrameDecoder | None = None  # for ``take``
        self._read_size = _LEAST_READ
        self.pong: Callable[[bytes], None] = lambda data: None

    def messages(self) -> list[Frame]:
        """Wait for messages and return them; none: the next one is for others, who ``read`` it.

        Raises:
            TimeoutError: the stream was woken; nothing is lost, call again.
            TooLarge, UnicodeDecodeError: the next message is too large, or is no text.
            OSError: the connection ended, or was aborted.
        """
        decoder = self._decoder
        messages = decoder.feed(b"") if decoder.has_rest else []
        while not messages and not decoder.is_foreign:
            if decoder.ping is not None:
                self.reply()
            if decoder.buffer is None:
                size, data = self._read_size, self._stream.recv(self._read_size)
                count = len(data)
                # Reading much at a time pays only where much comes: a large buffer costs time by itself.
                self._read_size = min(size * 4, _MOST_READ) if count == size else _LEAST_READ
                messages = decoder.feed(data) if count else []
            else:
                count = self._stream.recv_into(decoder.buffer)
                messages = decoder.filled(count)
            if not count:
                raise ConnectionResetError("the server closed the connection")
        if decoder.ping is not None:
            self.reply()
        return messages

    def take(self, see_to: Callable[[list[Frame]], bool]) -> bool | None:
        """Have something seen to the messages that have come; see ``Transport.take``."""
        received, data = self._traffic.received, self._stream.peek(_LEAST_READ)
        if data is None:
            return None
        if self._decoder.has_rest or self._decoder.buffer is not None:
            return False  # what has come begins in the middle of one
        decoder, self._taking = self._taking or FrameDecoder(self._limit), None
        try:
            messages = decoder.feed(data)
        except (OSError, ValueError):
            return False  # ``messages`` raises it
        if not messages or decoder.has_rest or decoder.ping is not None or not see_to(messages):
            return False
        self._stream.skip(len(data), received)
        self._taking = decoder
        return True

    def read(self, size: int) -> bytes:
        """Return at least one byte and at most so many, as ``Stream.recv`` does."""
        if not self._decoder.has_rest:
            self.reply()
            self._decoder.add(self._stream.recv(_LEAST_READ))
        return self._decoder.take(size)

    def pinged(self, data: bytes) -> None:
        """Have the next ``reply`` send a pong with ``data``."""
        self._decoder.ping = data

    def reply(self) -> None:
        """Send a pong if one is owed."""
        data, self._decoder.ping = self._decoder.ping, None
        if data is not None:
            self.pong(data)


class FrameWriter:
    """Writes messages for one thread at a time, and control frames for the reading one.

    The order of the locks: this one, which is held while a message is written, comes before that of the stream, which
    is held for each of its calls. Whoever has the stream's lock never calls a writer.

    Args:
        stream: the connection.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream, self._encoder = stream, FrameEncoder()
        self._lock = RLock()  # its release tells whose it is, which matters after Ctrl-C
        self._control: list[bytes] = []  # one frame at most, that waits for the end of a message
        self._blocks: Iterator[bytes] = iter(())
        self._rest: memoryview | None = None  # of a block, that could not be written yet
        self._moved_at = 0.0  # when some of it was

    def write(self, messages: Sequence[Frame]) -> bool:
        """Write messages of text and of bytes, in as few pieces as there can be.

        Returns:
            False if the peer takes nothing at the moment: ``finish`` writes the rest, before anything else is written.

        Raises:
            OSError: the connection broke, or was aborted.
        """
        stream = self._stream
        with self._lock:
            assert self._rest is None, "finish() comes first"
            blocks = iter(self._encoder.encode(messages))
            for block in blocks:
                sent = stream.send(block, PATIENCE)
                if sent < len(block):
                    self._blocks, self._rest, self._moved_at = blocks, memoryview(block)[sent:], time.monotonic()
                    if not sent or not self._write_rest(PATIENCE):
                        return False
        if self._control:
            self._write_control()
        return True

    def finish(self, deadline: float) -> bool:
        """Write what ``write`` has left, until ``deadline``; return whether it is written.

        Raises:
            TimeoutError: there was no room for ``MOST_STALL`` seconds.
            OSError: the connection broke, or was aborted.
        """
        with self._lock:
            is_written = self._write_rest(self._moved_at + MOST_STALL - time.monotonic(), deadline)
            if not is_written and time.monotonic() >= self._moved_at + MOST_STALL:
                raise stalled(MOST_STALL)
        if self._control:
            self._write_control()
        return is_written

    def write_control(self, frame: bytes) -> None:
        """Write a frame that is ready, or leave it to whoever is writing a message: it may not be in the middle of one.

        The next one takes the place of one that waits: who sends many pings is owed the last pong (RFC 6455, 5.5.3).
        """
        self._control[:] = [frame]
        self._write_control()

    def _write_control(self) -> None:
        # Whoever writes looks again after it let go of the lock, so nothing is forgotten; and within it, as another may
        # have been faster.
        while self._control and not self._lock._is_owned():  # type: ignore[attr-defined]
            try:
                if not self._lock.acquire(blocking=False) or self._rest is not None:
                    return
                while self._control:
                    self._stream.sendall(self._control.pop())
            finally:
                try:  # noqa: SIM105 - Ctrl-C may come after the call of suppress(), and before that of release()
                    self._lock.release()
                except RuntimeError:
                    pass  # it was not our turn

    def _write_rest(self, patience: float, deadline: float = inf) -> bool:
        """Write what is left, until ``deadline`` or until there was no room for ``patience`` seconds."""
        now = time.monotonic()
        while self._rest is not None:
            sent = self._stream.send(self._rest, max(min(patience, deadline - now), 0.0))
            now = time.monotonic()
            if sent:
                self._moved_at = now
                self._rest = self._rest[sent:] or memoryview(next(self._blocks, b"")) or None
            if not sent or now >= deadline:
                break
        return self._rest is None
