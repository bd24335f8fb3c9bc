"""The options of a SocketIO, checked before a byte is sent."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TRANSPORTS = ("websocket", "xhr-polling", "jsonp-polling", "htmlfile")
"""The transports of socket.io 0.7 to 0.9, in the order in which they are tried."""


REVISIONS = (1, 4, 5)
"""The revisions of the protocol that a user can ask for."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a user may choose about a connection, besides its HTTP options; see ``SocketIO``."""

    transports: tuple[str, ...] = TRANSPORTS
    connect_timeout: float = 10
    wait_for_connection: bool = False
    reconnect: bool = True
    reconnection_delay: float = 0.5
    reconnection_limit: float = 10
    max_reconnection_attempts: int | None = 10
    reconnect_when_kicked: bool = False
    buffer_size: int = 1000
    max_message_size: int = 16 * 2**20
    revision: int | None = None

    def __post_init__(self) -> None:
        """Check every value."""
        _check_transports(self.transports)
        for name in ("connect_timeout", "reconnection_delay", "reconnection_limit"):
            _check_number(name, getattr(self, name))
        for name in ("wait_for_connection", "reconnect", "reconnect_when_kicked"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} is True or False, not {type(getattr(self, name)).__name__}")
        _check_whole("buffer_size", self.buffer_size, least=0)
        _check_whole("max_message_size", self.max_message_size, least=1)
        if self.revision is not None and (isinstance(self.revision, bool) or self.revision not in REVISIONS):
            raise ValueError(f"revision is 1, 4 or 5, or None to find out, not {self.revision!r}")
        if self.max_reconnection_attempts is not None:
            _check_whole("max_reconnection_attempts", self.max_reconnection_attempts, least=0)


def check_timeout(timeout: float | None) -> None:
    """Raise unless ``timeout`` is None or a number of seconds."""
    if timeout is not None:
        _check_number("timeout", timeout)


def split_auth(auth: Any) -> tuple[Any, Any]:
    """Return what of ``auth`` is for requests, and what for Socket.IO: a dictionary, or a function of no arguments."""
    if isinstance(auth, Mapping) or (inspect.isfunction(auth) and not inspect.signature(auth).parameters):
        return None, auth
    return auth, None


def claim_of(auth: Any) -> Any:
    """Return the dictionary that the server is told, or None; ``auth`` may be a function that returns it.

    Raises:
        TypeError: it is something else.
    """
    value = auth() if callable(auth) else auth
    if value is not None and not isinstance(value, Mapping):
        raise TypeError(f"auth is a dictionary, or a function that returns one, not {type(value).__name__}")
    return value


def _check_transports(names: tuple[str, ...]) -> None:
    if isinstance(names, str) or not isinstance(names, tuple) or not names:
        raise TypeError("transports is a tuple of names, such as ('websocket',)")
    unknown = [name for name in names if name not in TRANSPORTS]
    if unknown:
        raise ValueError(f"there is no transport called {unknown[0]!r}; there are {', '.join(TRANSPORTS)}")


def _check_number(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} is a number of seconds, not {type(value).__name__}")
    if not 0 < value < math.inf:
        raise ValueError(f"{name} is a number of seconds above 0, not {value}")


def _check_whole(name: str, value: Any, *, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is a whole number, not {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name} is a whole number from {least}, not {value}")
