"""A Socket.IO client for plain Python programs, for every generation of servers, the old ones first."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .channel import Channel
    from .client import SocketIO
    from .client import SocketIO as socketIO
    from .detection import ServerInfo, detect
    from .engineio import EngineIO
    from .errors import (
        AckTimeout,
        BufferFull,
        ChannelError,
        ConnectError,
        ConnectionLost,
        HandshakeRejected,
        LocalProtocolError,
        NotConnected,
        ProtocolError,
        RemoteProtocolError,
        SocketIOError,
        WrongRevision,
    )
    from .handler import Handler

__version__ = "0.1.0"

__all__ = [
    "AckTimeout",
    "BufferFull",
    "Channel",
    "ChannelError",
    "ConnectError",
    "ConnectionLost",
    "EngineIO",
    "Handler",
    "HandshakeRejected",
    "LocalProtocolError",
    "NotConnected",
    "ProtocolError",
    "RemoteProtocolError",
    "ServerInfo",
    "SocketIO",
    "SocketIOError",
    "WrongRevision",
    "detect",
    "socketIO",
]

_ELSEWHERE = {
    "Channel": "channel",
    "EngineIO": "engineio",
    "Handler": "handler",
    "ServerInfo": "detection",
    "SocketIO": "client",
    "detect": "detection",
    "socketIO": "client",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is: a program that imports sioclient, and may never connect, pays nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(
        import_module(f".{_ELSEWHERE.get(name, 'errors')}", __name__), "SocketIO" if name == "socketIO" else name
    )
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
