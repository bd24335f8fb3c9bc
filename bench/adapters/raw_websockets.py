"""The library websockets alone, on asyncio: frames are compared and written as they are, without JSON."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count
from typing import Any

import websockets
from websockets.asyncio.client import connect


class Client:
    module, entry = "websockets", "connect"
    event, sleep = asyncio.Event, staticmethod(asyncio.sleep)

    def __init__(self, port: int, events: dict[str, Any]) -> None:
        self.url = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
        self.events = [(f'42["{name}"', function) for name, function in events.items()]
        self.ids, self.acked = count(1), asyncio.Event()

    async def open(self) -> None:
        await self.connect()
        await self.write("40")
        self.task = asyncio.create_task(self.listen())

    async def connect(self) -> None:
        self.ws = await connect(self.url, ping_interval=None, compression=None)
        self.write = self.ws.send

    async def listen(self) -> None:
        with suppress(websockets.ConnectionClosed):
            while True:
                self.heard(await self.ws.recv())

    def heard(self, frame: Any) -> None:
        if frame.startswith("43"):
            self.acked.set()
        for beginning, function in self.events:
            if frame.startswith(beginning):
                function()

    def frame(self, name: str, args: tuple[Any, ...] = (), id: str = "") -> str:
        """Return the frame of an event."""
        values = "".join(f',"{value}"' if isinstance(value, str) else f",{value}" for value in args)
        return f'42{id}["{name}"{values}]'

    async def emit(self, name: str, *args: Any) -> None:
        await self.write(self.frame(name, args))

    def prepared(self, name: str, *args: Any) -> Any:
        frame = self.frame(name, args)
        return lambda: self.write(frame)

    async def call(self, name: str) -> None:
        self.acked = asyncio.Event()
        await self.write(self.frame(name, (), str(next(self.ids))))
        await self.acked.wait()

    async def close(self) -> None:
        await self.ws.close()
        await self.task
