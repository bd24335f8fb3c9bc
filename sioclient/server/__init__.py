"""A server for revision 1 of Socket.IO, the one of socket.io 0.7 to 0.9, on Tornado.

It needs ``pip install sioclient[server]``. On the wire it behaves as socket.io 0.9.19; its API uses the names of
TornadIO2.
"""

from .connection import Audience, SocketConnection
from .events import concurrent, event
from .request import Request
from .router import Router
from .server import SocketServer
from .settings import Settings

__all__ = ["Audience", "Request", "Router", "Settings", "SocketConnection", "SocketServer", "concurrent", "event"]
