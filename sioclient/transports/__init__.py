"""I/O only: transports move frames and know no packet.

Each is imported when it is first needed: ``import sioclient`` loads no network library. The imports are written out,
because programs that are frozen into one file contain only what such tools see imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .base import Transport

if TYPE_CHECKING:
    from .http import HttpClient

MakeTransport = Callable[["HttpClient", int, Any], Transport]
"""The class of a transport: it takes the HTTP client, the bytes that a received frame may have, and the framing."""


def _websocket() -> MakeTransport:
    from .websocket import WebSocketTransport

    return WebSocketTransport


def _xhr_polling() -> MakeTransport:
    from .polling import PollingTransport

    return PollingTransport


def _jsonp_polling() -> MakeTransport:
    from .polling import JsonpTransport

    return JsonpTransport


def _htmlfile() -> MakeTransport:
    from .htmlfile import HtmlfileTransport

    return HtmlfileTransport


def _engine_polling() -> MakeTransport:
    from .engine_polling import EnginePollingTransport

    return EnginePollingTransport


_LOADERS = {
    "websocket": _websocket,
    "xhr-polling": _xhr_polling,
    "jsonp-polling": _jsonp_polling,
    "htmlfile": _htmlfile,
    "engine-polling": _engine_polling,
}


def make_mixed_transport(websocket: Transport, http: HttpClient, framing: Any, url: str) -> Transport:
    """Return a transport that receives over a websocket that is open, and sends by POSTs to ``url``."""
    from .mixed import MixedTransport

    return MixedTransport(websocket, http, framing, url)


def make_transport(kind: str, http: HttpClient, max_message_size: int, framing: Any) -> Transport:
    """Return a transport that is not open yet.

    Args:
        kind: what ``Opening.transports`` calls it.
        http: knows what its requests carry.
        max_message_size: bytes that a received frame may have.
        framing: how its bodies carry frames.
    """
    return _LOADERS[kind]()(http, max_message_size, framing)
