"""What wakes tasks: one that has its own flag, or all that wait for a change."""

from __future__ import annotations

import anyio


class Flag:
    """Wakes one task, now or the next time that it waits."""

    def __init__(self) -> None:
        self._is_set = False
        self._event: anyio.Event | None = None

    def set(self) -> None:
        """Make ``wait`` return."""
        self._is_set = True
        if self._event is not None:
            self._event.set()

    async def wait(self) -> None:
        """Return when the flag was set since the last time."""
        while not self._is_set:
            self._event = anyio.Event()
            try:
                await self._event.wait()
            finally:
                self._event = None
        self._is_set = False


class Broadcast:
    """Wakes all tasks that wait for a change."""

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
