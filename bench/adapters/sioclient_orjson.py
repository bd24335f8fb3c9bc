"""sioclient in a program that has orjson and numpy."""

from __future__ import annotations

import numpy  # noqa: F401 - sioclient masks long messages with it if the program has imported it
import orjson

from . import sioclient


class Client(sioclient.Client):
    json = orjson
