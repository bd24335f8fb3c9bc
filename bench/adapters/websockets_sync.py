"""The synchronous client of websockets, with JSON as a Socket.IO client on top of it would have it."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from . import raw


class _Socket:
    """The same methods as those of websocket-client."""

    def __init__(self, url: str) -> None:
        self._connection = connect(url, compression=None, max_size=None, proxy=None)
        self.send = self._connection.send
        self.recv = self._connection.recv

    def close(self) -> None:
        with suppress(ConnectionClosed):
            self._connection.close()


class Client(raw.Client):
    module, entry = "websockets.sync.client", "connect"
    connect = _Socket

    def __init__(self, port: int, events: dict[str, Any], polling: bool = False) -> None:
        super().__init__(port, {})
        self.functions = events

    def frame(self, name: str, args: tuple[Any, ...] = (), id: str = "") -> str:
        """Return the frame of an event."""
        return f"5:{id}::{json.dumps({'name': name, 'args': args})}"

    def prepared(self, name: str, *args: Any) -> Any:
        return partial(self.emit, name, *args)

    def ask(self, name: str, callback: Any) -> None:
        self.answered = callback
        self.ws.send(self.question(name))

    def wait(self, done: Any) -> None:
        while not done.is_set():
            kind, *_, data = self.ws.recv().split(":", 3)
            if kind == "5":
                event = json.loads(data)
                function = self.functions.get(event["name"])
                if function is not None:
                    function(*event.get("args", ()))
            elif kind == "6":
                self.answered(*json.loads(data.partition("+")[2] or "[]"))
