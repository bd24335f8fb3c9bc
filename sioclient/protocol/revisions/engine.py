"""What the revisions 4 and 5, and Engine.IO alone, have in common: sessions and packets of Engine.IO.

A session is opened over polling or over a websocket; one that was opened over polling may go on over a websocket, once
that was probed. Every frame is a packet: its type is its first character, and a message (4) is for the layer above.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from types import ModuleType
from typing import Any, Protocol
from urllib.parse import quote

from ...errors import ConnectError, LocalProtocolError, RemoteProtocolError
from ..jsontext import JsonText
from ..packets import Close, Connect, Encoded, Frame, Heartbeat, Malformed, Noop, Packet
from . import answers, engine3, engine4
from .base import Decoder, Handshake, Probe, Question
from .packets4 import PacketCodec4, check_endpoint
from .packets5 import SERVERS, PacketCodec5
from .plain import MessageCodec

_KINDS = {"websocket": "websocket", "xhr-polling": "engine-polling"}
_NAMES = {"websocket": "websocket", "xhr-polling": "polling"}
_PROBE = Probe("2probe", "3probe", "5")
_CLOSE = "1"

_MOST_MILLISECONDS = 86_400_000
_SHORTEST_INTERVAL = 0.1
"""Seconds between two beats of ours at least, whatever the server announces."""

_GRACE = 1.0
"""Seconds on top of the announced silence, for a packet that is on its way."""

_ENDINGS = ("41", _CLOSE)

MOST_FRAMES = 16
"""Frames in one body: python-engineio refuses more."""

MOST_BYTES = 16 * 2**20


class _Reader(Protocol):
    def text(self, frame: str, start: int) -> Packet | Malformed: ...

    def data(self, data: bytes) -> Packet | Malformed: ...


class _Codec(Protocol):
    def encode(self, packet: Packet) -> tuple[str, list[bytes]]: ...

    def reader(self) -> _Reader: ...


class EngineRevision:
    """A generation whose packets are messages of Engine.IO.

    Args:
        number: the revision of Socket.IO; for Engine.IO alone, its own.
        servers: who speaks it.
        engine: the grammar of the Engine.IO revision.
        codec: the grammar of the messages.
        json: how JSON is read.
        asks_to_join: see ``Revision``.
        joined_by_opening: whether there is nothing to join.
    """

    transports: Mapping[str, str] = _KINDS

    def __init__(
        self,
        number: int,
        servers: str,
        engine: ModuleType,
        codec: _Codec,
        json: JsonText,
        *,
        asks_to_join: bool = False,
        joined_by_opening: bool = False,
    ) -> None:
        self.number, self.servers = number, servers
        self.asks_to_join = asks_to_join
        self.beats_unprompted: bool = engine.BEATS_UNPROMPTED
        self.answers_once = not self.beats_unprompted
        self._engine, self._codec, self._json = engine, codec, json
        self._joined_by_opening = joined_by_opening
        self._packets: dict[str, Packet] = {_CLOSE: Close(), "6": Noop(), **engine.PACKETS}
        if joined_by_opening:
            self._packets["0"] = Connect()

    # Sessions

    def handshakes(self, resource: str) -> tuple[Question, ...]:
        """Return the one question that there is."""
        return (Question(self._path(resource, "xhr-polling")),)

    def direct_path(self, resource: str, transport: str) -> str | None:
        """Return the path at which a websocket opens a session; polling does so by the handshake."""
        return self._path(resource, transport) if transport == "websocket" else None

    def transport_path(self, resource: str, transport: str, session_id: str) -> str:
        """Return the path of a transport of a session."""
        return f"{self._path(resource, transport)}&sid={quote(session_id, safe='')}"

    def probe(self, transport: str) -> Probe | None:
        """Return what is said over a websocket before it takes over a session that polling opened."""
        return _PROBE if transport == "websocket" else None

    def read_handshake(self, status: int, body: str, content_type: str | None = None) -> Handshake:
        """Return what the open packet announces, which comes first in the body of a poll."""
        text = body.strip("\r\n")
        if status != 200:
            if answers.is_unsupported(text):
                raise answers.wrong_revision("", self.servers, text)
            raise answers.rejected(status, text)
        try:
            frames = self._engine.decode_payload(body)
            opening = self._read_open(frames[0])
        except (RemoteProtocolError, ValueError, IndexError):
            raise self._other(text) from None
        return self._handshake(opening, ("xhr-polling", *_upgrades(opening)), frames, body)

    def last_resort(self, resource: str, refusal: str) -> str | None:
        """Return the path of a websocket, if polling is what the server does not have."""
        return self._path(resource, "websocket") if answers.has_no_polling(refusal) else None

    def is_opening(self, frames: Sequence[Frame]) -> bool:
        """Return True: the first frame says it all."""
        return True

    def read_opening(self, frames: Sequence[Frame]) -> Handshake:
        """Return what the open packet announces, which comes first over a websocket."""
        try:
            opening = self._read_open(frames[0])
        except ValueError:
            raise answers.not_socketio(str(frames[0][:200])) from None
        return self._handshake(opening, ("websocket",), frames, str(frames[0]))

    def check_endpoint(self, name: str) -> str:
        """Return ``name`` if there can be an endpoint of this name; see ``packets4.check_endpoint``."""
        if self._joined_by_opening:
            raise LocalProtocolError("Engine.IO alone has no endpoints")
        return check_endpoint(name)

    # Packets

    def encode(self, packet: Packet) -> Encoded:
        """Return the frame for a packet, or its frames if it has attachments."""
        if isinstance(packet, Heartbeat):
            return self._beat
        text, attachments = self._codec.encode(packet)
        if not attachments:
            return "4" + text
        frames = [self._engine.wrap_bytes(data) for data in attachments]
        return ("4" + text, *frames) if text else tuple(frames)

    def farewell(self, transport: str) -> Encoded:
        """Return the packets that leave and close; nothing over a websocket, which says so itself when it is closed.

        socket.io forgets the events that it reads together with a disconnect: what was emitted last would be lost.
        """
        if transport == "websocket":
            return ()
        return _CLOSE if self._joined_by_opening else ("41", _CLOSE)

    def decoder(self) -> Decoder:
        """Return what reads the frames of one session."""
        reader, packets, unwrap = self._codec.reader(), self._packets, self._engine.unwrap_bytes

        def decode(frame: Frame) -> Packet | Malformed:
            if isinstance(frame, str):
                if frame.startswith("4"):
                    return reader.text(frame, 1)
                return packets.get(frame[:1]) or Malformed(frame, "not a packet of Engine.IO")
            try:
                return reader.data(unwrap(frame))
            except ValueError as error:
                return Malformed(repr(frame[:200]), str(error))

        return lambda frames: [decode(frame) for frame in frames]

    def framing(self, transport: str, handshake: Handshake) -> EngineFraming:
        """Return how frames share the bodies of HTTP: none larger than the server has announced."""
        return EngineFraming(self._engine, handshake.max_payload)

    def dismissal(self) -> str | None:
        """Return the close packet: else the session would last for the time-out."""
        return _CLOSE

    # Heartbeats

    def needs_fence(self, transport: str) -> bool:
        """Return False: none of these servers chokes on many frames."""
        return False

    def dead_after(self, handshake: Handshake) -> float | None:
        """Return the announced interval and time-out together, and a grace."""
        return None if handshake.heartbeat_timeout is None else handshake.heartbeat_timeout + _GRACE

    def beat_every(self, handshake: Handshake) -> float | None:
        """Return the interval if it is the client that begins; if not, a time at which an answer is surely awaited.

        An answer ahead of the question would be one too many: python-engineio counts them.
        """
        interval, timeout = handshake.ping_interval or 0.0, handshake.heartbeat_timeout or 0.0
        return max(interval if self.beats_unprompted else (interval + timeout) / 2, _SHORTEST_INTERVAL)

    def _path(self, resource: str, transport: str) -> str:
        return f"/{resource}/?EIO={self._engine.NUMBER}&transport={_NAMES[transport]}"

    def _read_open(self, frame: Frame) -> dict[str, Any]:
        if not isinstance(frame, str) or not frame.startswith("0"):
            raise ValueError("no open packet")
        opening = self._json.read(frame[1:])
        if not isinstance(opening, dict) or not answers.is_session_id(opening.get("sid")):
            raise ValueError("an open packet without the id of a session")
        return opening

    def _handshake(
        self, opening: dict[str, Any], transports: tuple[str, ...], frames: Sequence[Frame], text: str
    ) -> Handshake:
        try:
            interval, timeout = _seconds(opening.get("pingInterval")), _seconds(opening.get("pingTimeout"))
        except ValueError:
            raise answers.not_socketio(str(frames[0])) from None
        most = opening.get("maxPayload")
        return Handshake(
            opening["sid"],
            interval + timeout,
            None,
            transports,
            ping_interval=interval,
            max_payload=most if type(most) is int and most > 0 else None,
            frames=("0", *frames[1:]) if self._joined_by_opening else tuple(frames[1:]),
            text=text,
        )

    @property
    def _beat(self) -> str:
        return str(self._engine.BEAT)

    def _other(self, text: str) -> ConnectError:
        """Return the error for an answer of another generation, or of no server of this kind."""
        if answers.is_revision_1(text):
            return answers.wrong_revision("1", self.servers, text)
        seen = answers.engine_revision(text)
        if seen is None or seen == str(self._engine.NUMBER):
            return answers.not_socketio(text)
        return answers.wrong_revision(seen, self.servers, text)


class EngineFraming:
    """How the frames of one session share the bodies of HTTP.

    Args:
        engine: the grammar of the Engine.IO revision.
        most: bytes that the server takes in one body; None: it did not say.
    """

    def __init__(self, engine: ModuleType, most: int | None) -> None:
        self._engine, self._most = engine, most

    content_type = "text/plain;charset=UTF-8"

    def bodies(self, frames: Sequence[Frame]) -> Iterator[Frame]:
        """Yield the bodies that carry the frames in order; one of bytes is an octet-stream."""
        return map(self._engine.body, self._shares(frames))

    def encode_payload(self, frames: list[str]) -> str:
        """Return one body that carries texts."""
        return str(self._engine.join(frames))

    def decode_payload(self, body: str) -> list[Frame]:
        """Return the frames of one body, or raise RemoteProtocolError."""
        frames: list[Frame] = self._engine.decode_payload(body)
        return frames

    def _shares(self, frames: Sequence[Frame]) -> Iterator[list[Frame]]:
        """Yield the frames that may share a body: not too many, and what ends something alone: see ``farewell``."""
        share: list[Frame] = []
        room = most = inf if self._most is None else self._most
        for frame in frames:
            ends, size = isinstance(frame, str) and frame.startswith(_ENDINGS), self._engine.size(frame)
            if share and (ends or size > room or len(share) == MOST_FRAMES):
                yield share
                share, room = [], most
            share.append(frame)
            room = 0 if ends else room - size
        if share:
            yield share


def revision4(json: JsonText | None = None, most_bytes: int = MOST_BYTES) -> EngineRevision:
    """Return revision 4: socket.io 1.x and 2.x."""
    json = json or JsonText()
    return EngineRevision(4, "socket.io 1.x and 2.x", engine3, PacketCodec4(json, most_bytes), json)


def revision5(json: JsonText | None = None, most_bytes: int = MOST_BYTES) -> EngineRevision:
    """Return revision 5: socket.io 3.x and 4.x, python-socketio 5."""
    json = json or JsonText()
    return EngineRevision(5, SERVERS, engine4, PacketCodec5(json, most_bytes), json, asks_to_join=True)


def engine_alone(number: int, json: JsonText | None = None) -> EngineRevision:
    """Return Engine.IO 3 or 4 without Socket.IO."""
    json = json or JsonText()
    servers, grammar = _ALONE[number]
    return EngineRevision(number, servers, grammar, MessageCodec(json, grammar.SEPARATOR), json, joined_by_opening=True)


_ALONE = {3: ("engine.io 1.x to 3.x", engine3), 4: ("engine.io 4.x to 6.x", engine4)}


def _upgrades(opening: dict[str, Any]) -> tuple[str, ...]:
    upgrades = opening.get("upgrades")
    return ("websocket",) if isinstance(upgrades, list) and "websocket" in upgrades else ()


def _seconds(milliseconds: object) -> float:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, (int, float)):
        raise ValueError("no number of milliseconds")
    if not 0 <= milliseconds <= _MOST_MILLISECONDS:
        raise ValueError("too many milliseconds")
    return milliseconds / 1000
