"""The packet grammar of revision 1: ``type:id[+]:endpoint[:data]``.

Source: the protocol text of revision 1 (LearnBoost/socket.io-spec) as corrected by what socket.io 0.7.11, 0.8.7
and 0.9.19, TornadIO2 and gevent-socketio really send and take. Where they differ, the codec writes what all of
them read, and reads what any of them writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import LocalProtocolError
from ...names import is_name, name_text, not_a_name
from ..framing import PING_MARK, Pong
from ..jsontext import LONG_TEXT, MOST_LEVELS, JsonText, has_few_brackets
from ..packets import (
    MAX_ID,
    Ack,
    Connect,
    Disconnect,
    Error,
    Event,
    Heartbeat,
    Json,
    Malformed,
    Message,
    Noop,
    Packet,
)
from .attachments import take_apart
from .utf16 import check_pairs

# The id may be missing before a plus (an old server bug); data may hold anything, newlines included.
_PACKET = re.compile(r"([0-8]):([0-9]*)(\+?):([^:]*)(?::(.*))?", re.DOTALL)
_PLAIN_ACK = re.compile(r"6:::([0-9]{1,15})\+(?=\[)")
_ACK_DATA = re.compile(r"([0-9]+)(?:\+(.*))?", re.DOTALL)
_ARGS = ',"args":['
_MOST_HEAD = 200
"""Characters of an event before its arguments, and of a name, that are remembered."""

_MOST_HEADS = 1000
_MOST_NAMES = 100
_STRING_OR_PLUS = re.compile(r'"(?:[^"\\]|\\.)*"|\+')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_MOST_DIGITS = len(str(MAX_ID))

_HEARTBEAT = Heartbeat()

_REASONS = ("transport not supported", "client not handshaken", "unauthorized")
_ADVICE = ("reconnect",)

_Header = tuple[str, "int | None", bool]
"""Endpoint, id, wants_data."""

_Known = tuple[int, str, str]
"""The position where the arguments of an event begin, its name, and its endpoint."""


class PacketCodec:
    """Turns packets into frames and frames into packets.

    Args:
        json: how JSON is written and read.
    """

    def __init__(self, json: JsonText) -> None:
        self._json = json
        self._read_within, self._read_within_long = json.read_within, json.read_within_long
        self._names: dict[str, str] = {}
        self._heads: dict[str, _Known] = {}
        self._prefix, self._last = "nothing yet", (0, "", "")
        self._encoders: dict[type, Callable[[Any], str]] = {
            Disconnect: lambda packet: _join(0, "", packet.endpoint),
            Connect: _encode_connect,
            Heartbeat: lambda packet: "2::",
            Message: self._encode_message,
            Json: lambda packet: _join(4, _id_field(packet), packet.endpoint, json.write(packet.data)),
            Ack: self._encode_ack,
            Error: _encode_error,
            # With empty data behind an id, as measured against the servers: TornadIO2 ends the session without it.
            Noop: lambda packet: _join(8, _id_field(packet), packet.endpoint, None if packet.id is None else ""),
        }
        self._decoders: dict[str, Callable[[_Header, str | None], Packet]] = {
            "0": lambda header, data: Disconnect(header[0]),
            "1": lambda header, data: Connect(header[0], data or "", *header[1:]),
            "2": lambda header, data: Heartbeat(),
            "3": lambda header, data: Message(data or "", *header),
            "4": self._decode_json,
            "5": self._decode_event,
            "6": self._decode_ack,
            "7": _decode_error,
            "8": lambda header, data: Noop(*header),
        }

    def encode(self, packet: Packet) -> str:
        """Return the frame for one packet.

        Raises:
            LocalProtocolError: the grammar has no text for it (an endpoint with a colon, an id of 0, NaN, bytes).
            TypeError: a value of a type that JSON does not have, or a name that is neither text nor a number.
        """
        if type(packet) is not Event:  # as nearly all are
            try:
                return self._encoders[type(packet)](packet)
            except TypeError as error:
                raise _explained(error, packet) from error
        name = packet.name
        if not isinstance(name, str):
            # These servers ignore a name that is a number, or go deaf (gevent-socketio); on('5') and on(5) hear "5".
            if not is_name(name):
                raise not_a_name(name)
            name = name_text(name)
        if packet.endpoint or not (packet.id is None or (type(packet.id) is int and 0 < packet.id <= MAX_ID)):
            head = _join(5, _id_field(packet), packet.endpoint)
        else:
            head = "5::" if packet.id is None else f"5:{packet.id}{'+' if packet.wants_data else ''}:"
        written = self._names.get(name) or self._write_name(name)
        if not packet.args:
            return f'{head}:{{"name":{written}}}'
        try:
            return self._json.write(packet.args, f'{head}:{{"name":{written},"args":', "}")
        except TypeError as error:
            raise _explained(error, packet) from error

    def decode(self, frame: str | bytes) -> Packet | Malformed:
        """Return the packet in one frame, or what is wrong with it; never raises."""
        return self.decode_all((frame,))[0]

    def decode_all(self, frames: Sequence[str | bytes]) -> list[Packet | Malformed]:
        """Do what ``decode`` does, for many frames. The speed of receiving depends on this loop."""
        prefix, (start, name, endpoint) = self._prefix, self._last
        read, new = self._read_within, object.__new__
        packets: list[Packet | Malformed] = []
        frame: Any
        for frame in frames:
            # Nearly every frame is an event like the one before it: then only its arguments are read, and the brace.
            try:
                if not frame.startswith(prefix):
                    if frame[0] == "6":
                        packets.append(self._decode_plain_ack(frame))
                        continue
                    if frame == "2::":
                        packets.append(_HEARTBEAT)
                        continue
                    if not self._recall(frame):
                        packets.append(self._decode_any(frame))
                        continue
                    prefix, (start, name, endpoint) = self._prefix, self._last
                size = len(frame)
                args, end = read(frame, start) if size <= MOST_LEVELS else self._read_long(frame, start)
                if size - end == 1 and frame[end] == "}":
                    event = new(Event)  # what Event() does, in half the time
                    event.name, event.args, event.endpoint = name, args, endpoint
                    event.id, event.wants_data = None, False
                    packets.append(event)
                    continue
            except (ValueError, RecursionError, StopIteration, TypeError, IndexError):
                pass  # it is read again below, to find what is wrong with it
            packets.append(self._decode_any(frame))
        return packets

    def _read_long(self, frame: str, start: int) -> tuple[Any, int]:
        """Return the value at ``start`` of a long frame and its end, or raise ValueError if there are many brackets."""
        if not has_few_brackets(frame):
            raise ValueError("it may be nested too deep")
        return (self._read_within if len(frame) < LONG_TEXT else self._read_within_long)(frame, start)

    def _decode_plain_ack(self, frame: str) -> Packet | Malformed:
        """Do what ``decode`` does, faster for what most acks are: of the default endpoint, with values."""
        match = _PLAIN_ACK.match(frame)
        if match is not None and (len(frame) <= MOST_LEVELS or has_few_brackets(frame)):
            args, end = self._read_within(frame + " ", match.end())
            if end == len(frame):
                return Ack(int(match[1]), args)
        return self._decode_any(frame)

    def _recall(self, frame: str) -> _Known | None:
        """Return the known beginning of an event with arguments; None: the frame has none."""
        at = frame.find(_ARGS, 0, _MOST_HEAD)
        if at < 0:
            return None
        head = frame[:at]
        known = self._heads.get(head)
        if known is None and len(self._heads) < _MOST_HEADS:
            # If the text before the arguments is an event once it is closed, so it is with arguments in between.
            event = self._decode_any(head + "}")
            if type(event) is Event and event.id is None and not event.args:
                known = self._heads[head] = at + len(_ARGS) - 1, str(event.name), event.endpoint
        if known is not None:
            self._prefix, self._last = head + _ARGS, known
        return known

    def _decode_any(self, frame: str | bytes) -> Packet | Malformed:
        if not isinstance(frame, str):
            digits = frame.removeprefix(PING_MARK)
            if type(frame) is Pong and digits.isdigit() and len(digits) <= _MOST_DIGITS:
                return Ack(int(digits))  # for a fence that was a ping
            return Malformed(repr(frame[:200]), "a binary frame, which revision 1 does not have")
        match = _PACKET.fullmatch(frame)
        if match is None:
            # The protocol text ends a session with a lone 0; no server is known to send it.
            return Disconnect() if frame == "0" else Malformed(frame, "not a packet")
        kind, id_text, plus, endpoint, data = match.groups()
        number = int(id_text) if id_text and len(id_text) <= _MOST_DIGITS else None
        if id_text and (number is None or number > MAX_ID):
            return Malformed(frame, "an id that is too large")
        try:
            return self._decoders[kind]((endpoint, number, bool(plus) and number is not None), data)
        except ValueError as error:
            return Malformed(frame, str(error))

    def _encode_message(self, packet: Message) -> str:
        if not isinstance(packet.data, str):
            raise TypeError(
                f"a message must be text, not {type(packet.data).__name__}; a JSON message can hold other values"
            )
        # "3:::" also for the empty text: TornadIO2 reads "3::" as None.
        return _join(3, _id_field(packet), packet.endpoint, check_pairs("a message", packet.data))

    def _write_name(self, name: str) -> str:
        text = self._json.write(name)
        if len(self._names) < _MOST_NAMES and len(name) <= _MOST_HEAD:
            self._names[name] = text
        return text

    def _encode_ack(self, packet: Ack) -> str:
        data = _id_text(packet.id, least=0)
        if packet.args:
            # TornadIO2 ends the session and gevent-socketio goes deaf at any other plus than the first.
            data += "+" + _STRING_OR_PLUS.sub(_without_plus, self._json.write(packet.args))
        return _join(6, "", packet.endpoint, data)

    def _decode_json(self, header: _Header, data: str | None) -> Packet:
        # No data field at all is what 0.9 makes of json.send(undefined).
        return Json(None if data is None else self._json.read(data), *header)

    def _decode_event(self, header: _Header, data: str | None) -> Packet:
        body = self._json.read(data or "")
        if not isinstance(body, dict) or not isinstance(body.get("name"), str):
            raise ValueError("an event without a name")
        return Event(body["name"], _as_args(body.get("args")), *header)

    def _decode_ack(self, header: _Header, data: str | None) -> Packet:
        match = _ACK_DATA.fullmatch(data or "")
        if match is None or len(match[1]) > _MOST_DIGITS or int(match[1]) > MAX_ID:
            raise ValueError("an ack without the id of a packet")
        try:
            args = _as_args(self._json.read(match[2])) if match[2] else []
        except ValueError:
            args = []  # as in the JS client: the id is known, and a callback waits for it
        return Ack(int(match[1]), args, header[0])


def check_endpoint(endpoint: str) -> str:
    """Return ``endpoint`` if a packet can carry it.

    Raises:
        LocalProtocolError: it holds a colon (the grammar has no escape for it), a control character, or half of a
            surrogate pair.
        TypeError: it is not text.
    """
    if not isinstance(endpoint, str):
        raise TypeError(f"an endpoint must be text such as '/chat', not {type(endpoint).__name__}")
    if ":" in endpoint or _CONTROL.search(endpoint):
        raise LocalProtocolError(f"an endpoint cannot hold a colon or a control character: {endpoint!r}")
    return check_pairs("an endpoint", endpoint)


def _join(kind: int, id_field: str, endpoint: str, data: str | None = None) -> str:
    head = f"{kind}:{id_field}:{check_endpoint(endpoint) if endpoint else ''}"
    return head if data is None else f"{head}:{data}"


def _id_field(packet: Connect | Message | Json | Event | Noop) -> str:
    if packet.id is None:
        return ""
    return _id_text(packet.id, least=1) + ("+" if packet.wants_data else "")


def _id_text(number: int, *, least: int) -> str:
    # Ids start at 1, since the JS encoders drop 0; but a server that uses 0 gets its ack.
    if type(number) is not int or not least <= number <= MAX_ID:
        raise LocalProtocolError(f"an id must be a whole number from 1 to 2**53, not {number!r}")
    return str(number)


def _encode_connect(packet: Connect) -> str:
    if _CONTROL.search(packet.query):
        raise LocalProtocolError(f"a query cannot hold a control character: {packet.query!r}")
    return _join(1, _id_field(packet), packet.endpoint, check_pairs("a query", packet.query) or None)


def _encode_error(packet: Error) -> str:
    reason, advice = _code(packet.reason, _REASONS), _code(packet.advice, _ADVICE)
    # The last plus is the one before the advice, so a reason with a plus needs one behind it.
    data = f"{reason}+{advice}" if advice or "+" in reason else reason
    return _join(7, "", packet.endpoint, check_pairs("an error", data) or None)


def _code(text: str, known: tuple[str, ...]) -> str:
    return str(known.index(text)) if text in known else text


def _named(code: str, known: tuple[str, ...]) -> str:
    return known[int(code)] if code.isascii() and code.isdigit() and int(code) < len(known) else code


def _decode_error(header: _Header, data: str | None) -> Packet:
    endpoint, text = header[0], data or ""
    if not endpoint and "/" in text:
        # gevent-socketio writes the endpoint behind the data; no reason with a slash looks like this.
        head, slash, tail = text.partition("/")
        if not head or re.fullmatch(r"[0-9]*\+?[0-9]*", head):
            text, endpoint = head, slash + tail
    reason, _, advice = text.rpartition("+") if "+" in text else (text, "", "")
    return Error(_named(reason, _REASONS), _named(advice, _ADVICE), endpoint)


def _as_args(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _without_plus(match: re.Match[str]) -> str:
    # Outside a string a plus is that of an exponent, which means the same without it.
    text = match[0]
    return "" if text == "+" else text.replace("+", "\\u002b")


def _explained(error: TypeError, packet: Any) -> Exception:
    """Return the error for a packet that cannot be written: bytes are the most frequent reason."""
    values = packet.args if isinstance(packet, (Event, Ack)) else packet.data if isinstance(packet, Json) else None
    if not take_apart(values)[1]:
        return error
    return LocalProtocolError("revision 1 (socket.io 0.7 to 0.9) has no bytes: send text, such as base64 of them")
