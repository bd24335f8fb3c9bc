"""The standard library's json as the JSON module."""

import json

from sioclient import EngineIO, SocketIO


class Own:
    def dumps(self, value: object) -> str:
        return json.dumps(value)

    def loads(self, text: str) -> object:
        return json.loads(text)


s = SocketIO("localhost", json=json)
o = SocketIO("localhost", json=Own())
e = EngineIO(json=json)
