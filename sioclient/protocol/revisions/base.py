"""The interface of a generation of servers: an Opening begins a session, a Dialect is spoken in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple, Protocol, cast

from ..framing import Frame, Framing
from ..packets import Encoded, Malformed, Packet

Decoder = Callable[[Sequence[Frame]], list[Packet | Malformed]]
"""Returns, for each frame, its packet or what is wrong with it; never raises. It reads one session, in order."""


class HandshakeRequest(NamedTuple):
    """A GET that asks for a handshake.

    Attributes:
        path: path and query, beginning with a slash.
        after: the statuses of the response before it that make this request worth a try; empty: it is the first.
    """

    path: str
    after: frozenset[int] = frozenset()


class Doubt(NamedTuple):
    """What clears up which revision the server speaks that has opened a session over a websocket.

    Attributes:
        ping: the frame to send; a server of the other revision has a pong for it.
        opening: the opening of the revision whose servers do not respond, or end the session because of the ping.
    """

    ping: str
    opening: KnownOpening


class Probe(NamedTuple):
    """The frames that try a second transport before it takes a session over: ping, wait for the pong, then upgrade."""

    ping: str
    pong: str
    upgrade: str


class Posts(NamedTuple):
    """How packets are posted beside the transport of a session.

    Attributes:
        transport: the name of the transport whose POSTs these are.
        most_shared: bytes of a body that several packets may share.
        longest_text: characters that a packet may have that is not ASCII.
    """

    transport: str
    most_shared: int
    longest_text: float = inf

    def take(self, packet: Encoded) -> bool:
        """Return whether the server reads a packet that is posted as it reads it otherwise."""
        return not isinstance(packet, str) or len(packet) <= self.longest_text or packet.isascii()


@dataclass(frozen=True)
class Handshake:
    """What the server announced when it opened a session.

    Every handshake that an opening returns has its opening and its dialect; only tests make one without them.

    Attributes:
        session_id: names the session in every later URL.
        heartbeat_timeout: seconds of silence after which the other side is dead; None: heartbeats are off.
        close_timeout: seconds for which the server keeps a session without a transport; None: not announced.
        transports: the names of the transports that the server offers, in its order; empty: it did not say.
        content_type: the Content-Type of the response; None: it had none.
        ping_interval: seconds between two heartbeats; None: not announced.
        max_payload: bytes that the server takes in one body; None: not announced.
        frames: the frames that came in the same response.
        opening: knows the paths of the session; that of a known revision, whichever one asked.
        dialect: the dialect of the session.
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
    opening: KnownOpening = field(default=cast("KnownOpening", None), compare=False, repr=False)
    dialect: Dialect = field(default=cast("Dialect", None), compare=False, repr=False)
    text: str = field(default="", compare=False, repr=False)


class Opening(Protocol):
    """How a session begins: the requests, and how their responses are read."""

    @property
    def dialect(self) -> Dialect | None:
        """The dialect of every session; None: only the handshake tells it."""

    @property
    def candidates(self) -> Sequence[Dialect]:
        """The dialects of which it is that of the session; the handshake says which."""

    @property
    def transports(self) -> Mapping[str, str]:
        """The kinds of transport that ``transports`` has, by the names that users know."""

    @property
    def silence_advice(self) -> str:
        """What it may mean if a websocket opens and no open packet comes; empty: nothing is known."""

    def requests(self, resource: str) -> tuple[HandshakeRequest, ...]:
        """Return the requests for a handshake under ``resource``, to be made one after the other."""

    def direct_path(self, resource: str, transport: str) -> str | None:
        """Return the path at which a transport opens a session by itself; None: it needs a handshake first."""

    def fallback_path(self, resource: str, refusal: str, tried: str = "") -> str | None:
        """Return the path at which a websocket may open a session after such a refusal; None: there is none.

        Args:
            resource: as in ``requests``.
            refusal: the body of the response.
            tried: the path of the websocket that was refused; empty: it was a handshake.
        """

    def framing(self, transport: str, handshake: Handshake | None) -> Framing:
        """Return how the bodies of a transport carry frames; without a handshake, for one that opens a session."""

    def read_handshake(self, status: int, body: str, content_type: str | None) -> Handshake:
        """Return the handshake in a response.

        Raises:
            HandshakeRejected: the server refused.
            WrongRevision: the server speaks another generation.
            ConnectError: the response is not that of a Socket.IO server.
        """

    def doubt(self, frames: Sequence[Frame]) -> Doubt | None:
        """Return what clears up the revision if these first frames of a transport do not tell it."""

    def read_open_packet(self, frames: Sequence[Frame]) -> Handshake:
        """Return the handshake in the first frames of a transport that opened a session by itself.

        Raises:
            ConnectError: the frames are not those of a Socket.IO server.
        """


