"""websocket-client alone, with its defaults: the floor under everything that is built on it.

It makes no JSON and reads none: frames are compared and written as they are.
"""

from __future__ import annotations

from http.client import HTTPConnection
from itertools import count
from typing import Any

import websocket


class Client:
    module, entry, revision = "websocket", "WebSocket", 1
    connect: Any = staticmethod(websocket.create_connection)

    def __init__(self, port: int, events: dict[str, Any], polling: bool = False) -> None:
        modern = self.revision == 5
        self.form = '42{id}["{name}"{rest}]' if modern else '5:{id}::{{"name":"{name}"{rest}}}'
        self.answer = "43" if modern else "6:::"
        beginnings = ('42["{}"', '451-["{}"') if modern else ('5:::{{"name":"{}"',)
        self.events = [(form.format(name), function) for name, function in events.items() for form in beginnings]
        self.ids = count(1)
        path = "?EIO=4&transport=websocket" if modern else f"1/websocket/{_session(port)}"
        self.ws = self.connect(f"ws://127.0.0.1:{port}/socket.io/{path}")
        if modern:
            self.ws.send("40")
            while not self.ws.recv().startswith("40"):
                pass

    def frame(self, name: str, args: tuple[Any, ...] = (), id: str = "") -> str:
        """Return the frame of an event."""
        values = ",".join(f'"{value}"' if isinstance(value, str) else str(value) for value in args)
        rest = values and (f",{values}" if self.revision == 5 else f',"args":[{values}]')
        return self.form.format(id=id, name=name, rest=rest)

    def emit(self, name: str, *args: Any) -> None:
        self.ws.send(self.frame(name, args))

    def prepared(self, name: str, *args: Any) -> Any:
        if isinstance(args[0], bytes):
            head = f'451-["{name}",{{"_placeholder":true,"num":0}}]'
            return lambda: (self.ws.send(head), self.ws.send_binary(args[0]))
        frame = self.frame(name, args)
        return lambda: self.ws.send(frame)

    def question(self, name: str) -> str:
        """Return the frame of an event that is to be answered."""
        return self.frame(name, (), f"{next(self.ids)}{'' if self.revision == 5 else '+'}")

    def ask(self, name: str, callback: Any) -> None:
        self.ws.send(self.question(name))
        self.events = [(self.answer, callback)]

    def call(self, name: str) -> None:
        self.ws.send(self.question(name))
        while not self.ws.recv().startswith(self.answer):
            pass

    def wait(self, done: Any) -> None:
        while not done.is_set():
            frame = self.ws.recv()
            if isinstance(frame, bytes):
                continue
            for beginning, function in self.events:
                if frame.startswith(beginning):
                    function()
                    break

    def close(self) -> None:
        self.ws.close()


def _session(port: int) -> str:
    handshake = HTTPConnection("127.0.0.1", port)
    handshake.request("GET", "/socket.io/1/")
    session = handshake.getresponse().read().decode().split(":")[0]
    handshake.close()
    return session
