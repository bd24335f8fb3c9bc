"""What the revisions 4 and 5, and Engine.IO without Socket.IO, have in common: sessions and packets of Engine.IO.

A session is opened over polling or over a websocket; one that was opened over polling may go on over a websocket, once
that was probed. Every frame is a packet: its type is its first character, and a message (4) is for the layer above.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any, Protocol
from urllib.parse import quote

from ...errors import ConnectError, LocalProtocolError, RemoteProtocolError
from ..framing import Frame, Pong
from ..jsontext import JsonText, json_text
from ..packets import Close, Connect, Disconnect, Encoded, Heartbeat, Malformed, Noop, Packet, Ponged
from . import engine3, engine4, responses
from .base import Decoder, Doubt, Handshake, HandshakeRequest, Probe
from .engineframing import CLOSE, EngineFraming
from .msgpackets import MsgpackCodec
from .packets4 import PacketCodec4, check_endpoint
from .packets5 import SERVERS, PacketCodec5
from .plain import MessageCodec

_KINDS = {"websocket": "websocket", "xhr-polling": "engine-polling"}
_NAMES = {"websocket": "websocket", "xhr-polling": "polling"}
_PROBE = Probe("2probe", "3probe", "5")

_MOST_MILLISECONDS = 86_400_000
_SHORTEST_INTERVAL = 0.1
"""Seconds between two heartbeats of the client at least, whatever the server announces."""

_GRACE = 1.0
"""Seconds added to the announced silence, for a packet that is on its way."""

MOST_BYTES = 16 * 2**20
"""Bytes that the attachments of one packet from the server may have, by default."""


class _Reader(Protocol):
    def text(self, frame: str, start: int) -> Packet | Malformed: ...

    def data(self, data: bytes) -> Packet | Malformed: ...


class _Codec(Protocol):
    def encode(self, packet: Packet) -> tuple[str, list[bytes]]: ...

    def meet(self, announced: Mapping[str, Any]) -> None: ...

    def reader(self) -> _Reader: ...


@cache
def _packets(engine: ModuleType, alone: bool) -> dict[str, Packet]:
    """Return what the first characters of frames stand for that hold no message; every connection has the same."""
    packets: dict[str, Packet] = {CLOSE: Close(), "6": Noop(), **engine.PACKETS}
    return {**packets, "0": Connect()} if alone else packets


class EngineDialect:
    """How a generation is spoken whose packets are messages of Engine.IO; see ``Dialect``.

    Args:
        number: the revision of Socket.IO; without it, that of Engine.IO.
        servers: the servers that speak it, in words.
        engine: the grammar of the Engine.IO revision.
        codec: the grammar of the messages.
        asks_to_join: see ``Dialect``.
        alone: whether this is Engine.IO without Socket.IO; then the open packet stands for a join.
        join_advice: see ``Dialect``.
    """

    has_parsers = True

    def __init__(
        self,
        number: int,
        servers: str,
        engine: ModuleType,
        codec: _Codec,
        *,
        asks_to_join: bool = False,
        alone: bool = False,
        join_advice: str = "",
    ) -> None:
        self.number, self.servers, self.engine = number, servers, engine
        self.asks_to_join, self.alone, self.join_advice = asks_to_join, alone, join_advice
        self.takes_turns = not alone
        self.heartbeats_unprompted: bool = engine.HEARTBEATS_UNPROMPTED
        self.pongs_once = not self.heartbeats_unprompted
        self.heartbeat: str = engine.HEARTBEAT
        self._codec, self._wrap_bytes = codec, engine.wrap_bytes
        self.packets = _packets(engine, alone)

    def check_endpoint(self, name: str) -> str:
        """Return ``name`` if an endpoint can have this name; see ``packets4.check_endpoint``."""
        if self.alone:
            raise LocalProtocolError("Engine.IO without Socket.IO has no endpoints")
        return check_endpoint(name)

    def encode(self, packet: Packet) -> Encoded:
        """Return the frame of a packet, or its frames if it has attachments."""
        if isinstance(packet, Heartbeat):
            return self.heartbeat
        text, attachments = self._codec.encode(packet)
        if not attachments:
            return "4" + text
        frames = [self._wrap_bytes(data) for data in attachments]
        return ("4" + text, *frames) if text else tuple(frames)

    def decoder(self) -> Decoder:
        """Return a decoder for the frames of one session."""
        reader, packets, unwrap = self._codec.reader(), self.packets, self.engine.unwrap_bytes

        def decode(frame: Frame) -> Packet | Malformed:
            if isinstance(frame, str):
                if frame.startswith("4"):
                    return reader.text(frame, 1)
                return packets.get(frame[:1]) or Malformed(frame, "not a packet of Engine.IO")
            if type(frame) is Pong:
                return Ponged(frame)
            try:
                return reader.data(unwrap(frame))
            except ValueError as error:
                return Malformed(repr(frame[:200]), str(error))

        return lambda frames: [decode(frame) for frame in frames]

    def meet(self, announced: Mapping[str, Any]) -> None:
        """Learn from the fields of an open packet what the server takes."""
        self._codec.meet(announced)

    def disconnect_packets(self, transport: str) -> tuple[Frame, ...]:
        """Return what ends the default endpoint and the session; nothing for a websocket, whose end is enough."""
        if transport == "websocket":
            return ()
        if self.alone:
            return (CLOSE,)
        end = self.encode(Disconnect())
        return (end, CLOSE) if isinstance(end, str) else (*end, CLOSE)

    def needs_fence(self, transport: str) -> bool:
        """Return False: none of these servers chokes on many frames."""
        return False

    def fence(self, number: int, *, reads_ahead: bool) -> Encoded:
        """Return nothing: no fence is needed."""
        return ()

    def may_count_bytes(self, handshake: Handshake) -> bool:
        """Return False."""
        return False

    def reads_ahead(self, handshake: Handshake) -> bool:
        """Return False."""
        return False

    def posts_beside(self, transport: str, handshake: Handshake) -> None:
        """Return None: a session has one transport at a time."""

    def dead_after(self, handshake: Handshake, transport: str) -> float | None:
        """Return the announced interval and time-out together, and a grace."""
        return None if handshake.heartbeat_timeout is None else handshake.heartbeat_timeout + _GRACE

    def heartbeat_every(self, handshake: Handshake) -> float | None:
        """Return the interval if the client sends the pings; if not, the time when the server surely waits for a pong.

        A pong ahead of its ping would be one too many: python-engineio counts them.
        """
        interval, timeout = handshake.ping_interval or 0.0, handshake.heartbeat_timeout or 0.0
        return max(interval if self.heartbeats_unprompted else (interval + timeout) / 2, _SHORTEST_INTERVAL)


class EngineOpening:
    """How a session of Engine.IO begins; see ``KnownOpening``.

    Args:
        dialect: the dialect of the sessions.
        json: how the open packet is read.
    """

    transports: Mapping[str, str] = _KINDS

    close_packet = CLOSE
    """Without it, the session would last for the time-out."""

    def __init__(self, dialect: EngineDialect, json: JsonText) -> None:
        self.dialect, self.candidates = dialect, (dialect,)
        self.silence_advice = _IF_NEWER if dialect.engine is engine3 else ""
        self._engine, self._json = dialect.engine, json

    def requests(self, resource: str) -> tuple[HandshakeRequest, ...]:
        """Return the one request."""
        return (HandshakeRequest(self._path(resource, "xhr-polling")),)

    def direct_path(self, resource: str, transport: str) -> str | None:
        """Return the path at which a websocket opens a session; for polling, the request for a handshake does."""
        return self._path(resource, transport) if transport == "websocket" else None

    def fallback_path(self, resource: str, refusal: str, tried: str = "") -> str | None:
        """Return the path of a websocket if the server has no polling."""
        return self._path(resource, "websocket") if responses.lacks_transport(refusal) else None

    def transport_path(self, resource: str, transport: str, session_id: str) -> str:
        """Return the path of a transport of a session."""
        return f"{self._path(resource, transport)}&sid={quote(session_id, safe='')}"

    def probe(self, transport: str) -> Probe | None:
        """Return the probe of a websocket that takes over a session that polling opened."""
        return _PROBE if transport == "websocket" else None

    def framing(self, transport: str, handshake: Handshake | None) -> EngineFraming:
        """Return how frames share the bodies of HTTP: none larger than the server has announced."""
        return EngineFraming(self._engine, handshake.max_payload if handshake else None)

    def read_handshake(self, status: int, body: str, content_type: str | None = None) -> Handshake:
        """Return what the open packet announces, which comes first in the body of a poll."""
        text = body.strip("\r\n")
        if status != 200:
            if responses.is_unsupported(text):
                raise responses.wrong_revision("", self.dialect.servers, text)
            raise responses.rejected(status, text, "xhr-polling")
        try:
            frames = self._engine.decode_payload(body)
            fields = self._read_fields(frames[0])
        except (RemoteProtocolError, ValueError, IndexError):
            raise self._other_server(text) from None
        return self._handshake(fields, ("xhr-polling", *_upgrades(fields)), frames, body)

    def doubt(self, frames: Sequence[Frame]) -> Doubt | None:
        """Return None: the open packet comes first and is enough."""
        return None

    def read_open_packet(self, frames: Sequence[Frame]) -> Handshake:
        """Return what the open packet announces, which comes first over a websocket."""
        try:
            fields = self._read_fields(frames[0])
        except ValueError:
            raise responses.not_socketio(str(frames[0][:200])) from None
        return self._handshake(fields, ("websocket",), frames, str(frames[0]))

    def _path(self, resource: str, transport: str) -> str:
        return f"/{resource}/?EIO={self._engine.NUMBER}&transport={_NAMES[transport]}"

    def _read_fields(self, frame: Frame) -> dict[str, Any]:
        if not isinstance(frame, str) or not frame.startswith("0"):
            raise ValueError("not an open packet")
        fields = self._json.read(frame[1:])
        if not isinstance(fields, dict) or not responses.is_session_id(fields.get("sid")):
            raise ValueError("an open packet without the id of a session")
        return fields

    def _handshake(
        self, fields: dict[str, Any], transports: tuple[str, ...], frames: Sequence[Frame], text: str
    ) -> Handshake:
        try:
            interval, timeout = _seconds(fields.get("pingInterval")), _seconds(fields.get("pingTimeout"))
        except ValueError:
            raise responses.not_socketio(str(frames[0])) from None
        self.dialect.meet(fields)
        most = fields.get("maxPayload")
        return Handshake(
            fields["sid"],
            interval + timeout,
            None,
            transports,
            ping_interval=interval,
            max_payload=most if type(most) is int and most > 0 else None,
            frames=("0", *frames[1:]) if self.dialect.alone else tuple(frames[1:]),
            opening=self,
            dialect=self.dialect,
            text=text,
        )

    def _other_server(self, text: str) -> ConnectError:
        """Return the error for a response of another generation, or of no server of this kind."""
        if responses.is_revision_1(text):
            return responses.wrong_revision("1", self.dialect.servers, text)
        seen = responses.engine_revision(text)
        if seen is None or seen == str(self._engine.NUMBER):
            return responses.not_socketio(text)
        return responses.wrong_revision(seen, self.dialect.servers, text)


def revision4(json: JsonText | None = None, most_bytes: int = MOST_BYTES, parser: str | None = None) -> EngineOpening:
    """Return the opening of revision 4: socket.io 1.x and 2.x; a parser came with 2.0."""
    json = json or json_text()
    plain = PacketCodec4(json, most_bytes)
    codec = plain if parser is None else MsgpackCodec(plain, has_texts=True)
    return EngineOpening(EngineDialect(4, "socket.io 1.x and 2.x", engine3, codec), json)


def revision5(json: JsonText | None = None, most_bytes: int = MOST_BYTES, parser: str | None = None) -> EngineOpening:
    """Return the opening of revision 5: socket.io 3.x and 4.x, python-socketio 5."""
    json = json or json_text()
    plain = PacketCodec5(json, most_bytes)
    codec, advice = (plain, _IF_MSGPACK) if parser is None else (MsgpackCodec(plain, has_texts=False), _IF_NO_MSGPACK)
    return EngineOpening(EngineDialect(5, SERVERS, engine4, codec, asks_to_join=True, join_advice=advice), json)


_IF_NEWER = "as socket.io 3.x and 4.x do if they are asked for a session of 1.x or 2.x: leave revision= out"
"""3.1.2 opens the websocket and says nothing; 4.8.1 writes the response that refuses it into the open websocket."""

_IF_MSGPACK = "as a server does that speaks msgpack: see parser='msgpack'"
_IF_NO_MSGPACK = "as a server does that does not speak msgpack: see parser="


def engine_alone(number: int, json: JsonText | None = None) -> EngineOpening:
    """Return the opening of Engine.IO 3 or 4 without Socket.IO."""
    json = json or json_text()
    servers, engine = _ALONE[number]
    codec = MessageCodec(json, engine.SEPARATOR)
    return EngineOpening(EngineDialect(number, servers, engine, codec, alone=True), json)


_ALONE = {3: ("engine.io 1.x to 3.x", engine3), 4: ("engine.io 4.x to 6.x", engine4)}


def _upgrades(fields: dict[str, Any]) -> tuple[str, ...]:
    upgrades = fields.get("upgrades")
    return ("websocket",) if isinstance(upgrades, list) and "websocket" in upgrades else ()


def _seconds(milliseconds: object) -> float:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, (int, float)):
        raise ValueError("not a number of milliseconds")
    if not 0 <= milliseconds <= _MOST_MILLISECONDS:
        raise ValueError("too many milliseconds")
    return milliseconds / 1000
