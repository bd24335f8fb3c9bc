"""Functions keep their types under the decorators, and with blocks give back what was made."""

from __future__ import annotations

from collections.abc import Callable

from sioclient import Channel, EngineIO, SocketIO, SocketIOError


class Chat(SocketIO):
    def say(self, text: str) -> None:
        self.emit("say", text)


with Chat("localhost", 8000, secure=False, transports=("websocket",)) as chat:
    chat.say("hello")

    @chat.on("sum")
    def add(a: int, b: int) -> int:
        return a + b

    @chat.once("hello")
    def greet(name: str) -> None:
        print(name)

    @chat.on_event("connect")
    def connected(times: int) -> str:
        return str(times)

    word: str = connected(1)
    registered: Callable[[int], str] = chat.on_event(7, connected)
    total: int = add(1, 2)
    kept: Callable[[str], None] = greet
    same: Callable[[int, int], int] = chat.on("plus", add)
    once: Callable[[str], None] = chat.once("hi", greet)
    chat.off("plus", same)

    chat.emit("say", "hello", retries=3, timeout=5)
    chat.send("hello", retries=3, timeout=0.5)
    room: Channel = chat.connect("/room", query={"a": 1}, timeout=5)
    lobby: Channel = chat.channel("/lobby", auth={"token": "x"})
    lobby.open(timeout=None)
    lobby.open(wait=False)
    lobby.close()
    chat.close()
    chat.open(wait=False)
    ended: bool = chat.ended
    by: str | None = chat.wait(1)
    print(ended, by)

    @chat.channel("/games").on("move")
    def move(x: int, y: int) -> None:
        print(x, y)

    move(1, 2)

    @room.on("news")
    def show(topic: str, item: dict[str, object]) -> None:
        print(topic, item)

    show("sun", {})

    @room.on_event("error")
    def fail(code: int) -> int:
        return code

    code: int = fail(3)

    def failed(error: SocketIOError) -> None:
        print(error)

    room.emit("ask", 1, callback=print, errback=failed, timeout=3)
    number: int | None = chat.revision
    name: str | None = chat.id
    channels: dict[str, Channel] = chat.channels


class Feed(EngineIO):
    def more(self) -> None:
        self.send({"more": True})


with Feed(logger=True, revision=4) as feed:
    feed.more()

    @feed.on("message")
    def take(data: str | bytes) -> int:
        return len(data)

    size: int = take("x")
    taken: Callable[[str | bytes], int] = feed.on("message", take)

with SocketIO("localhost", retries=3, ack_timeout=2.5) as sure:
    sure.emit("say", "hello", retries=0)
