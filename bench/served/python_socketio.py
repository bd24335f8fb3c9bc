"""A program: python-socketio under uvicorn with the application of bench.server.

With "plain", uvicorn does without uvloop and httptools.
"""

from __future__ import annotations

import socket
import sys

import socketio
import uvicorn

sio = socketio.AsyncServer(async_mode="asgi", ping_interval=300, ping_timeout=300)


@sio.event
async def echo(sid, text):  # type: ignore[no-untyped-def]
    return text


@sio.event
async def shout(sid, text):  # type: ignore[no-untyped-def]
    await sio.emit("news", text)


listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
plain = {"loop": "asyncio", "http": "h11"} if sys.argv[1:] == ["plain"] else {}
server = uvicorn.Server(uvicorn.Config(socketio.ASGIApp(sio), log_level="critical", lifespan="off", **plain))
print("listening", listening.getsockname()[1], flush=True)
server.run(sockets=[listening])
