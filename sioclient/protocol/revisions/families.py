"""The likely name of a server by its announcement of a session. It is for people: nothing depends on it."""

from __future__ import annotations

import re

_PYTHON_ORDER = r'"pingTimeout":.*"pingInterval":'

_FAMILIES: dict[int, tuple[tuple[str, str], ...]] = {
    1: (
        (r"[0-9a-f]{32}:", "TornadIO2"),
        (r"[0-9a-f]{8}-[0-9a-f-]{27}:", "netty-socketio"),
        (r"[0-9]{11,13}:", "gevent-socketio"),
        (r"[0-9]{14,20}:", "socket.io 0.7 or 0.8"),
        (r"[\w-]{20}:", "socket.io 0.9"),
    ),
    4: (
        (r'.*"maxPayload":', "socket.io 4.x with allowEIO3"),
        (f".*{_PYTHON_ORDER}", "python-socketio 4 or earlier"),
        (r".*\}2:40", "socket.io 2.x"),
        (r"\x00", "socket.io 1.x"),
    ),
    5: (
        (f".*{_PYTHON_ORDER}", "python-socketio 5"),
        (r'.*"maxPayload":', "socket.io 4.5 or later"),
        (r"0", "socket.io 3.0 to 4.4"),
    ),
}
"""By revision: how an announcement begins, and which server sends it; the first that fits counts."""


def family(revision: int, announcement: str, default: str) -> str:
    """Return the name of the likely server, or ``default`` if no pattern fits."""
    found = (name for pattern, name in _FAMILIES[revision] if re.match(pattern, announcement, re.DOTALL))
    return next(found, default)
