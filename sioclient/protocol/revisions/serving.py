"""The server's side of the revisions 4 and 5, and of Engine.IO without Socket.IO, on the grammars that the client uses.

A codec here differs from the client's in what only one side says: who refuses a join, who sends a query or an object
with it, whose names are reserved. The dialect differs in who sends pings and who pongs.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ..framing import Frame, Ping, Pong
from ..jsontext import JsonText, json_text
from ..packets import Close, Connect, Encoded, Error, Heartbeat, Message, Noop, Packet
from . import engine3, engine4
from .base import Decoder
from .engine import EngineDialect
from .engineframing import CLOSE
from .packets4 import ENCODERS, PacketCodec4, PacketReader, endpoint_field
from .packets5 import PacketCodec5
from .plain import MessageCodec

OPEN, UPGRADE, NOOP = "0", "5", "6"
"""Packets of Engine.IO that no layer above sees."""

PROBE_PING, PROBE_PONG = "2probe", "3probe"

PLAIN = 0
"""The number of the dialect of plain WebSockets, which have no revisions."""


class ServingCodec4(PacketCodec4):
    """The codec of revision 4 for a server: clients join with a query, and may be refused."""

    def __init__(self, json: JsonText, most_bytes: int) -> None:
        super().__init__(json, most_bytes)
        self.few_attachments = False  # old clients take any number, and those of today cannot be told from them

    def read(self, header: tuple[str, str, str], body: str, attachments: list[bytes] | None) -> Packet:
        """Return the packet of these parts, with the query behind the name of an endpoint that is to be joined."""
        packet = super().read(header, body, attachments)
        if isinstance(packet, Connect):
            packet.query = (header[1] or "").partition("?")[2]
        return packet

    def refusal(self, packet: Error) -> Any:
        """Return what goes with a refusal: what the application says, or the reason."""
        return packet.reason if packet.data is None else packet.data

    def _encode_error(self, packet: Error) -> tuple[str, list[bytes]]:
        return f"4{endpoint_field(packet.endpoint)}{self.json.write(self.refusal(packet))}", []

    def _decode_error(self, header: tuple[str, int | None], data: Any) -> Packet:
        raise ValueError("only servers refuse")

    encoders: ClassVar[dict[type, Any]] = {**ENCODERS, Error: _encode_error}


class ServingCodec5(ServingCodec4, PacketCodec5):
    """The codec of revision 5 for a server: clients join with an object, and get one back."""

    reserved = frozenset()

    def reader(self) -> PacketReader:  # type: ignore[override]
        """Return a reader for the packets of one session: no client names its events."""
        return PacketReader(self)

    def refusal(self, packet: Error) -> Any:
        """Return the object that goes with a refusal."""
        return {"message": packet.reason, **({} if packet.data is None else {"data": packet.data})}

    def _decode_connect(self, header: tuple[str, int | None], data: Any) -> Packet:
        if data is not None and not isinstance(data, dict):
            raise ValueError("a join with what is not an object")
        return Connect(header[0], data=data)


class ServingDialect(EngineDialect):
    """How a server speaks what clients of an Engine.IO revision speak; see ``EngineDialect`` for the parameters.

    Attributes:
        announces: whether a session begins with an open packet, and may end with a close packet.
        engine: the grammar of the Engine.IO revision.
        client_pings: whether the client sends the pings; if not, the server does.
        heartbeat: the frame of the server's ping, or of its pong.
    """

    announces = True
    heartbeat: Frame  # type: ignore[assignment]

    def __init__(self, number: int, engine: Any, codec: Any, *, alone: bool = False) -> None:
        super().__init__(number, "", engine, codec, alone=alone, asks_to_join=not alone and engine is engine4)
        self.client_pings: bool = engine.HEARTBEATS_UNPROMPTED
        self.heartbeat = engine.SERVER_HEARTBEAT
        self.packets = {CLOSE: Close(), UPGRADE: Noop(), NOOP: Noop(), **engine.PACKETS_OF_CLIENTS}

    def is_sign_of_life(self, frame: Frame) -> bool:
        """Return whether a frame is a ping, a pong or a noop, which no application hears of."""
        return isinstance(frame, str) and isinstance(self.packets.get(frame[:1]), (Heartbeat, Noop))


class PlainDialect(ServingDialect):
    """How a server speaks plain WebSockets: each frame is a message, and the pings are those of RFC 6455."""

    announces = False

    def __init__(self) -> None:
        self._messages = MessageCodec(json_text())
        super().__init__(PLAIN, engine4, self._messages, alone=True)
        self.heartbeat = Ping()

    def encode(self, packet: Packet) -> Encoded:
        """Return the frame of a message."""
        text, attachments = self._messages.encode(packet)
        return tuple(attachments) or text

    def decoder(self) -> Decoder:
        """Return a decoder for the frames of one session."""
        return lambda frames: [Heartbeat() if type(frame) is Pong else Message(frame) for frame in frames]

    def is_sign_of_life(self, frame: Frame) -> bool:
        """Return whether a frame is a pong."""
        return type(frame) is Pong


def serving4(json: JsonText | None = None, most_bytes: int = 2**24) -> ServingDialect:
    """Return how a server speaks revision 4, to clients of socket.io 1.x and 2.x."""
    return ServingDialect(4, engine3, ServingCodec4(json or json_text(), most_bytes))


def serving5(json: JsonText | None = None, most_bytes: int = 2**24) -> ServingDialect:
    """Return how a server speaks revision 5, to clients of socket.io 3.x and 4.x."""
    return ServingDialect(5, engine4, ServingCodec5(json or json_text(), most_bytes))


def serving_alone(number: int, json: JsonText | None = None) -> ServingDialect:
    """Return how a server speaks Engine.IO 3 or 4 without Socket.IO."""
    engine = {3: engine3, 4: engine4}[number]
    return ServingDialect(number, engine, MessageCodec(json or json_text(), engine.SEPARATOR), alone=True)
