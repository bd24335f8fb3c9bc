"""A Socket.IO client for plain Python programs, for old servers first."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .channel import Channel
    from .client import SocketIO
    from .client import SocketIO as socketIO
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
    "Handler",
    "HandshakeRejected",
    "LocalProtocolError",
    "NotConnected",
    "ProtocolError",
    "RemoteProtocolError",
    "SocketIO",
    "SocketIOError",
    "WrongRevision",
    "socketIO",
]

_ELSEWHERE = {"Channel": "channel", "Handler": "handler", "SocketIO": "client", "socketIO": "client"}


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