class KnownOpening(Opening, Protocol):
    """The opening of one revision, which also knows how a session that was opened goes on."""

    @property
    def dialect(self) -> Dialect:
        """The dialect of every session that this opens."""

    @property
    def close_packet(self) -> str | None:
        """The packet that ends, over polling, a session that is not wanted; None: the session ends by itself."""

    def transport_path(self, resource: str, transport: str, session_id: str) -> str:
        """Return the path, beginning with a slash, of one transport of a session."""

    def probe(self, transport: str) -> Probe | None:
        """Return the probe of a transport that takes a session over; None: it needs no probe."""


class Dialect(Protocol):
    """How a session is spoken: the grammar and the heartbeats of one generation of servers."""

    @property
    def number(self) -> int:
        """The revision of the Socket.IO protocol, 1, 4 or 5; without Socket.IO, that of Engine.IO, 3 or 4."""

    @property
    def servers(self) -> str:
        """The servers that speak it, in words for an error message."""

    @property
    def join_advice(self) -> str:
        """What may be wrong if the server does not let us join, and does not say why; empty: nothing is known."""

    @property
    def asks_to_join(self) -> bool:
        """Whether the client asks to join the default endpoint; if not, the server joins it unasked."""

    @property
    def takes_turns(self) -> bool:
        """Whether servers want a pause between a join and what comes next for that endpoint: see ``turns``."""

    @property
    def has_parsers(self) -> bool:
        """Whether its servers may write packets in another way, such as msgpack."""

    @property
    def heartbeats_unprompted(self) -> bool:
        """Whether the client always sends heartbeats at its interval, not only while nobody reads."""

    @property
    def pongs_once(self) -> bool:
        """Whether the server takes one pong for each ping: after one ahead of its ping, the ping gets none."""

    def check_endpoint(self, name: str) -> str:
        """Return ``name`` if an endpoint can have this name, or raise LocalProtocolError or TypeError."""

    def encode(self, packet: Packet) -> Encoded:
        """Return the frame or frames of a packet, or raise LocalProtocolError or TypeError."""

    def decoder(self) -> Decoder:
        """Return a decoder for the frames of one session."""

    def disconnect_packets(self, transport: str) -> tuple[Frame, ...]:
        """Return the frames that end a session, to be sent before its transport is closed."""

    def needs_fence(self, transport: str) -> bool:
        """Return whether the servers may choke on many frames at once over this transport: see ``fence``."""

    def fence(self, number: int, *, reads_ahead: bool) -> Encoded:
        """Return what the server acknowledges, as a packet with this id, once it has read all that came before."""

    def may_count_bytes(self, handshake: Handshake) -> bool:
        """Return whether the server may be one that counts the bytes of a websocket, and kicks: see ``fence``."""

    def reads_ahead(self, handshake: Handshake) -> bool:
        """Return whether the server looks at a frame only when it has read all that came: see ``fence``."""

    def posts_beside(self, transport: str, handshake: Handshake) -> Posts | None:
        """Return how packets may be posted beside this transport; None: the servers take no POSTs then."""

    def dead_after(self, handshake: Handshake, transport: str) -> float | None:
        """Return the seconds of silence over a transport after which the server is dead; None: silence says nothing."""

    def heartbeat_every(self, handshake: Handshake) -> float | None:
        """Return the seconds between two heartbeats of the client; None: it sends none."""
