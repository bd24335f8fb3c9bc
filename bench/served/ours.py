"""A program: the server of sioclient with the application of bench.server: itself, under uvicorn, or on uvloop."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Any

from sioclient.server import Router, SocketConnection, SocketServer, event

LIMITS: dict[str, Any] = {
    "heartbeat_interval": 300.0,
    "heartbeat_timeout": 300.0,
    "max_sessions": 10**5,
    "max_clients": 10**5,
    "max_handshakes": 10**6,
}
"""What lets one address bring thousands of clients at once; the beats are as rare as those of the others."""


class Main(SocketConnection):
    router: Router

    @event
    def echo(self, text: str) -> str:
        return text

    @event
    def shout(self, text: str) -> None:
        self.router.broadcast("", "news", text)


def serve_asgi() -> None:
    import uvicorn

    Main.router = Router(Main, **LIMITS)
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    server = uvicorn.Server(uvicorn.Config(Main.router.asgi(), log_level="critical"))
    print("listening", listening.getsockname()[1], flush=True)
    server.run(sockets=[listening])


def serve_on_uvloop() -> None:
    import uvloop

    async def serve() -> None:
        async with SocketServer(Main, 0, **LIMITS) as server:
            Main.router = server.router
            print("listening", server.port, flush=True)
            await asyncio.Event().wait()

    uvloop.run(serve())


def serve() -> None:
    server = SocketServer(Main, 0, **LIMITS)
    Main.router = server.router
    print("listening", server.port, flush=True)
    server.run()


WAYS = {(): serve, ("asgi",): serve_asgi, ("uvloop",): serve_on_uvloop}
WAYS[tuple(sys.argv[1:])]()
