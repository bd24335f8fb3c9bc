"""A server for revision 1 of Socket.IO, the one of socket.io 0.7 to 0.9, on Tornado.

It needs ``pip install sioclient[server]``. What is said on the wire is that of socket.io 0.9.19; the words for
programs are those of TornadIO2.
"""

from .connection import SocketConnection
from .events import concurrent, event
from .request import Request
from .rooms import Audience
from .router import Router
from .server import SocketServer
from .settings import Settings

__all__ = ["Audience", "Request", "Router", "Settings", "SocketConnection", "SocketServer", "concurrent", "event"]
