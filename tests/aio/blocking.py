"""The async front with verbs that wait, so that one contract test serves both fronts.

A loop of asyncio or trio runs in a thread of its own; each verb is awaited there while the test waits here. Functions
that tests register run in the loop, so they must be plain and must not use these verbs themselves.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import anyio
from anyio.abc import TaskGroup
from anyio.from_thread import BlockingPortal, start_blocking_portal

from sioclient import aio

_WRAPPED = (aio.Channel, aio.EngineIO)


class Loop:
    """A loop in a thread, and a task group in it in which connections live."""

    def __init__(self, portal: BlockingPortal, group: TaskGroup) -> None:
        self._portal, self._group = portal, group

    def socket(self, *args: Any, auto_connect: bool = True, **options: Any) -> Waiting:
        """Make a SocketIO as the threaded front does: it is connected at once."""
        made = Waiting(self, aio.SocketIO(*args, **options))
        if auto_connect:
            made.open()
        return made

    def engine(self, **options: Any) -> Waiting:
        """Make an EngineIO."""
        return Waiting(self, aio.EngineIO(**options))

    def call(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Call a function in the loop, and await what it returns if that can be awaited."""
        of, name = getattr(function, "__self__", None), function.__name__
        if (type(of), name) in ((aio.SocketIO, "open"), (aio.EngineIO, "connect")):
            args = (self._group, *args)

        async def run() -> Any:
            outcome = function(*args, **options)
            return self.wrapped(await outcome if inspect.isawaitable(outcome) else outcome)

        return self._portal.call(run)

    def wrapped(self, value: Any) -> Any:
        """Have what has verbs wait, too."""
        if isinstance(value, dict):
            return {name: self.wrapped(entry) for name, entry in value.items()}
        return Waiting(self, value) if isinstance(value, _WRAPPED) or hasattr(value, "__anext__") else value


class Waiting:
    """Stands for a SocketIO, a channel or an iterator of events."""

    def __init__(self, loop: Loop, of: Any) -> None:
        self._loop, self._of = loop, of

    def __getattr__(self, name: str) -> Any:
        if isinstance(getattr(type(self._of), name, None), property):
            return self._loop.call(getattr, self._of, name)
        found = getattr(self._of, name)
        return partial(self._loop.call, found) if inspect.ismethod(found) else found

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("_loop", "_of"):
            object.__setattr__(self, name, value)
        else:
            setattr(self._of, name, value)

    def __iter__(self) -> Waiting:
        return self

    def __next__(self) -> Any:
        try:
            return self._loop.call(self._of.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None

    def __enter__(self) -> Waiting:
        return self

    def __exit__(self, *error: object) -> None:
        self.disconnect()

    def __eq__(self, other: object) -> bool:
        return (other._of if isinstance(other, Waiting) else other) is self._of

    def __hash__(self) -> int:
        return hash(self._of)

    def __repr__(self) -> str:
        return repr(self._of)


@contextmanager
def loop_of(backend: str) -> Iterator[Loop]:
    """Run a loop until the end of the block."""

    async def host(*, task_status: Any) -> None:
        async with anyio.create_task_group() as group:
            task_status.started(group)
            await anyio.sleep_forever()

    with start_blocking_portal(backend) as portal:
        hosting, group = portal.start_task(host)
        try:
            yield Loop(portal, group)
        finally:
            hosting.cancel()
