"""I/O only: transports move frames and know no packet.

Each is a module of its own, imported when it is first needed: ``import sioclient`` loads no network library.
"""

from __future__ import annotations

from importlib import import_module

from .base import Transport

_CLASSES = {
    "websocket": ("websocket", "WebSocketTransport"),
    "xhr-polling": ("polling", "PollingTransport"),
    "jsonp-polling": ("polling", "JsonpTransport"),
    "htmlfile": ("htmlfile", "HtmlfileTransport"),
    "engine-polling": ("engine_polling", "EnginePollingTransport"),
}


def transport_kinds() -> tuple[str, ...]:
    """Return the kinds of transports that this version has."""
    return tuple(_CLASSES)


def load_transport(kind: str) -> type[Transport]:
    """Return the class of a transport."""
    module, class_name = _CLASSES[kind]
    transport: type[Transport] = getattr(import_module(f".{module}", __name__), class_name)
    return transport
