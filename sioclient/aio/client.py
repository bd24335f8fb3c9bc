"""SocketIO of the async front: what a user constructs."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import TaskGroup

from ..errors import LocalProtocolError
from ..fronts.clientbase import ClientBase
from ..handler import Handler
from ..options import check_timeout
from .channel import Channel
from .connection import Connection, wait_for_end
from .living import Group

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from ..options import OptionsDict


class SocketIO(ClientBase[Channel, Coroutine[Any, Any, None]], Channel):
    """A connection to a Socket.IO server for programs of trio and asyncio, and the channel of its default endpoint.

    ::

        async with SocketIO("http://localhost:8000", handler=MyHandler()) as s:
            await s.emit("subscribe", "weather")
            await s.wait()

    It connects at the beginning of the block and is disconnected at its end. In programs that have a task group of
    their own, ``await s.open(task_group)`` and ``await s.disconnect()`` do the same.

    Args:
        host, port, handler, options: as in ``sioclient.SocketIO``. Methods of the handler may be coroutine functions.
    """

    _link: Connection
    _connect_to = Connection

    def __init__(
        self,
        host: str = "localhost",
        port: int | None = None,
        handler: Handler | None = None,
        **options: Unpack[OptionsDict],
    ) -> None:
        self._group: Group | None = None
        self._own_group: TaskGroup | None = None
        connection, joined = self._begin(host, port, options)
        super().__init__(connection, "", handler, None, self._all, joined)

    async def open(self, group: Group | None = None, wait: bool = True) -> None:  # type: ignore[override]
        """Connect, and again after an end or a failure; see the threaded ``SocketIO.open``.

        Args:
            group: where the tasks of the connection live: a task group of anyio, or a nursery of trio; None: that of
                before, or of the ``async with`` block.
            wait: whether to wait until the server has joined us.

        Raises:
            ConnectError: no connection; HandshakeRejected and WrongRevision say more.
            LocalProtocolError: there is no task group.
        """
        self._group = group or self._group
        if self._group is None:
            raise LocalProtocolError("tasks need a task group: use async with, or call open(task_group)")
        link = self._compose(self._link) if self._link.has_ended else self._link
        await link.open(self._group, self, wait)

    async def connect(
        self,
        endpoint: str,
        handler: Handler | None = None,
        query: str | Mapping[str, Any] | None = None,
        timeout: float | None = 10,
        auth: Any = None,
    ) -> Channel:
        """Connect to an endpoint and return its channel: ``channel`` and ``open`` in one; works in a handler too.

        The arguments are those of ``sioclient.SocketIO.connect``.
        """
        check_timeout(timeout)
        channel, is_new = self._to_connect(endpoint, handler, query, auth)
        try:
            await channel.open(timeout)
        except BaseException:
            if is_new:
                self._all.forget(channel)
            raise
        return channel

    async def wait(self, seconds: float | None = None) -> str | None:
        """Wait until the connection has ended and nobody has opened it again; see the threaded ``SocketIO.wait``."""
        return await wait_for_end(lambda: self._link, seconds)

    def _make_channel(self, endpoint: str) -> Channel:
        return Channel(self._link, endpoint, None, self, self._all)

    async def __aenter__(self) -> Self:
        """Connect, and return the SocketIO itself; it is disconnected at the end of the block."""
        self._own_group = anyio.create_task_group()
        await self._own_group.__aenter__()
        try:
            await self.open(self._own_group)
        except BaseException:
            await self._leave_group()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await self.disconnect()
        finally:
            await self._leave_group()

    async def _leave_group(self) -> None:
        """Wait for the end of all tasks; what the block raised is not theirs, so it is not in a group."""
        group, self._own_group, self._group = self._own_group, None, None
        if group is not None:
            self._link.cancel()
            await group.__aexit__(None, None, None)
