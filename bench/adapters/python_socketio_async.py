"""python-socketio's AsyncClient, on aiohttp."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import socketio


class Client:
    module, entry = "socketio", "AsyncClient"
    event, sleep = asyncio.Event, staticmethod(asyncio.sleep)

    def __init__(self, port: int, events: dict[str, Any]) -> None:
        self.url, self.socket = f"http://127.0.0.1:{port}", socketio.AsyncClient(reconnection=False)
        for name, function in events.items():
            self.socket.on(name, function)
        self.call, self.close = self.socket.call, self.socket.disconnect

    async def open(self) -> None:
        await self.socket.connect(self.url, transports=["websocket"], retry=False)

    async def emit(self, name: str, *args: Any) -> None:
        await self.socket.emit(name, args)

    def prepared(self, name: str, *args: Any) -> Any:
        return partial(self.socket.emit, name, args)
