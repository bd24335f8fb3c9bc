"""What a revision of the protocol is: the only place where generations differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..packets import Malformed, Packet


@dataclass(frozen=True)
class Handshake:
    """What the server announced when it opened a session.

    Attributes:
        session_id: names the session in every later URL.
        heartbeat_timeout: seconds of silence after which the other side is dead; None: heartbeats are off.
        close_timeout: seconds for which the server keeps a session without a transport; None: not announced.
        transports: the names of what the server offers, in its order; empty: it did not say.
        content_type: what the server called its answer; None: nothing.
    """

    session_id: str
    heartbeat_timeout: float | None
    close_timeout: float | None
    transports: tuple[str, ...]
    content_type: str | None = "text/plain"


class Framing(Protocol):
    """How the bodies of HTTP carry the frames of one session; ``transports.base`` says what each transport needs."""

    @property
    def content_type(self) -> str:
        """What the body of a POST is called."""

    def encode_payload(self, frames: list[str]) -> str:
        """Return the body of a POST that carries the frames."""

    def decode_payload(self, body: str) -> list[str]:
        """Return the frames of an answer, or raise RemoteProtocolError."""


class Revision(Protocol):
    """The grammar, the URLs and the numbers of one generation of servers."""

    @property
    def number(self) -> int:
        """The revision of the Socket.IO protocol: 1, 4 or 5."""

    @property
    def servers(self) -> str:
        """The servers that speak it, in words for an error message."""

    def handshake_path(self, resource: str) -> str:
        """Return the path, beginning with a slash, of the handshake under ``resource``."""

    def probe_path(self, resource: str) -> str:
        """Return a path whose answer ``read_handshake`` can name if the server is of another generation."""

    def transport_path(self, resource: str, transport: str, session_id: str) -> str:
        """Return the path, beginning with a slash, of one transport of a session."""

    def framing(self, transport: str, handshake: Handshake) -> Framing:
        """Return how the bodies of a transport carry the frames of the session."""

    def read_handshake(self, status: int, body: str, content_type: str | None) -> Handshake:
        """Return what the server announced in an answer of this type (None: it did not say).

        Raises:
            HandshakeRejected: the server said no.
            WrongRevision: the server speaks another generation.
            ConnectError: the answer is not that of a Socket.IO server.
        """

    def encode(self, packet: Packet) -> str:
        """Return the frame for a packet, or raise LocalProtocolError or TypeError."""

    def decode(self, frame: str | bytes) -> Packet | Malformed:
        """Return the packet in a frame, or what is wrong with it; never raises."""

    def needs_fence(self, transport: str) -> bool:
        """Return whether the servers may choke on many frames at once over this transport: see ``fence``."""

    def dead_after(self, handshake: Handshake) -> float | None:
        """Return after how many seconds of silence the server is dead; None: silence says nothing."""

    def beat_every(self, handshake: Handshake) -> float | None:
        """Return how often, in seconds, to beat while nobody reads and answers; None: never."""
