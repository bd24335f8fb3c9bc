"""What the protocol tells its shell, in the order in which users may hear of it.

Packets that users receive (``Message``, ``Json``, ``Event``, ``Error``) are notices as they are; the classes here
are for what is not a packet. The ``owner`` of a notice is that of the endpoint that it is about; what is about the
whole connection is for the owner of the default endpoint.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Union

from ..errors import SocketIOError
from .packets import Error, Event, Json, Malformed, Message


@dataclass(slots=True)
class TransportOpened:
    """A transport carries the session; nothing may be sent yet."""

    transport: str
    owner: Any = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class TransportClosed:
    """The transport is gone."""

    reason: str
    owner: Any = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Connected:
    """The server joined us to an endpoint."""

    endpoint: str
    owner: Any = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Disconnected:
    """The connection to an endpoint was closed or lost."""

    endpoint: str
    reason: str
    owner: Any = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Reconnected:
    """The connection came back after so many attempts."""

    attempts: int
    owner: Any = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Retrying:
    """Attempt number ``attempt`` begins in ``delay`` seconds, because of ``error``."""

    attempt: int
    delay: float
    error: SocketIOError
    owner: Any = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class JoinFailed:
    """An endpoint could not be joined; ``again`` says that it was open in an earlier session."""

    endpoint: str
    error: SocketIOError
    again: bool
    reason: str = field(default="", compare=False)  # in the server's words, if it has any
    owner: Any = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Left:
    """The endpoint is gone for good: no notice for its owner follows."""

    endpoint: str
    owner: Any = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Acknowledged:
    """The acknowledgement that ``waiter`` waits for."""

    waiter: Any
    args: list[Any]
    owner: Any = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Delivered(Acknowledged):
    """The acknowledgement of a packet that would have been written again without it: the next one is under way."""


@dataclass(slots=True)
class Unacknowledged:
    """The acknowledgement that ``waiter`` waits for can no longer come."""

    waiter: Any
    error: SocketIOError
    owner: Any = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Dropped:
    """So many malformed packets were dropped since the last such notice; ``example`` is the latest."""

    count: int
    example: Malformed
    owner: Any = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Ended:
    """The connection has ended for good; ``error`` says why if nobody asked for it, and else ``by`` says who did.

    ``reports`` says that users must be told of the error: a session had stood, so nobody waits in ``open`` for it.
    """

    error: SocketIOError | None
    reports: bool = field(default=False, compare=False)
    by: str | None = field(default=None, compare=False)
    owner: Any = field(default=None, compare=False, repr=False)


Notice = Union[
    TransportOpened,
    TransportClosed,
    Connected,
    Disconnected,
    Reconnected,
    Retrying,
    JoinFailed,
    Left,
    Acknowledged,
    Unacknowledged,
    Dropped,
    Ended,
    Message,
    Json,
    Event,
    Error,
]
"""Anything that ``ClientProtocol.notices`` may return."""
