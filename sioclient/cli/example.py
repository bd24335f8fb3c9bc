"""Example: the application that the examples of the README and of the documentation ask for something."""

from __future__ import annotations

import asyncio
from typing import Any

from ..server import SocketConnection, concurrent, event


class Example(SocketConnection):
    """Knows some events; ``/chat`` is the same once more."""

    def get_endpoint(self, path: str) -> type[SocketConnection] | None:
        """Return this for ``/chat``, and nothing for other endpoints."""
        return type(self) if path == "/chat" else None

    def on_open(self, request: Any) -> None:
        """Say hello."""
        self.emit("hello", {"a": 1})

    def on_message(self, message: Any) -> Any:
        """Reply to a message, or acknowledge it."""
        if self.wants_ack:
            return "got", message
        return self.send(f"re:{message}" if isinstance(message, str) else {"re": message})

    @event
    def subscribe(self, topic: Any) -> None:
        """Send the news of a topic."""
        self.emit("news", topic, {"title": "Sun"})

    @event
    def sum(self, a: Any, b: Any) -> Any:
        """Return the sum of two numbers."""
        return a + b

    @event
    def echo(self, *args: Any) -> Any:
        """Return what came, or send it as ``echoed``."""
        return args if self.wants_ack else self.emit("echoed", *args)

    @event("do emit")
    def emit_for_client(self, name: Any, *args: Any) -> None:
        """Send the event that the client wants to get."""
        self.emit(str(name), *args)

    @event("do ask for data")
    def ask_client(self, name: Any, *args: Any) -> None:
        """Send such an event, and what it was acknowledged with as ``answer``."""
        self.emit(str(name), *args, callback=lambda *values: self.emit("answer", list(values)))

    @concurrent
    @event("introduce yourself")
    async def introduce(self, to: Any) -> Any:
        """Ask the client for its name, and return that."""
        named: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.emit("what is your name", callback=lambda *names: named.set_result(names))
        return await named

    @concurrent
    @event("never answered")
    async def wait_for_ever(self) -> None:
        """Return never, so that nothing is acknowledged."""
        await asyncio.Event().wait()
