"""What the protocol tells its shell, in the order in which users may hear of it.

Packets that users receive (``Message``, ``Json``, ``Event``, ``Error``) are notices as they are; the classes here
are for what is not a packet.
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


@dataclass(slots=True)
class TransportClosed:
    """The transport is gone."""

    reason: str


@dataclass(slots=True)
class Connected:
    """The server joined us to an endpoint."""

    endpoint: str


@dataclass(slots=True)
class Disconnected:
    """An endpoint that was connected is not any more."""

    endpoint: str
    reason: str


@dataclass(slots=True)
class Reconnected:
    """The connection came back after so many attempts."""

    attempts: int


@dataclass(slots=True)
class Retrying:
    """Attempt number ``attempt`` begins in ``delay`` seconds, because of ``error``."""

    attempt: int
    delay: float
    error: SocketIOError


@dataclass(slots=True)
class JoinFailed:
    """An endpoint could not be joined; ``again`` says whether it once was, so that nobody waits for this any more."""

    endpoint: str
    error: SocketIOError
    again: bool
    reason: str = field(default="", compare=False)  # in the server's words, if it has any


@dataclass(slots=True)
class Answered:
    """The acknowledgement that ``waiter`` waits for."""

    waiter: Any
    args: list[Any]


@dataclass(slots=True)
class Unanswered:
    """The acknowledgement that ``waiter`` waits for can no longer come."""

    waiter: Any
    error: SocketIOError


@dataclass(slots=True)
class Dropped:
    """So many malformed packets were dropped since the last such notice; ``example`` is the latest."""

    count: int
    example: Malformed


@dataclass(slots=True)
class Ended:
    """The connection has ended for good; ``error`` says why if nobody asked for it."""

    error: SocketIOError | None


Notice = Union[
    TransportOpened,
    TransportClosed,
    Connected,
    Disconnected,
    Reconnected,
    Retrying,
    JoinFailed,
    Answered,
    Unanswered,
    Dropped,
    Ended,
    Message,
    Json,
    Event,
    Error,
]
"""Anything that ``ClientProtocol.notices`` may return."""
