"""The packets of the revisions 4 and 5 as msgpack: each is one map, ``{type, data, nsp, id}``, in one binary message.

Source: socket.io-msgpack-parser 2.2.1 (for socket.io 2.x) and 3.0.2 (for 3.x and 4.x), and the ``serializer="msgpack"``
of python-socketio 5. Bytes stand among the other values, so there are no attachments. The parser of 2.x writes what
joins, ends and refuses as JSON texts. ``packets4`` and ``packets5`` know what the parts of a packet mean.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from ...errors import LocalProtocolError
from ..packets import MAX_ID, Ack, Connect, Disconnect, Event, Foreign, Json, Malformed, Message, Packet
from . import responses
from .packets4 import PacketCodec4, check_endpoint, check_id, check_query
from .packets5 import SERVERS

MOST_VALUES = 2**20
"""Values of one list, or pairs of one map, from the server: room for all of them is made before the first is read."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_JSON_KEYS = {True: "true", False: "false", None: "null"}


class MsgpackCodec:
    """Turns packets into bytes, and back; see ``PacketCodec4``.

    Args:
        plain: the codec of the same revision without msgpack.
        has_texts: whether what joins, ends and refuses is JSON, as in revision 4.

    Raises:
        ImportError: the package msgpack is not installed.
    """

    def __init__(self, plain: PacketCodec4, *, has_texts: bool) -> None:
        self.plain, self.has_texts = plain, has_texts
        self.pack, self.unpack = load_msgpack()
        self._encoders: dict[type, Callable[[Any], dict[str, Any]]] = {
            Connect: self._join,
            Disconnect: lambda packet: {"type": 1, "nsp": _nsp(packet.endpoint)},
            Event: lambda packet: _fields(2, packet, [plain.check_name(packet.name), *packet.args]),
            Message: lambda packet: _fields(2, packet, ["message", packet.data]),
            Json: lambda packet: _fields(2, packet, ["message", packet.data]),
            Ack: lambda packet: _fields(3, packet, packet.args),
        }

    def encode(self, packet: Packet) -> tuple[str, list[bytes]]:
        """Return an empty text, and the bytes of a packet; or its text alone.

        Raises:
            LocalProtocolError: msgpack cannot hold a value (an integer beyond 64 bits, a circular list).
            TypeError: msgpack does not have the type of a value.
        """
        fields = self._encoders[type(packet)](packet)
        if self.has_texts and fields["type"] < 2:
            # Not by the JSON module of the user: the framing knows the end of an endpoint by how it begins.
            return f'{{"type":{fields["type"]},"nsp":{self.plain.json.write(fields["nsp"])}}}', []
        return "", [self.pack(fields)]

    def meet(self, announced: Mapping[str, Any]) -> None:
        """Learn nothing: no server has a limit that only the open packet tells."""

    def reader(self) -> MsgpackReader:
        """Return a reader for the packets of one session."""
        return MsgpackReader(self)

    def _join(self, packet: Connect) -> dict[str, Any]:
        if self.has_texts:
            query = check_query(packet.query.removeprefix("?"))
            return {"type": 0, "nsp": f"{_nsp(packet.endpoint)}{'?' if query else ''}{query}"}
        data = self.plain.join_data(packet)
        return {"type": 0, "nsp": _nsp(packet.endpoint), **({} if data is None else {"data": data})}


