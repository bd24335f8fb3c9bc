"""The async front on asyncio, as its users use it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import anyio

from sioclient.aio import SocketIO


class Client:
    module, entry, revision, backend = "sioclient.aio", "SocketIO", 5, "asyncio"
    event, sleep, group = anyio.Event, staticmethod(anyio.sleep), None

    @classmethod
    def run(cls, measured: Callable[..., Any]) -> Any:
        async def grouped() -> Any:
            async with anyio.create_task_group() as group:
                return await measured(group)

        return anyio.run(grouped, backend=cls.backend)

    def __init__(self, port: int, events: dict[str, Any]) -> None:
        self.socket = SocketIO("127.0.0.1", port, transports="websocket")
        for name, function in events.items():
            self.socket.on(name, function)
        self.emit, self.call, self.close = self.socket.emit, self.socket.call, self.socket.disconnect

    async def open(self) -> None:
        await self.socket.open(self.group)

    def prepared(self, name: str, *args: Any) -> Any:
        return partial(self.socket.emit, name, *args)
