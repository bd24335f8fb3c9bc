"""What a transport is, and the options that every one of them honours alike."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from .http import HttpClient

Frame = str | bytes

_UNSAFE = re.compile(r"[\r\n\0]")


@dataclass(frozen=True, kw_only=True)
class HttpOptions:
    """What the user wants of every request, in the words of requests; it applies to handshake and upgrade alike.

    ``params``, ``headers`` and ``cookies`` may be functions without arguments: each connection calls them anew.
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
    """Raise unless every header and cookie can be sent as it is.

    Raises:
        ValueError: one holds a line break or NUL, with which it would become several, or is not latin-1.
        TypeError: one is not text, or ``auth`` is not what requests takes.
    """
    if isinstance(options.auth, Mapping):
        raise TypeError(
            "auth is a pair of name and password, or what requests takes; a dictionary is for SocketIO alone"
        )
    for what, values in (("headers", options.headers), ("cookies", options.cookies)):
        if values is not None and not callable(values):
            for name, value in _pairs(what, values):
                check_header(f"the name of one of {what}", name)
                check_header(f"{name!r} in {what}", value)


def check_header(what: str, text: Any) -> None:
    """Raise unless ``text`` may stand in a header."""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    if not isinstance(text, str):
        raise TypeError(f"{what} is text, not {type(text).__name__}")
    if _UNSAFE.search(text):
        raise ValueError(f"{what} holds a line break or NUL, which would make it several headers")
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"{what} holds characters that are not latin-1: encode them as the server expects") from None


def redirect_target(status: int, location: str | None) -> str | None:
    """Return whereto an answer redirects, without what may be secret: path and query. None: to no other host."""
    try:
        parts = urlsplit(location or "") if 300 <= status < 400 else None
        return f"to {parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts and parts.netloc else None
    except ValueError:
        return None


def _pairs(what: str, values: Any) -> Iterable[tuple[Any, Any]]:
    if hasattr(values, "items"):
        pairs: Iterable[tuple[Any, Any]] = values.items()
        return pairs
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{what} is a dictionary, or a function that returns one, not {type(values).__name__}")
    return [(getattr(cookie, "name", None), getattr(cookie, "value", None)) for cookie in values]


class Framing(Protocol):
    """How frames become the bodies of HTTP, and bodies frames: a part of each revision."""

    @property
    def content_type(self) -> str:
        """What the body of a POST is called."""

    def encode_payload(self, frames: list[str]) -> str:
        """Return the body of a POST that carries the frames."""

    def decode_payload(self, body: str) -> Sequence[Frame]:
        """Return the frames of an answer, or raise RemoteProtocolError."""


class BodyFraming(Framing, Protocol):
    """How frames share bodies that are limited, and may be bytes."""

    def bodies(self, frames: Sequence[Frame]) -> Iterable[Frame]:
        """Return the bodies of POSTs that carry the frames in order."""


class StreamFraming(Framing, Protocol):
    """How frames come in an answer that never ends."""

    @property
    def waiting(self) -> int:
        """How many bytes wait for the rest of their frame."""

    def feed(self, data: bytes) -> list[str]:
        """Take what came next; return the frames that it completes, or raise RemoteProtocolError."""


class Transport(ABC):
    """Moves the frames of one session. It knows no packet, and lives once: opened, used, closed.

    ``recv`` and ``close`` belong to one thread; ``prepare``, ``send`` and ``finish`` to one thread at a time; ``wake``
    and ``abort`` may be called from any thread at any time.

    Attributes:
        is_busy: whether what is sent next has to wait for an answer to what was sent before, or for a connection; any
            thread may ask.
    """

    name: ClassVar[str]
    is_busy: bool = False

    @abstractmethod
    def __init__(self, http: HttpClient, max_message_size: int, framing: Framing) -> None:
        """Prepare to ``open``: ``http`` knows what a request must carry, a received frame has at most so many bytes."""

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
        """Wait for the answer to what was sent, until ``deadline``; return whether it came. Raise ConnectionLost."""
        return True

    @abstractmethod
    def wake(self) -> None:
        """Make ``recv`` return, now or the next time."""

    @abstractmethod
    def abort(self) -> None:
        """Make whatever blocks in ``open``, ``recv`` or ``send`` raise, now or the next time."""

    @abstractmethod
    def close(self, timeout: float) -> None:
        """Say goodbye, wait at most ``timeout`` seconds for the other side to do so, and free everything."""
