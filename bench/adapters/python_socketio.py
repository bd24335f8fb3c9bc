"""python-socketio 5, which speaks the protocol of today's servers."""

from __future__ import annotations

from functools import partial
from typing import Any

import socketio


class Client:
    module, entry = "socketio", "Client"

    def __init__(self, port: int, events: dict[str, Any], polling: bool = False) -> None:
        self.socket = socketio.Client(reconnection=False)
        for name, function in events.items():
            self.socket.on(name, function)
        self.socket.connect(f"http://127.0.0.1:{port}", transports=["websocket"], retry=False)
        self.close = self.socket.disconnect
        self.call = self.socket.call
        self.wait = lambda done: done.wait()

    def emit(self, name: str, *args: Any) -> None:
        self.socket.emit(name, args)

    def prepared(self, name: str, *args: Any) -> Any:
        return partial(self.socket.emit, name, args)

    def ask(self, name: str, callback: Any) -> None:
        self.socket.emit(name, callback=callback)
