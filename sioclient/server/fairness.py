"""Reading from one client, ahead of what is asked for, without keeping the event loop from the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

MOST_TIME = 0.002
"""Seconds of reading after which others have their turn."""

READ_AHEAD = 2**16
"""Bytes to read at a time: as many as Tornado takes from the network in one call of the system."""

Read = Callable[[int, bool], Awaitable[bytes]]


class FairReader:
    """Reads from a stream: what has come at once, and in turns with others if that is much.

    Tornado asks for each frame in three or four parts. A part that is here already needs no read of the stream, and a
    stream that was read empty stays registered with the system: for each part that waited in its own buffer, Tornado
    would take it from there and add it again.

    Tornado's reads return at once what is there, and take what has come meanwhile, so whoever awaits them does not give
    the loop away: with Tornado 6.5, a client that sent pings or tiny messages without a pause had it alone. Tornado 6.6
    gives it away now and then.

    Args:
        read: reads so many bytes of the stream; with True, what is there of them.
        pause: returns what to wait for before anything is handed out, if anything.
    """

    def __init__(self, read: Read, pause: Callable[[], Awaitable[None] | None] = lambda: None) -> None:
        self._read, self._pause = read, pause
        self._chunk, self._taken = b"", 0
        self._since, self._has_waited = time.monotonic(), False

    def read_bytes(self, count: int) -> Awaitable[bytes]:
        """Return so many bytes, to be awaited."""
        paused, now = self._pause(), time.monotonic()
        if self._has_waited:  # others had their turn while the network was waited for
            self._since, self._has_waited = now, False
        if paused is not None or now - self._since > MOST_TIME:
            return self._read_later(paused, count)
        end = self._taken + count
        if end > len(self._chunk):
            return self._read_on(count)
        part = asyncio.get_running_loop().create_future()
        part.set_result(self._chunk[self._taken : end])
        self._taken = end
        return part

    async def _read_later(self, paused: Awaitable[None] | None, count: int) -> bytes:
        if paused is not None:
            await paused
        if time.monotonic() - self._since > MOST_TIME:
            await asyncio.sleep(0)
            self._since = time.monotonic()
        return await self._read_on(count)

    async def _read_on(self, count: int) -> bytes:
        data, self._chunk = self._chunk[self._taken :], b""
        if 0 < count - len(data) < READ_AHEAD:
            data += await self._begin(READ_AHEAD, True)
        missing = count - len(data)
        if missing > 0:  # a client may send byte by byte: Tornado collects them, and hands out no byte twice
            data += await self._begin(missing, False)
        if len(data) > count:
            self._chunk, self._taken = data, count
        return data[:count]

    def _begin(self, count: int, partial: bool) -> Awaitable[bytes]:
        reading = self._read(count, partial)
        self._has_waited = isinstance(reading, asyncio.Future) and not reading.done()
        return reading
