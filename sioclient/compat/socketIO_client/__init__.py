"""The names of socketIO-client 0.5 and 0.7, on sioclient: change ``from socketIO_client import`` to this package.

docs/compat.md says what differs.
"""

from .client import SocketIO
from .exceptions import ConnectionError, PacketError, SocketIOError, TimeoutError
from .namespaces import LoggingSocketIONamespace, SocketIONamespace, find_callback
from .transports import TRANSPORTS

BaseNamespace = SocketIONamespace
LoggingNamespace = LoggingSocketIONamespace

__all__ = [
    "TRANSPORTS",
    "BaseNamespace",
    "ConnectionError",
    "LoggingNamespace",
    "LoggingSocketIONamespace",
    "PacketError",
    "SocketIO",
    "SocketIOError",
    "SocketIONamespace",
    "TimeoutError",
    "find_callback",
]
