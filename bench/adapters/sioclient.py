"""sioclient as its users use it."""

from __future__ import annotations

from functools import partial
from typing import Any

from sioclient import SocketIO


class Client:
    module, entry, revision = "sioclient", "SocketIO", 1

    def __init__(self, port: int, events: dict[str, Any], polling: bool = False) -> None:
        # The server speaks revision 5 to whoever begins with a websocket: who wants that alone does so.
        over_websocket = ("websocket",) if self.revision == 5 else ("websocket", "xhr-polling")
        transports = ("xhr-polling",) if polling else over_websocket
        self.socket = SocketIO("127.0.0.1", port, transports=transports, auto_connect=False, json=self.json)
        for name, function in events.items():
            self.socket.on(name, function)
        self.socket.open()
        self.emit, self.call, self.close = self.socket.emit, self.socket.call, self.socket.disconnect
        self.wait = lambda done: done.wait()

    json: Any = None

    def prepared(self, name: str, *args: Any) -> Any:
        return partial(self.socket.emit, name, *args)

    def ask(self, name: str, callback: Any) -> None:
        self.socket.emit(name, callback=callback)
