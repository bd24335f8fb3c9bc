"""The packets of Socket.IO as values, the same for every revision.

One class per kind of packet. An ``id`` asks the receiver for an acknowledgement; with
``wants_data`` the sender also wants what the receiver's handler returns. (A plain ``id`` is
``N`` on the wire of revision 1, one with ``wants_data`` is ``N+``.) The empty endpoint is the
default one.

The classes are not frozen: freezing makes construction two to three times slower, and one is made for
every packet received. Treat them as values all the same. The ``owner`` of what users receive is that of its endpoint,
set when it was received (see ``endpoints``). The ``join_number`` is that of the confirmation under which it came: an
acknowledgement means nothing after the next one, so it is set if the packet asks for one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Union

from ..errors import ConnectError
from ..names import Name
from .framing import Frame as Frame

Encoded = str | tuple[Frame, ...]
"""A packet on the wire: one frame, or several when it has attachments."""

MAX_ID = 2**53
"""Ids beyond this are not exact in JavaScript, so no server can have sent one."""


@dataclass(slots=True)
class Disconnect:
    """Packet 0: the sender leaves an endpoint, or the session if the endpoint is empty."""

    endpoint: str = ""


@dataclass(slots=True)
class Connect:
    """Packet 1: asks to join an endpoint, or says that it was joined; from revision 5 on with ``data``."""

    endpoint: str = ""
    query: str = ""
    id: int | None = None
    wants_data: bool = False
    data: Any = None


@dataclass(slots=True)
class Heartbeat:
    """Packet 2: a sign of life."""


@dataclass(slots=True)
class Message:
    """Packet 3: a text without a name; in Engine.IO alone it may also be bytes."""

    data: Any
    endpoint: str = ""
    id: int | None = None
    wants_data: bool = False
    owner: Any = field(default=None, compare=False, repr=False)
    join_number: int = field(default=0, compare=False, repr=False)


@dataclass(slots=True)
class Json:
    """Packet 4: a JSON value without a name."""

    data: Any
    endpoint: str = ""
    id: int | None = None
    wants_data: bool = False
    owner: Any = field(default=None, compare=False, repr=False)
    join_number: int = field(default=0, compare=False, repr=False)


@dataclass(slots=True)
class Event:
    """Packet 5: a name and its arguments. The name is as it came; see ``name_text`` for comparing it with others."""

    name: Name
    args: list[Any] = field(default_factory=list)
    endpoint: str = ""
    id: int | None = None
    wants_data: bool = False
    owner: Any = field(default=None, compare=False, repr=False)
    join_number: int = field(default=0, compare=False, repr=False)


@dataclass(slots=True)
class Recoverable:
    """An event that the server can send again after a loss, to whom names the ``offset`` of the last that came."""

    event: Event
    offset: str


@dataclass(slots=True)
class Ack:
    """Packet 6: acknowledges the packet with this ``id``; the id lives in the data, not in the id field."""

    id: int
    args: list[Any] = field(default_factory=list)
    endpoint: str = ""


@dataclass(slots=True)
class Error:
    """Packet 7: the server refuses something; ``advice`` is ``reconnect`` or nothing.

    From revision 4 on it is also the reply to a join, with what the server's application says as ``data``; then
    it is ``final``, for asking again will not help.
    """

    reason: str = ""
    advice: str = ""
    endpoint: str = ""
    data: Any = None
    final: bool = False
    owner: Any = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Ponged:
    """The pong to a ping with this payload, over a websocket."""

    payload: bytes


@dataclass(slots=True)
class Noop:
    """Packet 8: nothing; with an id it is a free round trip on socket.io 0.7 to 0.9."""

    endpoint: str = ""
    id: int | None = None
    wants_data: bool = False


@dataclass(slots=True)
class Close:
    """The sender ends the transport, as Engine.IO does over polling, where nothing else would tell."""


@dataclass(slots=True)
class Foreign:
    """What only servers of another revision, or with another parser, say; ``error`` names both sides."""

    error: ConnectError


@dataclass(slots=True)
class Malformed:
    """What came instead of a packet: the text, and what is wrong with it."""

    text: str
    problem: str


Packet = Union[
    Disconnect, Connect, Heartbeat, Message, Json, Event, Ack, Error, Noop, Close, Recoverable, Foreign, Ponged
]
"""Whatever may be said; the last four are only said by servers."""

UserPacket = Union[Message, Json, Event]
"""What users send and receive; the rest is between the protocols."""
