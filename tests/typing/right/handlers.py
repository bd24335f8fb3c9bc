"""Handlers, options as dictionaries, detect, and errors."""

from __future__ import annotations

from typing import Any

from sioclient import AckTimeout, ConnectError, Handler, HandshakeRejected, ServerInfo, SocketIO, detect
from sioclient.options import OptionsDict


class Bot(Handler):
    def on_message(self, id: int | None, message: Any) -> str:
        return f"{id}: {message}"

    def on_news(self, topic: str, *more: object) -> None:
        print(topic, more)


options: OptionsDict = {"headers": {"X-A": "b"}, "reconnect": False, "verify": "ca.pem", "json": None}


def main() -> int:
    try:
        s = SocketIO("localhost", 8000, Bot(), auto_connect=False, **options)
        s.open()
        answer = s.call("sum", 1, 2, timeout=5)
        print(answer)
    except HandshakeRejected as rejected:
        return rejected.status
    except ConnectError as error:
        return int(error.retryable)
    except AckTimeout:
        return 2
    info: ServerInfo = detect("localhost", 8000, connect_timeout=3)
    return info.revision
