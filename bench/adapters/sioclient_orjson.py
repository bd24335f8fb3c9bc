"""sioclient with orjson."""

from __future__ import annotations

import orjson

from . import sioclient


class Client(sioclient.Client):
    json = orjson
