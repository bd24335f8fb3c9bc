"""The tasks of one connection, within the group of the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import anyio

from .wakeups import Broadcast


class Group(Protocol):
    """Where tasks live: a task group of anyio, or a nursery of trio."""

    @property
    def start_soon(self) -> Callable[..., Any]: ...


class Living:
    """A main task, and others that it outlives: what a task group of anyio is, in a fifth of its memory.

    Args:
        fail: is told of exceptions, which are errors of our own.
        at_end: is called when all have ended.

    Attributes:
        is_on: whether the main task lives, so that others may begin.
    """

    __slots__ = ("_at_end", "_count", "_ended", "_fail", "_group", "_is_cancelled", "_scopes", "is_on")

    def __init__(self, fail: Callable[[Exception], None], at_end: Callable[[], None]) -> None:
        self._fail, self._at_end, self._scopes, self._ended = fail, at_end, list[anyio.CancelScope](), Broadcast()
        self._group: Group | None = None
        self._count, self.is_on, self._is_cancelled = 0, False, False

    def start(self, task: Callable[..., Any], *args: Any) -> None:
        """Begin another task."""
        assert self._group is not None, "there is a main task"
        self._count += 1
        self._group.start_soon(self._live, task, *args)

    def cancel(self) -> None:
        """Cancel all tasks but the main one."""
        self._is_cancelled = True
        for scope in list(self._scopes):
            scope.cancel()

    async def run(self, group: Group, task: Callable[[], Any], holder: Any = None) -> None:
        """Be the main task: run ``task``, and wait for the end of the others; if this is cancelled, they are, too.

        Args:
            group: where the others live.
            task: a coroutine function.
            holder: is kept alive until then.
        """
        self._group, self.is_on = group, True
        try:
            try:
                await task()
            except Exception as error:
                self._fail(error)
            await self._end_of_others()
        finally:
            try:
                if self._count:  # this is cancelled
                    self.cancel()
                    with anyio.CancelScope(shield=True):
                        await self._end_of_others()
            finally:
                self.is_on = False
                self._at_end()

    async def _live(self, task: Callable[..., Any], *args: Any) -> None:
        with anyio.CancelScope() as scope:
            if self._is_cancelled:
                scope.cancel()
            self._scopes.append(scope)
            try:
                await task(*args)
            except Exception as error:
                self._fail(error)
            finally:
                self._scopes.remove(scope)
                self._count -= 1
                self._ended.wake()

    async def _end_of_others(self) -> None:
        await self._ended.until(lambda: not self._count)
