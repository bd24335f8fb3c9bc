"""A program for the async front."""

import logging
from typing import Any

import anyio

from sioclient import AckTimeout
from sioclient.aio import Channel, EngineIO, Handler, ServerInfo, SocketIO, detect, event


class Chat(Handler[Channel]):
    async def on_connect(self, socket: Channel) -> None:
        await self.emit("hello", socket.endpoint)
        value: Any = await self.call("sum", 1, 2, timeout=5)
        await self.send({"value": value})

    def on_disconnect(self) -> None:
        print("gone")

    @event("user joined")
    async def joined(self, name: str) -> None:
        print(name, self.socket.connected)


async def token() -> dict[str, str]:
    return {"token": "x"}


async def main() -> None:
    async with SocketIO("localhost", 8000, Chat(), auth=token, headers=token, retries=2, ack_timeout=5) as s:

        @s.on("news")
        async def news(topic: str) -> None:
            print(topic)

        s.once("news", print)
        await s.emit("subscribe", "weather", callback=news, timeout=3, volatile=False)
        await s.send("text", errback=print)
        try:
            print(await s.call("sum", 1, 2))
        except AckTimeout as error:
            print(error)
        chat: Channel = await s.connect("/chat", Chat(), query={"a": "b"}, auth={"token": "x"}, timeout=None)
        await chat.wait_for("news", timeout=1)
        async for name, args in chat.events("news", timeout=1):
            print(name.upper(), args[0])
        await chat.disconnect()
        ended: str | None = await s.wait(1)
        print(ended, s.stats.bytes_in, s.channels["/chat"].id)
    async with anyio.create_task_group() as group:
        later = SocketIO("localhost", transports="websocket")
        await later.open(group, wait=False)
        await later.close()
        e = EngineIO(logger=logging.getLogger("mine"))
        e.on("message", print)
        await e.connect(group, "http://localhost")
        await e.send(b"bytes")
        await e.disconnect()
    info: ServerInfo = await detect("localhost", 8000)
    print(info.family)
