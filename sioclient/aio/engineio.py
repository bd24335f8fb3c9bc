"""EngineIO of the async front."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from typing import Any

from ..fronts.enginebase import EngineBase
from ..protocol.notices import Notice
from .connection import Connection, wait_for_end
from .living import Group
from .steps import begin_steps


class EngineIO(EngineBase[Coroutine[Any, Any, None]]):
    """A client of one Engine.IO server at a time, for programs of trio and asyncio; see ``sioclient.EngineIO``.

    ::

        e = EngineIO()

        @e.on("message")
        async def show(data):
            print(data)

        async with anyio.create_task_group() as group:  # or trio.open_nursery()
            await e.connect(group, "http://localhost:3000")
            await e.send("hello")
            await e.disconnect()
    """

    awaits = True
    _connection: Connection | None = None
    _connect_to = Connection

    async def connect(self, group: Group, url: str, port: int | None = None) -> None:
        """Connect, and return when that is done; after an end or a failure, again.

        Args:
            group: where the tasks of the connection live: a task group of anyio, or a nursery of trio.
            url, port: where the server is, as in ``sioclient.EngineIO``.

        Raises:
            ConnectError: no connection; HandshakeRejected says that the server refused it.
            LocalProtocolError: there is a connection already.
        """
        await self._compose(url, port).open(group, self)

    async def disconnect(self) -> None:
        """End the connection, for good unless ``connect`` is called again."""
        if self._connection is not None:
            await self._connection.disconnect()

    async def wait(self, seconds: float | None = None) -> str | None:
        """Wait until the connection has ended and there is no other, or so many seconds; return who ended it."""
        return await wait_for_end(self._linked, seconds)

    def deliver(self, notice: Notice) -> Awaitable[None] | None:
        """Log what happened, and run the user's functions for it; return what is to be awaited, if anything."""
        return begin_steps(self._delivering(notice))
