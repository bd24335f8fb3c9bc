"""websocket-client alone, with its defaults: the floor under everything that is built on it.

It makes no JSON and reads none: frames are compared and written as they are.
"""

from __future__ import annotations

from http.client import HTTPConnection
from itertools import count
from typing import Any

import websocket


class Client:
    module, entry = "websocket", "WebSocket"

    def __init__(self, port: int, events: dict[str, Any], polling: bool = False) -> None:
        handshake = HTTPConnection("127.0.0.1", port)
        handshake.request("GET", "/socket.io/1/")
        session = handshake.getresponse().read().decode().split(":")[0]
        handshake.close()
        self.ws = websocket.create_connection(f"ws://127.0.0.1:{port}/socket.io/1/websocket/{session}")
        self.events = [(f'5:::{{"name":"{name}"', function) for name, function in events.items()]
        self.ids = count(1)

    def emit(self, name: str, *args: Any) -> None:
        self.ws.send(f'5:::{{"name":"{name}","args":{_json(args)}}}')

    def prepared(self, name: str, *args: Any) -> Any:
        frame = f'5:::{{"name":"{name}","args":{_json(args)}}}'
        return lambda: self.ws.send(frame)

    def ask(self, name: str, callback: Any) -> None:
        self.ws.send(f'5:{next(self.ids)}+::{{"name":"{name}"}}')
        self.events = [("6:::", callback)]

    def call(self, name: str) -> None:
        self.ws.send(f'5:{next(self.ids)}+::{{"name":"{name}"}}')
        self.ws.recv()

    def wait(self, done: Any) -> None:
        while not done.is_set():
            frame = self.ws.recv()
            for beginning, function in self.events:
                if frame.startswith(beginning):
                    function()
                    break

    def close(self) -> None:
        self.ws.close()


def _json(args: tuple[Any, ...]) -> str:
    return str(list(args)).replace("'", '"')
