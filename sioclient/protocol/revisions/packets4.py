"""The packet grammar of revision 4: ``type[attachments-][endpoint,][id][JSON]``, and the attachments behind it.

Source: the Socket.IO protocol text, revision 4, and what socket.io 1.7.4 and 2.5.1 send and take. There are no
messages beside events: a message is an event with that name. ``packets5`` has the differences of revision 5.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ...errors import LocalProtocolError
from ...names import Name, is_name, not_a_name
from ..jsontext import JsonText
from ..packets import (
    MAX_ID,
    Ack,
    Connect,
    Disconnect,
    Error,
    Event,
    Foreign,
    Json,
    Malformed,
    Message,
    Noop,
    Packet,
)
from . import responses
from .attachments import put_together, take_apart

MOST_ATTACHMENTS = 1000
"""Attachments that a packet from the server may have."""

MOST_TAKEN = 10
"""Attachments in one packet at which socket.io 2.5.1 and 4.8.1 stop: for more, they end the session."""

_NOT_IN_ENDPOINT = re.compile(r"[,?\x00-\x1f\x7f\ud800-\udfff]")
_NOT_IN_QUERY = re.compile(r"[,\x00-\x1f\x7f\ud800-\udfff]")

_PACKET = re.compile(r"([0-6])(?:([0-9]+)-)?(?:(/[^,]*)(?:,|\Z))?([0-9]*)(.*)", re.DOTALL)
_MOST_DIGITS = len(str(MAX_ID))

_INCOMPLETE = Noop()
"""Stands for a packet whose attachments are still to come: a sign of life, and nothing else."""

_Header = tuple[str, "int | None"]
"""Endpoint, id."""

_PLAIN: _Header = ("", None)


class PacketCodec4:
    """Turns packets into texts with their attachments, and back.

    Args:
        json: how JSON is written and read.
        most_bytes: bytes that the attachments of one packet from the server may have together.

    Attributes:
        few_attachments: whether the server may be one that takes no more than ``MOST_TAKEN`` of them in one packet.
    """

    reserved: frozenset[str] = frozenset()
    """The names that an event of the client cannot have."""

    encoders: ClassVar[dict[type, Callable[[PacketCodec4, Any], tuple[str, list[bytes]]]]]
    decoders: ClassVar[dict[str, Callable[[PacketCodec4, _Header, Any], Packet]]]

    def __init__(self, json: JsonText, most_bytes: int) -> None:
        self.json, self.read_json = json, json.read
        self.most_bytes = most_bytes
        self.few_attachments = True

    def encode(self, packet: Packet) -> tuple[str, list[bytes]]:
        """Return the text of a packet, and its attachments.

        Raises:
            LocalProtocolError: the grammar has no text for it (an endpoint with a comma, NaN), or the server would end
                the session for it.
            TypeError: a value of a type that JSON does not have, or a name that is neither text nor a number.
        """
        return self.encoders[type(packet)](self, packet)

    def meet(self, announced: Mapping[str, Any]) -> None:
        """Learn from an open packet whether the server may be one that takes few attachments."""
        # python-engineio writes the two in the other order than engine.io does; it has no such limit.
        names = [name for name in announced if name in ("pingTimeout", "pingInterval")]
        self.few_attachments = names[:1] != ["pingTimeout"]

    def reader(self) -> PacketReader:
        """Return a reader for the packets of one session."""
        return PacketReader(self)

    def read(self, header: tuple[str, str, str], body: str, attachments: list[bytes] | None) -> Packet:
        """Return the packet of these parts: its type, endpoint and id, its JSON, and its attachments if it has any.

        Raises:
            ValueError: these are not the parts of a packet.
        """
        kind, endpoint, id_text = header
        if len(id_text) > _MOST_DIGITS or (id_text and int(id_text) > MAX_ID):
            raise ValueError("an id that is too large")
        data = self.json.read(body) if body else None
        if attachments is not None:
            data = put_together(data, attachments)
        # The default endpoint has no name here, and a query means nothing in a reply.
        name = (endpoint or "").partition("?")[0]
        return self.decoders[kind](self, ("" if name == "/" else name, int(id_text) if id_text else None), data)

    def check_name(self, name: Name) -> Name:
        """Return ``name`` if an event of the client can have it, or raise TypeError or LocalProtocolError."""
        if not isinstance(name, str) and not is_name(name):  # nearly all are texts
            raise not_a_name(name)
        if name in self.reserved:
            raise LocalProtocolError(f"the server takes no event called {name!r}: call it something else")
        return name

    def join_data(self, packet: Connect) -> Any:
        """Return the object that goes with a request to join; None: none does, as always in this revision."""
        return None

    def _encode_connect(self, packet: Connect) -> tuple[str, list[bytes]]:
        query = packet.query.removeprefix("?")
        name = packet.endpoint or ("/" if query else "")
        return f"0{endpoint_field(name, query)}", []

    def _encode_message(self, packet: Message | Json) -> tuple[str, list[bytes]]:
        return self._encode_args(2, packet, ["message", packet.data])

    def _encode_args(self, kind: int, packet: Event | Message | Json | Ack, args: list[Any]) -> tuple[str, list[bytes]]:
        head = endpoint_field(packet.endpoint) + ("" if packet.id is None else str(check_id(packet.id)))
        if not self.json.refuses_bytes:
            return self._encode_apart(kind, head, args)
        try:
            return self.json.write(args, f"{kind}{head}"), []
        except TypeError:
            # Bytes may be the reason. Most packets have none, and need not be searched for them.
            return self._encode_apart(kind, head, args)

    def _encode_apart(self, kind: int, head: str, args: list[Any]) -> tuple[str, list[bytes]]:
        text_args, attachments = take_apart(args)
        if len(attachments) > MOST_TAKEN and self.few_attachments:
            raise LocalProtocolError(
                f"a packet with {len(attachments)} values of bytes would end the session: current socket.io takes "
                f"{MOST_TAKEN}. Join the bytes to fewer values, or send them in several packets"
            )
        before = f"{kind + 3}{len(attachments)}-{head}" if attachments else f"{kind}{head}"
        return self.json.write(text_args, before), attachments

    def _decode_connect(self, header: _Header, data: Any) -> Packet:
        return Connect(header[0])

    def _decode_error(self, header: _Header, data: Any) -> Packet:
        # socket.io sends what the application gave it, mostly a text.
        reason = data if isinstance(data, str) else self.json.write(data)
        return Error(reason, "", header[0], data, final=True)


class PacketReader:
    """Reads the packets of one session in order; one with attachments is complete with the last of them."""

    def __init__(self, codec: PacketCodec4) -> None:
        self._codec = codec
        self._head: tuple[tuple[str, str, str], str] | None = None
        self._missing = 0
        self._room = 0
        self._attachments: list[bytes] = []

    def text(self, frame: str, start: int) -> Packet | Malformed:
        """Return the packet whose text begins at ``start``, a sign of life if it is incomplete, or what is wrong."""
        if self._head is None and frame.startswith("2[", start):
            # Nearly every packet is this: an event of the default endpoint that wants no ack.
            try:
                return self.finish(_decode_event(_PLAIN, self._codec.read_json(frame[start + 1 :])))
            except ValueError as error:
                return Malformed(frame, str(error))
        match = _PACKET.match(frame, start)
        if match is None:
            if responses.is_msgpack(frame[start:]):
                return Foreign(responses.other_parser(frame, has_msgpack=True))
            return Malformed(frame, "not a packet")
        kind, count, endpoint, id_text, body = match.groups()
        if self._head is not None:
            # The JavaScript client ends the connection; here both packets are lost.
            self._forget()
            return Malformed(frame, "a packet among the attachments of another")
        try:
            if kind in "56":
                return self._begin((kind, endpoint, id_text), body, count)
            return self.finish(self._codec.read((kind, endpoint, id_text), body, None))
        except ValueError as error:
            return Malformed(frame, str(error))

    def data(self, data: bytes) -> Packet | Malformed:
        """Return the packet that is complete with this attachment, a sign of life if it is not, or what is wrong."""
        if self._head is None:
            if responses.is_msgpack(data):
                return Foreign(responses.other_parser(data, has_msgpack=True))
            return Malformed(repr(data[:200]), "an attachment without a packet")
        self._room -= len(data)
        if self._room < 0:
            self._forget()
            return Malformed(repr(data[:200]), "attachments that are too large: see max_message_size=")
        self._attachments.append(data)
        if len(self._attachments) < self._missing:
            return _INCOMPLETE
        (header, body), attachments = self._head, self._attachments
        self._forget()
        try:
            return self.finish(self._codec.read(header, body, attachments))
        except ValueError as error:
            return Malformed(body, str(error))

    def finish(self, packet: Packet) -> Packet:
        """Return what the session makes of a packet that was read: here, the packet."""
        return packet

    def _begin(self, header: tuple[str, str, str], body: str, count: str | None) -> Packet:
        if count is None or len(count) > 4 or int(count) > MOST_ATTACHMENTS:
            raise ValueError(f"a packet without the number of its attachments, or with more than {MOST_ATTACHMENTS}")
        if int(count) == 0:
            return self._codec.read(header, body, [])
        self._head, self._missing, self._room = (header, body), int(count), self._codec.most_bytes
        return _INCOMPLETE

    def _forget(self) -> None:
        self._head, self._attachments = None, []


def check_endpoint(endpoint: str) -> str:
    """Return ``endpoint`` if a packet can carry it.

    Raises:
        LocalProtocolError: it does not begin with a slash, or holds a comma, a query, a control character, or half of a
            surrogate pair.
        TypeError: it is not text.
    """
    if not isinstance(endpoint, str):
        raise TypeError(f"an endpoint must be text such as '/chat', not {type(endpoint).__name__}")
    if not endpoint.startswith("/") or _NOT_IN_ENDPOINT.search(endpoint):
        raise LocalProtocolError(
            f"an endpoint must begin with a slash and cannot hold a comma, query or control character: {endpoint!r}"
        )
    return endpoint


def endpoint_field(endpoint: str, query: str = "") -> str:
    """Return the text that names the endpoint in a packet: empty for the default one."""
    if not endpoint:
        return ""
    return f"{check_endpoint(endpoint)}{'?' if query else ''}{check_query(query)},"


def check_query(query: str) -> str:
    """Return ``query`` if a packet can carry it, or raise LocalProtocolError."""
    if _NOT_IN_QUERY.search(query):
        raise LocalProtocolError(f"a query cannot hold a comma or a control character: {query!r}")
    return query


def check_id(number: int) -> int:
    """Return ``number`` if a packet can have this id, or raise LocalProtocolError."""
    if type(number) is not int or not 0 <= number <= MAX_ID:
        raise LocalProtocolError(f"an id must be a whole number from 0 to 2**53, not {number!r}")
    return number


def _decode_event(header: _Header, data: Any) -> Packet:
    if not isinstance(data, list) or not data or not (isinstance(data[0], str) or is_name(data[0])):
        raise ValueError("an event without a name")
    return Event(data[0], data[1:], header[0], header[1], header[1] is not None)


def _decode_ack(codec: PacketCodec4, header: _Header, data: Any) -> Packet:
    if header[1] is None or not isinstance(data, list):
        raise ValueError("an ack without the id of a packet, or without a list")
    return Ack(header[1], data, header[0])


# One table for all: a codec of each revision is made for every connection.
ENCODERS: dict[type, Callable[[PacketCodec4, Any], tuple[str, list[bytes]]]] = {
    Connect: lambda codec, packet: codec._encode_connect(packet),
    Disconnect: lambda codec, packet: (f"1{endpoint_field(packet.endpoint)}", []),
    Event: lambda codec, packet: codec._encode_args(2, packet, [codec.check_name(packet.name), *packet.args]),
    Message: PacketCodec4._encode_message,
    Json: PacketCodec4._encode_message,
    Ack: lambda codec, packet: codec._encode_args(3, packet, packet.args),
}

DECODERS: dict[str, Callable[[PacketCodec4, _Header, Any], Packet]] = {
    "0": lambda codec, header, data: codec._decode_connect(header, data),
    "1": lambda codec, header, data: Disconnect(header[0]),
    "2": lambda codec, header, data: _decode_event(header, data),
    "3": _decode_ack,
    "4": lambda codec, header, data: codec._decode_error(header, data),
    "5": lambda codec, header, data: _decode_event(header, data),
    "6": _decode_ack,
}
"""How the data of a packet is read, by its type."""

PacketCodec4.encoders, PacketCodec4.decoders = ENCODERS, DECODERS
