"""What wakes all tasks that wait for a change."""

from __future__ import annotations

import anyio


class Broadcast:
    """Wakes all tasks that wait for a change."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event: anyio.Event | None = None

    def wake(self) -> None:
        """Make every ``wait`` that goes on return."""
        if self._event is not None:
            self._event.set()
            self._event = None

    async def wait(self) -> None:
        """Return at the next change."""
        if self._event is None:
            self._event = anyio.Event()
        await self._event.wait()
