"""Mistakes in a program for the async front."""

from sioclient.aio import EngineIO, SocketIO


async def main() -> None:
    s = SocketIO("localhost", port="8000")  # wrong
    await s.open("group")  # wrong
    await s.call("sum", timeout="5")  # wrong
    await s.emit("sum", volatile=1, times=2)  # wrong
    await s.connect("/chat", wait=True)  # wrong
    async for name in s.events("news"):
        name.upper()  # wrong
    list(s.events("news"))  # wrong
    SocketIO("localhost", transport="websocket")  # wrong
    e = EngineIO()
    await e.send(1)  # wrong
