"""Uploads: the bodies of requests that are not complete yet; their bytes are bounded over all clients."""

from __future__ import annotations

import asyncio

SMALL = 2**16
"""Bytes of a body that never wait, so that a few slow uploads do not hold up what others post."""

MOST_HELD = 2**24
"""Bytes of the larger bodies together from which on only the oldest of them is read."""


class Uploads:
    """Says whose body is read on; each upload is an object that stands for one request.

    Attributes:
        held: bytes of the bodies that are larger than ``SMALL``.
    """

    def __init__(self) -> None:
        self.held = 0
        self._large: dict[object, int] = {}  # the oldest first
        self._waiting: list[asyncio.Future[None]] = []

    async def grow(self, upload: object, size: int) -> None:
        """Wait until more of a body may be read that has ``size`` bytes by now.

        The oldest is always read on, so that in any case one ends: it is complete, or its time is over.
        """
        if size <= SMALL:
            return
        self.held += size - self._large.get(upload, 0)
        self._large[upload] = size
        while self.held > MOST_HELD and upload in self._large and next(iter(self._large)) is not upload:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter

    def forget(self, upload: object) -> None:
        """A request is over, or its body is held elsewhere."""
        self.held -= self._large.pop(upload, 0)
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)
