"""The packets of Socket.IO as values, the same for every revision.

One class per kind of packet. An ``id`` asks the receiver for an acknowledgement; with
``wants_data`` the sender also wants what the receiver's handler returns. (A plain ``id`` is
``N`` on the wire of revision 1, one with ``wants_data`` is ``N+``.) The empty endpoint is the
default one.

The classes are not frozen: freezing makes construction two to three times slower, and one is made for
every packet received. Treat them as values all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Union

MAX_ID = 2**53
"""Ids beyond this are not exact in JavaScript, so no server can have sent one."""


@dataclass(slots=True)
class Disconnect:
    """Packet 0: the sender leaves an endpoint, or the session if the endpoint is empty."""

    endpoint: str = ""


@dataclass(slots=True)
class Connect:
    """Packet 1: asks to join an endpoint, or says that it was joined."""

    endpoint: str = ""
    query: str = ""
    id: int | None = None
    wants_data: bool = False


@dataclass(slots=True)
class Heartbeat:
    """Packet 2: a sign of life."""


@dataclass(slots=True)
class Message:
    """Packet 3: a text without a name."""

    data: str
    endpoint: str = ""
    id: int | None = None
    wants_data: bool = False


@dataclass(slots=True)
class Json:
    """Packet 4: a JSON value without a name."""

    data: Any
    endpoint: str = ""
    id: int | None = None
    wants_data: bool = False


@dataclass(slots=True)
class Event:
    """Packet 5: a name and its arguments."""

    name: str
    args: list[Any] = field(default_factory=list)
    endpoint: str = ""
    id: int | None = None
    wants_data: bool = False


@dataclass(slots=True)
class Ack:
    """Packet 6: the answer to the packet with this ``id``; the id lives in the data, not in the id field."""

    id: int
    args: list[Any] = field(default_factory=list)
    endpoint: str = ""


@dataclass(slots=True)
class Error:
    """Packet 7: the server refuses something; ``advice`` is ``reconnect`` or nothing."""

    reason: str = ""
    advice: str = ""
    endpoint: str = ""


@dataclass(slots=True)
class Noop:
    """Packet 8: nothing; with an id it is a free round trip on socket.io 0.7 to 0.9."""

    endpoint: str = ""
    id: int | None = None
    wants_data: bool = False


@dataclass(slots=True)
class Malformed:
    """What came instead of a packet: the text, and what is wrong with it."""

    text: str
    problem: str


Packet = Union[Disconnect, Connect, Heartbeat, Message, Json, Event, Ack, Error, Noop]
"""Whatever may be encoded."""

UserPacket = Union[Message, Json, Event]
"""What users send and receive; the rest is between the protocols."""
