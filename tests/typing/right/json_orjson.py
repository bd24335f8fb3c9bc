"""orjson as the JSON module."""

import orjson

from sioclient import EngineIO, SocketIO

s = SocketIO("localhost", json=orjson)
e = EngineIO(json=orjson)
