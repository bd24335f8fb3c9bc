"""What a transport is, and the HTTP options that each of them honours alike."""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from ..protocol.framing import Frame

_UNSAFE = re.compile(r"[\r\n\0]")


@dataclass(frozen=True, kw_only=True)
class HttpOptions:
    """What the user wants of every request, in the words of requests; it applies to handshake and upgrade alike.

    ``params``, ``headers`` and ``cookies`` may be functions without arguments: they are called for each connection.
    """

    params: Any = None
    headers: Any = None
    cookies: Any = None
    auth: Any = None
    proxies: Mapping[str, str] | None = None
    verify: bool | str | None = True
    cert: str | tuple[str, str] | None = None
    session: Any = None


HTTP_OPTIONS = frozenset(field.name for field in fields(HttpOptions))


def check_http_options(options: HttpOptions) -> None:
    """Raise unless ``auth`` is for requests, and each header and cookie can be sent as it is.

    Raises:
        ValueError: see ``check_fields``.
        TypeError: a value is not text, or ``auth`` is not what requests takes.
    """
    if isinstance(options.auth, Mapping):
        raise TypeError(
            "auth must be a pair of name and password, or what requests takes; only SocketIO takes a dictionary"
        )
    for what, values in (("headers", options.headers), ("cookies", options.cookies)):
        if not callable(values):
            check_fields(what, values)


def check_fields(what: str, values: Any) -> None:
    """Raise unless each name and value of the headers or cookies may stand in a header; None has none.

    Raises:
        ValueError: one holds a line break or NUL, with which it would become several, or is not latin-1.
        TypeError: one is not text, or ``values`` is no dictionary.
    """
    if values is not None:
        for name, value in _pairs(what, values):
            check_header(f"the name of one of {what}", name)
            check_header(f"{name!r} in {what}", value)


def check_header(what: str, text: Any) -> None:
    """Raise unless ``text`` may stand in a header."""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    if not isinstance(text, str):
        raise TypeError(f"{what} must be text, not {type(text).__name__}")
    if _UNSAFE.search(text):
        raise ValueError(f"{what} holds a line break or NUL, which would make it several headers")
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"{what} holds characters that are not latin-1: encode them as the server expects") from None


def _pairs(what: str, values: Any) -> Iterable[tuple[Any, Any]]:
    if hasattr(values, "items"):
        pairs: Iterable[tuple[Any, Any]] = values.items()
        return pairs
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{what} must be a dictionary, or a function that returns one, not {type(values).__name__}")
    return [(getattr(cookie, "name", None), getattr(cookie, "value", None)) for cookie in values]


def fresh_url(url: str) -> str:
    """Return ``url`` with the time in its query, as in the JavaScript client, so that no cache has the response."""
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}t={time.time_ns() // 1_000_000}"


class Transport(ABC):
    """Moves the frames of one session. It knows no packet, and lives once: opened, used, closed.

    ``recv`` and ``close`` belong to one thread; ``prepare``, ``send`` and ``finish`` to one thread at a time; ``wake``
    and ``abort`` may be called from any thread at any time, and need no lock.

    Attributes:
        is_busy: whether the next frames must wait for the response to the last ones, or for a connection; any thread
            may ask.
    """

    name: ClassVar[str]
    is_busy: bool = False

    @abstractmethod
    def open(self, url: str, deadline: float) -> None:
        """Connect to the session's ``url`` until ``deadline`` (``time.monotonic``), or raise ConnectError."""

    @abstractmethod
    def recv(self) -> list[Frame]:
        """Wait for frames and return them in order; return none after ``wake``. Raise ConnectionLost at the end."""

    def recv_until(self, deadline: float) -> list[Frame]:
        """Do what ``recv`` does, but return none at ``deadline``; for a transport on which the server speaks first."""
        return self.recv()

    def prepare(self, deadline: float) -> bool:
        """Wait until frames may be sent, at most until ``deadline``; return whether they may. Raise ConnectionLost."""
        return True

    @abstractmethod
    def send(self, frames: Sequence[Frame]) -> None:
        """Write frames in order, or raise ConnectionLost."""

    def finish(self, deadline: float) -> bool:
        """Wait for the response to what was sent, until ``deadline``; return whether it came. Raise ConnectionLost."""
        return True

    @abstractmethod
    def wake(self) -> None:
        """Make ``recv`` return, now or the next time."""

    @abstractmethod
    def abort(self) -> None:
        """Make whatever blocks in ``open``, ``recv`` or ``send`` raise, now or the next time."""

    @abstractmethod
    def close(self, timeout: float) -> None:
        """End the connection, wait at most ``timeout`` seconds for the server to end it too, and free everything."""
