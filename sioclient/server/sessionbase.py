"""What the server's sessions of every generation have in common; none has any I/O.

Their methods take what the application wants, what the network brings, and the time. What follows from it is fetched
afterwards: ``frames_to_send()`` for the wire, ``notices()`` for the application, ``deadline()`` for the clock. ``now``
is in seconds on any clock that never goes back. A session has one transport at a time, the newest.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, Union

from ..errors import AckTimeout, ConnectionLost
from ..protocol.acks import Acks
from ..protocol.notices import Acknowledged, Dropped, Unacknowledged
from ..protocol.packets import (
    Ack,
    Connect,
    Disconnect,
    Encoded,
    Event,
    Frame,
    Json,
    Malformed,
    Message,
    Noop,
    Packet,
    UserPacket,
)
from .settings import Settings

MOST_ENDPOINTS = 1000
"""Endpoints that one client may have open; further joins are ignored."""


class LinkKind(Enum):
    """What kind of transport carries the session."""

    NONE = "none"
    STREAM = "stream"
    POLL = "poll"


@dataclass(slots=True)
class JoinAsked:
    """The client wants to join an endpoint: ``accept`` or ``refuse`` it. ``auth`` is the object that came with it."""

    endpoint: str
    query: str
    auth: Any = None


@dataclass(slots=True)
class Left:
    """An endpoint was closed. The end of the session closes them all, the default one last."""

    endpoint: str
    reason: str


ServerNotice = Union[JoinAsked, Left, Message, Json, Event, Acknowledged, Unacknowledged, Dropped]
"""Anything that ``Session.notices`` may return."""


class Encoder(Protocol):
    """What every session needs of a dialect."""

    @property
    def number(self) -> int:
        """The revision."""

    def encode(self, packet: Packet) -> Encoded:
        """Return the frame or frames of a packet, or raise LocalProtocolError or TypeError."""


class Session:
    """One session, from its handshake to its end.

    Args:
        dialect: how packets are encoded.
        settings: times and limits.

    Attributes:
        link: the kind of transport that carries the session.
        ended: why it ended; None while it lasts.
        ids: what a client is told with each join, by the endpoints, if its generation has such ids.
        queued: characters and bytes that wait to be sent.
        dialect: as given; packets for several sessions of the same dialect are encoded once.
    """

    def __init__(self, dialect: Encoder, settings: Settings) -> None:
        self.link = LinkKind.NONE
        self.ended: str | None = None
        self.dialect = dialect
        self.settings = settings
        self._acks = Acks()
        # For each endpoint, the frames that wait until its join is accepted; None: it was accepted.
        self.held: dict[str, list[Frame] | None] = {}
        self.outbox: deque[Frame] = deque()
        self.queued = 0
        self.ids: dict[str, dict[str, str]] = {}
        self.told: list[ServerNotice] = []
        self._alarm: tuple[float, Callable[[float], None]]

    @property
    def revision(self) -> int:
        """The revision of the protocol."""
        return self.dialect.number

    @property
    def is_over(self) -> bool:
        """Whether it has ended and nothing is left to be sent."""
        return self.ended is not None and not self.outbox

    # What the application wants

    def is_open(self, endpoint: str) -> bool:
        """Return whether packets on ``endpoint`` reach the client, now or once its join is accepted."""
        return self.ended is None and endpoint in self.held

    def is_joined(self, endpoint: str) -> bool:
        """Return whether the join of an endpoint was accepted, and it was not left."""
        return self.ended is None and self.held.get(endpoint, ()) is None

    def accept(self, endpoint: str, missed: Iterable[Encoded] = ()) -> None:
        """Join the client to an endpoint, as it asked; what it missed comes first, as from socket.io."""
        held = self.held.get(endpoint)
        if self.ended is None and held is not None:
            self.held[endpoint] = None
            for frames in missed:
                self.push(frames)
            self.confirm(endpoint)
            self.outbox += held  # they are counted already

    def refuse(self, endpoint: str, reason: str | None = "unauthorized", data: Any = None) -> None:
        """Refuse a join, and send the reason and the data; None: there is no such endpoint."""
        if self.ended is None and self.held.get(endpoint) is not None:
            self._forget(endpoint)
            self.send_refusal(endpoint, reason, data)

    def send(self, packet: UserPacket, waiter: Any = None, deadline: float | None = None) -> None:
        """Send a packet, unless the endpoint is closed; ``waiter``, if any, is handed back with its acknowledgement.

        Raises:
            LocalProtocolError, TypeError: the packet cannot be encoded, or too many acknowledgements are awaited.
        """
        if not self.is_open(packet.endpoint):
            if waiter is not None:
                self.told.append(Unacknowledged(waiter, ConnectionLost("the client has left")))
            return
        if waiter is not None:
            packet.id, packet.wants_data = self._acks.new_id(packet.endpoint), True
        frames = self.dialect.encode(packet)
        if packet.id is not None:
            self._acks.add((packet.endpoint, packet.id), waiter, deadline)
        self.send_frames(frames, packet.endpoint)

    def send_frames(self, frames: Encoded, endpoint: str) -> None:
        """Send a packet that was encoded before, unless the endpoint is closed."""
        if self.is_open(endpoint):
            self.push(frames, self.held[endpoint])

    def acknowledge(self, packet: Message | Json | Event | Connect | Noop, args: list[Any]) -> None:
        """Acknowledge a packet that has an id, unless its endpoint is closed."""
        if packet.id is not None and self.is_open(packet.endpoint):
            self.send_frames(self.dialect.encode(Ack(packet.id, args, packet.endpoint)), packet.endpoint)

    @abstractmethod
    def report(self, reason: str, endpoint: str) -> None:
        """Tell the client of an error on an endpoint, if its generation has a packet for that."""

    def kick(self, endpoint: str = "") -> None:
        """Disconnect the client from an endpoint, or altogether: then it stays away."""
        if not endpoint:
            self._finish("booted")
        elif self.is_open(endpoint):
            self.leave(endpoint, "booted")
            self.push(self.dialect.encode(Disconnect(endpoint)))

    @abstractmethod
    def _finish(self, reason: str) -> None:
        """Disconnect the client from every endpoint."""

    @abstractmethod
    def close(self) -> None:
        """End the session once everything was sent, in a way that lets the client come back: the server stops."""

    def drop(self, reason: str = "dropped") -> None:
        """End the session at once, and send nothing more."""
        self.end(reason)

    # What the network brings

    @abstractmethod
    def ends_with(self, link: LinkKind) -> bool:
        """Return whether the end of such a transport is the end of the session."""

    @abstractmethod
    def attach(self, link: LinkKind, now: float) -> None:
        """Let another transport, or another poll, carry the session."""

    @abstractmethod
    def detach(self, now: float, *, unread: bool = False) -> None:
        """Go on without a transport, or end.

        With ``unread`` the session lasts for a while, so that frames that came before can be received.
        """

    @abstractmethod
    def is_prompt(self, frame: Frame) -> bool:
        """Return whether a frame may be received before others that wait for their turn.

        Heartbeats and noops are no business of the application, but the client waits for what they bring about.
        """

    @abstractmethod
    def receive(self, frames: Iterable[Frame], now: float) -> None:
        """Take frames in the order of arrival."""

    @abstractmethod
    def postpone(self, now: float) -> None:
        """Wait for the client as long as if it had just said something."""

    @abstractmethod
    def keep_alive(self, now: float) -> None:
        """Await no sign of life: nobody reads what the client sends, so its silence means nothing."""

    @abstractmethod
    def frames_to_send(self, now: float) -> list[Frame]:
        """Return the frames to write to the transport. Frames for a poll are its response, and end it."""

    def notices(self) -> list[ServerNotice]:
        """Return what happened since the last call, in order."""
        notices, self.told = self.told, []
        return notices

    # What time it is

    def deadline(self) -> float | None:
        """Return when ``handle_timeout`` has something to do."""
        if self.is_over:
            return None
        ack = self._acks.deadline()
        return self._alarm[0] if ack is None else min(ack, self._alarm[0])

    def handle_timeout(self, now: float) -> None:
        """Do what is due."""
        for waiter in self._acks.expire(now):
            self.told.append(Unacknowledged(waiter, AckTimeout("the client has sent no acknowledgement in time")))
        time, action = self._alarm
        if now >= time and not self.is_over:
            if self.ended is None:
                action(now)
            else:
                self.end(self.ended)  # what was left to be sent was not fetched in time

    # For the generations

    @abstractmethod
    def confirm(self, endpoint: str) -> None:
        """Send the client that it was joined."""

    @abstractmethod
    def send_refusal(self, endpoint: str, reason: str | None, data: Any) -> None:
        """Send the client that it was not joined."""

    def on_ack(self, packet: Ack, now: float) -> None:
        pending = self._acks.resolve((packet.endpoint, packet.id))
        if pending is not None:
            self.told.append(Acknowledged(pending.waiter, packet.args))

    def on_malformed(self, packet: Malformed, now: float) -> None:
        self.told.append(Dropped(1, packet))

    def ask_to_join(self, endpoint: str, query: str, auth: Any = None) -> None:
        self.held[endpoint] = []
        self.told.append(JoinAsked(endpoint, query, auth))

    def _forget(self, endpoint: str) -> None:
        held = self.held.pop(endpoint)
        self.queued -= sum(map(len, held or []))

    def leave(self, endpoint: str, reason: str) -> None:
        self._forget(endpoint)
        error = ConnectionLost("the client has left")
        for waiter in self._acks.drop(lambda key: key[0] == endpoint):
            self.told.append(Unacknowledged(waiter, error))
        self.told.append(Left(endpoint, reason))

    def end(self, reason: str) -> None:
        """End the session at once, and send nothing more."""
        self.conclude(reason)
        self.outbox.clear()
        self.queued = 0

    def conclude(self, reason: str) -> None:
        if self.ended is None:
            endpoints = list(self.held)[::-1]
            endpoints.sort(key=lambda name: name == "")
            for endpoint in endpoints:
                self.leave(endpoint, reason)
            self.ended = reason

    def set_alarm(self, time: float, action: Callable[[float], None]) -> None:
        self._alarm = (time, action)

    def push(self, frames: Encoded, held: list[Frame] | None = None) -> None:
        """Queue frames, with those that wait for a join if there are any; a client that does not read is dropped."""
        if self.queued > self.settings.max_queued:
            self.end("the client does not read")
            return
        all_frames = (frames,) if isinstance(frames, str) else frames
        self.queued += sum(map(len, all_frames))
        (self.outbox if held is None else held).extend(all_frames)
