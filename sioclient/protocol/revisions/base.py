"""What a revision of the protocol is: the only place where generations differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ..packets import Encoded, Frame, Malformed, Packet

Decoder = Callable[[Sequence[Frame]], list[Packet | Malformed]]
"""Returns the packet in each frame, or what is wrong with it; never raises. It reads one session, in order."""


@dataclass(frozen=True)
class Handshake:
    """What the server announced when it opened a session.

    Attributes:
        session_id: names the session in every later URL.
        heartbeat_timeout: seconds of silence after which the other side is dead; None: heartbeats are off.
        close_timeout: seconds for which the server keeps a session without a transport; None: not announced.
        transports: the names of what the server offers, in its order; empty: it did not say.
        content_type: what the server called its answer; None: nothing.
        ping_interval: seconds between two beats; None: not announced.
        max_payload: bytes that a body of ours may have; None: not announced.
        frames: what came with the announcement.
        revision: what the server speaks, if that was the question.
        text: the announcement as it came.
    """

    session_id: str
    heartbeat_timeout: float | None
    close_timeout: float | None
    transports: tuple[str, ...]
    content_type: str | None = "text/plain"
    ping_interval: float | None = None
    max_payload: int | None = None
    frames: tuple[Frame, ...] = ()
    revision: Revision | None = None
    text: str = field(default="", compare=False, repr=False)


class Question(NamedTuple):
    """A request for a handshake.

    Attributes:
        path: path and query, beginning with a slash.
        after: asked only if the question before it was answered with one of these statuses; empty: the first.
    """

    path: str
    after: frozenset[int] = frozenset()


class Probe(NamedTuple):
    """What is said over a second transport before it takes a session over: ask, wait for the answer, then confirm."""

    ask: str
    answer: str
    confirm: str


class Framing(Protocol):
    """How the bodies of HTTP carry the frames of one session; ``transports.base`` says what each transport needs."""

    @property
    def content_type(self) -> str:
        """What the body of a POST is called."""

    def encode_payload(self, frames: list[str]) -> str:
        """Return the body of a POST that carries the frames."""

    def decode_payload(self, body: str) -> Sequence[Frame]:
        """Return the frames of an answer, or raise RemoteProtocolError."""


class Revision(Protocol):
    """The grammar, the URLs and the numbers of one generation of servers."""

    @property
    def number(self) -> int | None:
        """The revision of the Socket.IO protocol: 1, 4 or 5; None: it is to be found out."""

    @property
    def servers(self) -> str:
        """The servers that speak it, in words for an error message."""

    @property
    def transports(self) -> Mapping[str, str]:
        """The transports that it has: by the names that users know, the kinds that ``transports`` has."""

    @property
    def asks_to_join(self) -> bool:
        """Whether the client asks to be joined to the default endpoint; if not, the server does that by itself."""

    @property
    def beats_unprompted(self) -> bool:
        """Whether the client beats at its interval in any case, not only while nobody reads and answers."""

    @property
    def answers_once(self) -> bool:
        """Whether a beat that was answered ahead, while nobody read, must not be answered again."""

    def handshakes(self, resource: str) -> tuple[Question, ...]:
        """Return what to ask under ``resource``, one after the other."""

    def direct_path(self, resource: str, transport: str) -> str | None:
        """Return the path at which a transport opens a session by itself; None: it needs a handshake first."""

    def transport_path(self, resource: str, transport: str, session_id: str) -> str:
        """Return the path, beginning with a slash, of one transport of a session."""

    def probe(self, transport: str) -> Probe | None:
        """Return what is said over a transport before it takes the session over; None: nothing."""

    def read_handshake(self, status: int, body: str, content_type: str | None) -> Handshake:
        """Return what the server announced in an answer of this type (None: it did not say).

        Raises:
            HandshakeRejected: the server said no.
            WrongRevision: the server speaks another generation.
            ConnectError: the answer is not that of a Socket.IO server.
        """

    def last_resort(self, resource: str, refusal: str) -> str | None:
        """Return the path at which a websocket may open a session, though the questions were refused like this."""

    def is_opening(self, frames: Sequence[Frame]) -> bool:
        """Return whether the first frames of a transport that opened its session by itself say all that it takes."""

    def read_opening(self, frames: Sequence[Frame]) -> Handshake:
        """Return what the first frames of a transport announced that opened its session by itself.

        Raises:
            ConnectError: they are not those of such a server.
        """

    def check_endpoint(self, name: str) -> str:
        """Return ``name`` if there can be an endpoint of this name, or raise LocalProtocolError or TypeError."""

    def encode(self, packet: Packet) -> Encoded:
        """Return the frame or frames for a packet, or raise LocalProtocolError or TypeError."""

    def farewell(self, transport: str) -> Encoded:
        """Return what is said at the end of a session, before its transport is closed; it may be nothing."""

    def decoder(self) -> Decoder:
        """Return what reads the frames of one session."""

    def framing(self, transport: str, handshake: Handshake) -> Framing:
        """Return how the bodies of a transport carry the frames of the session."""

    def dismissal(self) -> str | None:
        """Return what ends, over polling, a session that was opened and is not wanted; None: it ends by itself."""

    def needs_fence(self, transport: str) -> bool:
        """Return whether the servers may choke on many frames at once over this transport: see ``fence``."""

    def dead_after(self, handshake: Handshake) -> float | None:
        """Return after how many seconds of silence the server is dead; None: silence says nothing."""

    def beat_every(self, handshake: Handshake) -> float | None:
        """Return how often, in seconds, to beat; None: never."""
