"""Reading from one client without keeping the event loop from the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

MOST_TIME = 0.002
"""Seconds of reading after which others have their turn."""

Read = Callable[..., Awaitable[bytes]]


def fair(read: Read, pause: Callable[[], Awaitable[None] | None] = lambda: None) -> Read:
    """Return a way to read that lets others have their turn while a client sends faster than is read.

    Tornado's reads return at once what is there, and take what has come meanwhile, so whoever awaits them does not give
    the loop away: with Tornado 6.5, a client that sent pings or tiny messages without a pause had it alone. Tornado 6.6
    gives it away now and then.

    Args:
        read: how to read.
        pause: returns what to wait for before that, if anything.
    """
    since, waited = time.monotonic(), False

    def read_fairly(count: int, partial: bool = False) -> Awaitable[bytes]:
        nonlocal since, waited
        paused, now = pause(), time.monotonic()
        if waited:  # others had their turn while the network was waited for
            since, waited = now, False
        if paused is None and now - since <= MOST_TIME:
            return begin(count, partial)
        return read_later(paused, count, partial)

    def begin(count: int, partial: bool) -> Awaitable[bytes]:
        nonlocal waited
        reading = read(count, partial)
        waited = isinstance(reading, asyncio.Future) and not reading.done()
        return reading

    async def read_later(paused: Awaitable[None] | None, count: int, partial: bool) -> bytes:
        nonlocal since
        if paused is not None:
            await paused
        if time.monotonic() - since > MOST_TIME:
            await asyncio.sleep(0)
            since = time.monotonic()
        return await begin(count, partial)

    return read_fairly
