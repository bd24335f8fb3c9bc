"""socketIO-client 0.5.7.4, the last that speaks revision 1: it works only while somebody waits."""

from __future__ import annotations

from functools import partial
from typing import Any

from socketIO_client import SocketIO


class Client:
    module, entry = "socketIO_client", "SocketIO"

    def __init__(self, port: int, events: dict[str, Any], polling: bool = False) -> None:
        transports = ["xhr-polling"] if polling else ["websocket"]
        self.socket = SocketIO("127.0.0.1", port, transports=transports)
        for name, function in events.items():
            self.socket.on(name, function)
        self.emit, self.close = self.socket.emit, self.socket.disconnect

    def prepared(self, name: str, *args: Any) -> Any:
        return partial(self.socket.emit, name, *args)

    def ask(self, name: str, callback: Any) -> None:
        self.socket.emit(name, callback)

    def call(self, name: str) -> None:
        self.socket.emit(name, lambda *args: None)
        self.socket.wait_for_callbacks()

    def wait(self, done: Any) -> None:
        while not done.is_set():
            self.socket.wait(seconds=0.01)
