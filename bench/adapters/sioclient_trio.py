"""The async front on trio."""

from __future__ import annotations

from . import sioclient_asyncio


class Client(sioclient_asyncio.Client):
    backend = "trio"
