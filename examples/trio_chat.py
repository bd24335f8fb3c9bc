"""A chat in a terminal, on trio, with the async front.

::

    pip install sioclient[aio,server] trio
    python -m sioclient.server --port 8000
    python examples/trio_chat.py http://localhost:8000 Ada

It says each line that you type, and ends with the last one (Ctrl-D). Its events are those of chatbot.py.
"""

from __future__ import annotations

import sys
from typing import Any

import trio

from sioclient.aio import SocketIO


async def listen(s: SocketIO) -> None:
    """Print what others say and what the server announces."""
    async for name, args in s.events("msg to room", "announcement"):
        show(f"{args[0]}: {args[1]}" if name == "msg to room" else f"* {args[0]}")


def show(text: Any) -> None:
    """Print a line; other people's control characters must not reach the terminal."""
    print("".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text)), flush=True)


async def chat(url: str, name: str) -> None:
    """Join, and say what is typed."""
    async with trio.open_nursery() as nursery:
        s = SocketIO(url)
        await s.open(nursery)
        show(f"* connected: revision {s.revision}")
        nursery.start_soon(listen, s)
        if await s.call("nickname", name):
            show("* this name is taken")
        else:
            while line := await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
                await s.emit("user message", line.strip())
                show(f"{name}: {line.strip()}")
        await s.disconnect()


if __name__ == "__main__":
    trio.run(chat, sys.argv[1], sys.argv[2])
