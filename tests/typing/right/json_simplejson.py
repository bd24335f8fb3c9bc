"""simplejson as the JSON module."""

import simplejson

from sioclient import EngineIO, SocketIO

s = SocketIO("localhost", json=simplejson)
e = EngineIO(json=simplejson)
