"""A Socket.IO client for plain Python programs, for every generation of servers, the old ones first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    WaitTimeout,
    WrongRevision,
)
from .marks import event

if TYPE_CHECKING:
    from .channel import Channel
    from .client import SocketIO
    from .client import SocketIO as socketIO
    from .detection import ServerInfo, detect
    from .engineio import EngineIO
    from .handler import Handler

__version__ = "0.2.0"

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
    "WaitTimeout",
    "WrongRevision",
    "detect",
    "event",
    "socketIO",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is: a program that may never connect need not wait for it.

    The statements are written out, so that what packs programs for shipping sees which modules they need.
    """
    found: Any
    if name in ("SocketIO", "socketIO"):
        from . import client

        found = client.SocketIO
    elif name == "Handler":
        from . import handler

        found = handler.Handler
    elif name == "Channel":
        from . import channel

        found = channel.Channel
    elif name == "EngineIO":
        from . import engineio

        found = engineio.EngineIO
    elif name in ("ServerInfo", "detect"):
        from . import detection

        found = getattr(detection, name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
