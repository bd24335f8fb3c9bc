"""A server for clients of every generation, socket.io 0.7 to 4.x, on Tornado.

It needs ``pip install sioclient[server]``. On the wire it behaves as socket.io 0.9.19 for the oldest clients, and as
socket.io 2.x or 4.x for others; its API uses the names of TornadIO2 and knows no generation.
"""

import sys
from importlib.util import find_spec

if find_spec("tornado") is None:
    _told = "sioclient.server needs Tornado: pip install 'sioclient[server]'"
    if sys.argv[:1] == ["-m"]:  # Python looks for the module that it was told to run: no traceback for that
        sys.exit(_told)
    raise ModuleNotFoundError(_told, name="tornado")

from .connection import Audience, Refused, SocketConnection
from .emitter import Emitter, RemoteAudience
from .engineclient import EngineClient
from .engineserver import EngineServer, WebSocketServer
from .events import concurrent, event
from .playback import replay
from .request import Request
from .router import Router
from .server import SocketServer
from .settings import Settings

__all__ = [
    "Audience",
    "Emitter",
    "EngineClient",
    "EngineServer",
    "Refused",
    "RemoteAudience",
    "Request",
    "Router",
    "Settings",
    "SocketConnection",
    "SocketServer",
    "WebSocketServer",
    "concurrent",
    "event",
    "replay",
]
