"""What the grammars hand to the transports: frames, and how the bodies of HTTP carry them.

The one thing that both rooms know. A transport moves frames and knows no packet; a grammar makes them and knows no I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

Frame = str | bytes
"""What a transport carries whole."""


PING_MARK = b"sioclient "
"""How the payload of a ping of ours begins: nobody has such a pong for anything else."""

MOST_SHARED = 500
"""Bytes of a body of revision 1 that several frames share: every host takes a segment of 536."""

MOST_IN_FORM = 2**17
"""The same of a form, which is all ASCII: TCP may cut it anywhere. It bounds what one POST has to wait for."""

MARKS = 9
"""Bytes that a frame needs besides its own in such a body: two marks, and its length in between."""


class Ping(bytes):
    """A ping of a websocket itself, with this payload (RFC 6455, 5.5.2)."""


class Pong(bytes):
    """The reply of the other side to a ping, with the payload of that; one that nobody asked for never becomes this."""


class Framing(Protocol):
    """How the bodies of HTTP carry the frames of one session."""

    @property
    def content_type(self) -> str:
        """The Content-Type of a POST."""

    @property
    def noop(self) -> str:
        """How a frame begins that says nothing, with which servers end a poll."""

    @property
    def most_shared(self) -> float:
        """Bytes of a body that several frames may share."""

    def encode_payload(self, frames: list[str]) -> str:
        """Return the body of a POST that carries the frames."""

    def decode_payload(self, body: str) -> Sequence[Frame]:
        """Return the frames of a response, or raise RemoteProtocolError."""


class BodyFraming(Framing, Protocol):
    """A framing whose bodies are limited in size, and may be bytes: Engine.IO."""

    def bodies(self, frames: Sequence[Frame]) -> Iterable[Frame]:
        """Return the bodies of the POSTs that carry the frames in order."""


class StreamFraming(Framing, Protocol):
    """A framing of a response that never ends: htmlfile."""

    @property
    def waiting(self) -> int:
        """How many bytes wait for the rest of their frame."""

    def feed(self, data: bytes) -> list[str]:
        """Take the next bytes; return the frames that they complete, or raise RemoteProtocolError."""
