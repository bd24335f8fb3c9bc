"""A Socket.IO client for plain Python programs, for old servers first."""

from .channel import Channel
from .client import SocketIO
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

socketIO = SocketIO  # noqa: N816 - the name that programs of the 2010s use

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