class MsgpackReader:
    """Reads the packets of one session in order."""

    def __init__(self, codec: MsgpackCodec) -> None:
        self._codec, self._plain, self._reader = codec, codec.plain, codec.plain.reader()

    def text(self, frame: str, start: int) -> Packet | Malformed:
        """Return the packet whose JSON begins at ``start``, or what is wrong."""
        if frame.startswith("0", start):
            return Foreign(responses.other_parser(frame, has_msgpack=False))
        if not self._codec.has_texts:
            if responses.is_msgpack(frame[start:]):
                return Foreign(responses.wrong_revision("3", SERVERS, frame))
            return Malformed(frame, "a text, where the parser is msgpack")
        try:
            return self._read(self._plain.json.read(frame[start:]))
        except ValueError as error:
            return Malformed(frame, str(error))

    def data(self, data: bytes) -> Packet | Malformed:
        """Return the packet of these bytes, or what is wrong with them."""
        try:
            fields = self._codec.unpack(data)
            if self._codec.has_texts and isinstance(fields, dict) and fields.get("type") == 0:
                return Foreign(responses.wrong_revision("4", "socket.io 2.x", repr(data)))
            return self._read(fields)
        except (ValueError, TypeError, OverflowError, MemoryError) as error:
            return Malformed(repr(data[:200]), str(error) or type(error).__name__)

    def _read(self, fields: Any) -> Packet:
        if not isinstance(fields, dict):
            raise ValueError("not a map")
        kind, nsp, number = fields.get("type"), fields.get("nsp"), fields.get("id")
        decode = self._plain.decoders.get(str(kind)) if type(kind) is int else None
        if decode is None or not isinstance(nsp, str):
            raise ValueError("not a packet")
        if number is not None and not (type(number) is int and 0 <= number <= MAX_ID):
            raise ValueError("an id that is no whole number, or too large")
        name = nsp.partition("?")[0]
        return self._reader.finish(decode(("" if name == "/" else name, number), fields.get("data")))


def load_msgpack() -> tuple[Callable[[Any], bytes], Callable[[bytes], Any]]:
    """Return what turns a value into bytes, and what reads it.

    Raises:
        ImportError: the package msgpack is not installed.
    """
    try:
        import msgpack
    except ImportError as error:
        raise ImportError(
            'parser="msgpack" needs the package msgpack: pip install sioclient[msgpack]', name="msgpack"
        ) from error
    pack: Callable[[Any], bytes] = msgpack.packb
    unpack: Callable[..., Any] = msgpack.unpackb

    def write(value: Any) -> bytes:
        try:
            return pack(_with_text_keys(value))
        except RecursionError as error:
            raise LocalProtocolError("this value is nested too deep, or contains itself") from error
        except (ValueError, OverflowError) as error:
            raise LocalProtocolError(f"this value is not msgpack: {error}") from error

    def read(data: bytes) -> Any:
        most = min(len(data), MOST_VALUES)
        known: dict[str, Any] = {"max_array_len": most, "max_map_len": most, "unicode_errors": "surrogatepass"}
        try:
            return unpack(data, ext_hook=extension, **known)
        except ValueError:
            # Keys that are numbers could be chosen so that a dictionary of them takes for ever; texts cannot.
            return unpack(data, ext_hook=extension, object_pairs_hook=_from_pairs, strict_map_key=False, **known)

    def extension(code: int, data: bytes) -> Any:
        value = _of_javascript(code, data)
        return msgpack.ExtType(code, data) if value is _NOTHING else value

    return write, read


_NOTHING = object()


def _of_javascript(code: int, data: bytes) -> Any:
    """Return what the packer of JavaScript writes as an extension, as JSON has it: undefined, and dates."""
    if code == 0 and len(data) == 1:
        return None
    if code != 0 or len(data) != 8:
        return _NOTHING
    high, low = struct.unpack(">iI", data)
    date = _EPOCH + timedelta(milliseconds=high * 2**32 + low)
    return date.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _from_pairs(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    return {_text_key(key): value for key, value in pairs}


def _with_text_keys(value: Any) -> Any:
    """Return ``value`` with keys as in JSON: JavaScript has no others, and python-socketio takes no others."""
    if isinstance(value, dict):
        return {_text_key(key): _with_text_keys(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_text_keys(item) for item in value]
    return value


def _text_key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, bool):
        return _JSON_KEYS[key]
    if isinstance(key, (int, float)):
        return str(key)
    raise TypeError(f"a key must be text, a number, True, False or None, not {type(key).__name__}")


def _nsp(endpoint: str) -> str:
    return check_endpoint(endpoint) if endpoint else "/"


def _fields(kind: int, packet: Event | Message | Json | Ack, data: list[Any]) -> dict[str, Any]:
    number = {} if packet.id is None else {"id": check_id(packet.id)}
    return {"type": kind, "data": data, "nsp": _nsp(packet.endpoint), **number}
