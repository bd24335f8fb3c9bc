"""What crosses between the processes of a server: JSON of one version, of which every field is checked.

Bytes are ``{"$bytes": "base64"}``. An object that looks like that, with one key that begins with ``$``, has a second
``$`` before it. Whoever can publish on the channel can send events to clients; nothing that is read here is run.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Union

from ..errors import LocalProtocolError
from ..protocol.jsontext import json_text
from ..protocol.packets import Event, Json, Message, UserPacket

CHANNEL = "sioclient"
"""The channel of Redis, unless another is named; Redis has the same channels in all of its databases."""

VERSION = 1
"""The version of this grammar; messages of another one are dropped."""

MOST_COUNTED = 2**53
"""What a process may say that it has."""

_NAME = re.compile(r"[\w-]{1,64}", re.ASCII)
_BYTES = "$bytes"
_json = json_text()


@dataclass(frozen=True)
class Sent:
    """A packet for the clients of an endpoint, or of one of its rooms."""

    packet: UserPacket
    room: str | None = None
    volatile: bool = False


@dataclass(frozen=True)
class Kicked:
    """The client of a session is to be disconnected from an endpoint; from the default one: altogether."""

    session_id: str
    endpoint: str = ""


@dataclass(frozen=True)
class Asked:
    """A process wants to know how many clients the others have in a room, or with ``names`` which."""

    id: str
    endpoint: str = ""
    room: str | None = None
    names: bool = False


@dataclass(frozen=True)
class Told:
    """The reply: how many there are, and which, if that was asked."""

    id: str
    count: int
    session_ids: list[str] = field(default_factory=list)


Crossing = Union[Sent, Kicked, Asked, Told]


def encode(sender: str, crossing: Crossing) -> str:
    """Return the JSON of what a process sends; it begins as ``beginning`` says.

    Raises:
        LocalProtocolError, TypeError: a value is not for JSON, or a room has no text as its name.
    """
    fields = _FIELDS_OF[type(crossing)](crossing)
    return _json.write(fields, beginning(sender) + '"what":', "}")


def beginning(sender: str) -> str:
    """Return how all begins that a process sends: by it, a process knows its own without reading them."""
    return f'{{"v":{VERSION},"from":"{sender}",'


def decode(data: bytes) -> tuple[str, Crossing]:
    """Return who sent something, and what it is.

    Raises:
        ValueError: it is malformed, or of another version.
    """
    value = _json.read(data.decode("utf-8"))
    if not isinstance(value, dict) or type(value.get("v")) is not int or value["v"] != VERSION:
        raise ValueError(f"it is not of version {VERSION}")
    fields = _dict(value.get("what"))
    read = _READERS.get(_text(fields.get("kind")))
    if read is None:
        raise ValueError("its kind is unknown")
    try:
        return _name(value.get("from")), read(fields)
    except RecursionError as error:  # before Python 3.12, a comprehension takes a level of the interpreter, too
        raise ValueError("it is nested too deep") from error


# Writing


def _fields_of_sent(crossing: Sent) -> dict[str, Any]:
    packet, room = crossing.packet, crossing.room
    if room is not None and not isinstance(room, str):
        raise TypeError(f"with a backplane, the name of a room must be a text, not {type(room).__name__}")
    kind = type(packet).__name__.lower()
    fields = {"kind": kind, "endpoint": packet.endpoint, "room": room, "volatile": crossing.volatile}
    try:
        if isinstance(packet, Event):
            return {**fields, "name": packet.name, "args": [_packed(value) for value in packet.args]}
        return {**fields, "data": _packed(packet.data)}
    except RecursionError as error:
        raise LocalProtocolError("this value is nested too deep, or contains itself") from error


def _packed(value: Any) -> Any:
    """Return a value with texts in the place of bytes."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {_BYTES: base64.b64encode(value).decode()}
    if isinstance(value, dict):
        packed = {key: _packed(item) for key, item in value.items()}
        return {f"${key}": item for key, item in packed.items()} if _is_marked(packed) else packed
    if isinstance(value, (list, tuple)):
        return [_packed(item) for item in value]
    return value


def _is_marked(value: dict[Any, Any]) -> bool:
    """Return whether an object has one key, which begins with ``$``."""
    return len(value) == 1 and str(next(iter(value))).startswith("$")


_FIELDS_OF: dict[type, Any] = {
    Sent: _fields_of_sent,
    Kicked: lambda crossing: {"kind": "kick", "session": crossing.session_id, "endpoint": crossing.endpoint},
    Asked: lambda crossing: {
        "kind": "ask",
        "id": crossing.id,
        "endpoint": crossing.endpoint,
        "room": crossing.room,
        "names": crossing.names,
    },
    Told: lambda crossing: {
        "kind": "tell",
        "id": crossing.id,
        "count": crossing.count,
        "sessions": crossing.session_ids,
    },
}

# Reading


def _unpacked(value: Any) -> Any:
    """Return a value with its bytes. It is at most as deep as ``JsonText`` reads."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is not finite")
    if isinstance(value, list):
        return [_unpacked(item) for item in value]
    if not isinstance(value, dict):
        return value
    if not _is_marked(value):
        return {key: _unpacked(item) for key, item in value.items()}
    ((key, item),) = value.items()
    if key.startswith("$$"):
        return {key[1:]: _unpacked(item)}
    if key != _BYTES:
        raise ValueError("an object has a mark that is unknown")
    try:
        return base64.b64decode(_text(item), validate=True)
    except binascii.Error as error:
        raise ValueError("bytes are not base64") from error


def _read_event(fields: dict[str, Any]) -> Sent:
    return _sent(fields, Event(_text(fields.get("name")), _list(_unpacked(fields.get("args")))))


def _read_message(fields: dict[str, Any]) -> Sent:
    return _sent(fields, Message(_text(fields.get("data"))))


def _read_json(fields: dict[str, Any]) -> Sent:
    return _sent(fields, Json(_unpacked(fields.get("data"))))


def _sent(fields: dict[str, Any], packet: UserPacket) -> Sent:
    packet.endpoint = _text(fields.get("endpoint"))
    return Sent(packet, _room(fields.get("room")), _truth(fields.get("volatile")))


def _read_kick(fields: dict[str, Any]) -> Kicked:
    return Kicked(_text(fields.get("session")), _text(fields.get("endpoint")))


def _read_ask(fields: dict[str, Any]) -> Asked:
    endpoint, room = _text(fields.get("endpoint")), _room(fields.get("room"))
    return Asked(_name(fields.get("id")), endpoint, room, _truth(fields.get("names")))


def _read_tell(fields: dict[str, Any]) -> Told:
    count = fields.get("count")
    if type(count) is not int or not 0 <= count <= MOST_COUNTED:
        raise ValueError("a count is no number of clients")
    return Told(_name(fields.get("id")), count, [_text(item) for item in _list(fields.get("sessions"))])


_READERS: dict[str, Callable[[dict[str, Any]], Crossing]] = {
    "event": _read_event,
    "message": _read_message,
    "json": _read_json,
    "kick": _read_kick,
    "ask": _read_ask,
    "tell": _read_tell,
}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is missing")
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("the name of a process or of a request is malformed")
    return value


def _room(value: Any) -> str | None:
    return None if value is None else _text(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("a truth value is missing")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("a list is missing")
    return value


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("an object is missing")
    return value
