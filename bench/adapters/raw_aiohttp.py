"""aiohttp's websocket alone: frames are compared and written as they are, without JSON."""

from __future__ import annotations

import aiohttp

from . import raw_websockets


class Client(raw_websockets.Client):
    module, entry = "aiohttp", "ClientSession"

    async def connect(self) -> None:
        self.session = aiohttp.ClientSession()
        self.ws = await self.session.ws_connect(self.url, max_msg_size=0)
        self.write = self.ws.send_str

    async def listen(self) -> None:
        async for message in self.ws:
            self.heard(message.data)

    async def close(self) -> None:
        self.task.cancel()
        await self.ws.close()
        await self.session.close()
