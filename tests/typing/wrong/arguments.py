"""What a type checker must find: each line that ends with the word wrong."""

from __future__ import annotations

from collections.abc import Callable

from sioclient import EngineIO, Handler, SocketIO, detect


class Bot(Handler):
    pass


s = SocketIO("localhost", "8000")  # wrong
s = SocketIO("localhost", 8000, Bot)  # wrong
s = SocketIO("localhost", reconect=True)  # wrong
s = SocketIO("localhost", reconnect="yes")  # wrong
s = SocketIO("localhost", json=len)  # wrong
s = SocketIO("localhost", retries="3", ack_timeout=1)  # wrong
s = SocketIO("localhost", retries=3, ack_timeout="1")  # wrong
e = EngineIO(max_message_size="1")  # wrong
c = s.channel(5)  # wrong
c = s.channel("/chat", Bot)  # wrong
c = s.channel("/chat").open("soon")  # wrong
d = detect("localhost", conect_timeout=3)  # wrong


@s.on("sum")
def add(a: int, b: int) -> int:
    return a + b


add("a", 2)  # wrong
text: str = add(1, 2)  # wrong
other: Callable[[str], None] = s.on("sum", add)  # wrong
third: Callable[[str], None] = s.on_event("sum", add)  # wrong
s.on("sum", 5)  # wrong
s.on_event("sum", 5)  # wrong
s.once("sum", "add")  # wrong
e.on("message", 5)  # wrong
e.send(5)  # wrong
s.emit("x", callback=5)  # wrong
s.emit("x", retries="3")  # wrong
s.send("x", retries=1.5)  # wrong
s.wait("long")  # wrong
with EngineIO() as inner:
    inner.emit("x")  # wrong
