"""What whoever runs a server may choose: the settings of socket.io 0.9 in snake case, and the limits; all checked."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from .request import Request

TRANSPORTS = ("websocket", "htmlfile", "xhr-polling", "jsonp-polling")
"""What there is, in the order in which socket.io 0.9 announces it."""

Verdict = Union[bool, str]
"""Yes, no, or the text of an error."""

Authorization = Callable[["Request"], Union[Verdict, Awaitable[Verdict]]]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a server; times in seconds, sizes in bytes.

    Attributes:
        heartbeat_interval: how long after the last sign of life the server asks for another.
        heartbeat_timeout: how long it then waits for it; announced.
        close_timeout: how long a session lasts without a transport; announced.
        polling_duration: how long a poll waits for something to say.
        handshake_timeout: how long a session may wait for its first transport.
        transports: what is offered, of websocket, htmlfile, xhr-polling and jsonp-polling.
        origins: where pages may come from: ``"example.org:8080"``, a star for either part, or ``"https://example.org"``.
        authorization: a function of the handshake's ``Request``: True, False, or the text of an error for the log.
        max_message_size: what a websocket message or the body of a POST may have.
        max_queued: what may wait for a client that does not read; it is cut off when something is added to more.
        max_sessions: how many sessions one address may have.
    """

    heartbeat_interval: float = 25
    heartbeat_timeout: float = 60
    close_timeout: float = 60
    polling_duration: float = 20
    handshake_timeout: float = 30
    transports: tuple[str, ...] = TRANSPORTS
    origins: tuple[str, ...] = ("*:*",)
    authorization: Authorization | None = None
    max_message_size: int = 2**20
    max_queued: int = 2**20
    max_sessions: int = 1000

    def __post_init__(self) -> None:
        """Check every value."""
        for name, check in _CHECKS.items():
            check(name, getattr(self, name))
        unknown = [name for name in self.transports if name not in TRANSPORTS]
        if unknown:
            raise ValueError(f"there is no transport called {unknown[0]!r}; there are {', '.join(TRANSPORTS)}")
        if self.authorization is not None and not callable(self.authorization):
            raise TypeError("authorization is a function of the request")


def _check_number(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} is a number of seconds, not {type(value).__name__}")
    if not 0 < value < math.inf:
        raise ValueError(f"{name} is a number of seconds above 0, not {value}")


def _check_whole(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is a whole number, not {type(value).__name__}")
    if value < 1:
        raise ValueError(f"{name} is a whole number from 1, not {value}")


def _check_texts(name: str, value: Any) -> None:
    if not isinstance(value, tuple) or not value or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{name} is a tuple of texts, such as {getattr(Settings, name)!r}")


_CHECKS: dict[str, Callable[[str, Any], None]] = {
    "heartbeat_interval": _check_number,
    "heartbeat_timeout": _check_number,
    "close_timeout": _check_number,
    "polling_duration": _check_number,
    "handshake_timeout": _check_number,
    "transports": _check_texts,
    "origins": _check_texts,
    "max_message_size": _check_whole,
    "max_queued": _check_whole,
    "max_sessions": _check_whole,
}
