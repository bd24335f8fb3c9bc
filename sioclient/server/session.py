"""The server's side of a session as an object without I/O: the mirror of ``sioclient.protocol.client``.

What the application wants, what the network brings and what time it is are methods; what follows is fetched afterwards:
``frames_to_send()`` for the wire, ``notices()`` for the application, ``deadline()`` for the clock. ``now`` is in
seconds on any clock that never goes back.

Theory of operation: a session is handshaken first, and opened by its first transport. It has one transport at a time,
the newest, and what that is decides what the one deadline is for::

    NONE    until the handshake's or the close time-out is over, for another transport
    STREAM  until the next heartbeat is due, or the answer to the last one
    POLL    until the poll is answered with "8::", if nothing else is to be said

A session that was ended by us says so (``0::``), at the next poll if need be, and is over once that was fetched.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Union

from ..protocol.acks import Acks
from ..protocol.notices import Answered, Dropped
from ..protocol.packets import (
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
    UserPacket,
)
from ..protocol.revisions import Revision1
from .settings import Settings

MOST_ENDPOINTS = 1000
"""Endpoints that one client may have open; it asks for more in vain."""


class LinkKind(Enum):
    """What carries the session now."""

    NONE = "none"
    STREAM = "stream"
    POLL = "poll"


@dataclass(slots=True)
class JoinAsked:
    """The client wants to be joined to an endpoint: ``accept`` or ``refuse`` it."""

    endpoint: str
    query: str


@dataclass(slots=True)
class Left:
    """An endpoint that was accepted is left, or the session is: then the default endpoint comes last."""

    endpoint: str
    reason: str


ServerNotice = Union[JoinAsked, Left, Message, Json, Event, Answered, Dropped]
"""Anything that ``ServerSession.notices`` may return."""


class ServerSession:
    """One session, from its handshake to its end.

    Args:
        revision: the grammar that is spoken.
        settings: times and limits.
        now: when the handshake was answered.

    Attributes:
        link: what carries the session.
        ended: why it ended; None while it lasts.
    """

    def __init__(self, revision: Revision1, settings: Settings, now: float) -> None:
        self.link = LinkKind.NONE
        self.ended: str | None = None
        self._revision, self._settings = revision, settings
        self._acks = Acks()
        # By endpoint, what waits for the join to be accepted; None: it was.
        self._held: dict[str, list[str] | None] = {}
        self._greeting: list[str] = []
        self._outbox: deque[str] = deque()
        self._queued = 0
        self._notices: list[ServerNotice] = []
        self._alarm: tuple[float, Callable[[float], None]]
        self._set_alarm(now + settings.handshake_timeout, lambda now: self._end("handshake timeout"))
        self._receivers: dict[type, Callable[[Any, float], None]] = {
            Connect: self._on_connect,
            Disconnect: self._on_disconnect,
            Heartbeat: self._on_heartbeat,
            Message: self._on_message,
            Json: self._on_message,
            Event: self._on_event,
            Ack: self._on_ack,
            Noop: self._on_noop,
            Error: lambda packet, now: None,
            Malformed: lambda packet, now: self._notices.append(Dropped(1, packet)),
        }

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and the client was told so or cannot be."""
        return self.ended is not None and not self._outbox

    @property
    def queued(self) -> int:
        """How many characters wait for the client."""
        return self._queued

    # What the application wants

    def is_open(self, endpoint: str) -> bool:
        """Return whether packets on ``endpoint`` reach the client, now or once its join is accepted."""
        return self.ended is None and endpoint in self._held

    def accept(self, endpoint: str) -> None:
        """Join the client to an endpoint that it asked for."""
        held = self._held.get(endpoint)
        if self.ended is None and held is not None:
            self._held[endpoint] = None
            confirmation = self._revision.encode(Connect(endpoint))
            if endpoint:
                self._push(confirmation)
            else:
                self._greeting = [confirmation]
            self._outbox += held  # they are counted already

    def refuse(self, endpoint: str, reason: str | None = "unauthorized") -> None:
        """Do not join the client, and say why, if at all; refusing the default endpoint ends the session."""
        if self.ended is None and self._held.get(endpoint) is not None:
            self._forget(endpoint)
            if reason is not None:
                self._push(self._revision.encode(Error(reason, endpoint=endpoint)))
            if not endpoint:
                self._finish("refused")

    def send(self, packet: UserPacket, waiter: Any = None) -> None:
        """Send a packet, unless the endpoint is closed; ``waiter``, if any, is handed back with its answer.

        Raises:
            LocalProtocolError, TypeError: there is no such packet, or too many answers are awaited.
        """
        if not self.is_open(packet.endpoint):
            return
        if waiter is not None:
            packet.id, packet.wants_data = self._acks.new_id(packet.endpoint), True
        frame = self._revision.encode(packet)
        if packet.id is not None:
            self._acks.add((packet.endpoint, packet.id), waiter, None)
        self.send_frame(frame, packet.endpoint)

    def send_frame(self, frame: str, endpoint: str) -> None:
        """Send what was encoded before."""
        if self.is_open(endpoint):
            self._push(frame, self._held[endpoint])

    def answer(self, packet: Message | Json | Event | Connect | Noop, args: list[Any]) -> None:
        """Acknowledge a packet that asked for it."""
        if packet.id is not None:
            self.send_frame(self._revision.encode(Ack(packet.id, args, packet.endpoint)), packet.endpoint)

    def report(self, reason: str, endpoint: str) -> None:
        """Tell the client of an error on an endpoint."""
        self.send_frame(self._revision.encode(Error(reason, endpoint=endpoint)), endpoint)

    def kick(self, endpoint: str = "") -> None:
        """Disconnect the client from an endpoint, or altogether."""
        if not endpoint:
            self._finish("booted")
        elif self.is_open(endpoint):
            self._leave(endpoint, "booted")
            self._push(self._revision.encode(Disconnect(endpoint)))

    def drop(self) -> None:
        """End the session without a word."""
        self._end("dropped")

    # What the network brings

    def attach(self, link: LinkKind, now: float) -> None:
        """A transport, or another poll, carries the session from now on; a session is opened by its first."""
        if self.is_over:
            return
        self.link = link
        self._open()
        if link is LinkKind.POLL:
            self._set_alarm(now + self._settings.polling_duration, self._answer_poll)
        else:
            self._set_alarm(now + self._settings.heartbeat_interval, self._beat)

    def detach(self, now: float) -> None:
        """The transport is gone: a stream takes the session with it, and between polls there is none anyway."""
        if self.link is LinkKind.STREAM:
            self._end("socket end")
        elif self.link is LinkKind.POLL:
            self._unlink(now)

    def receive(self, frames: Iterable[str | bytes], now: float) -> None:
        """Take frames that came, in order. What cannot be read is dropped."""
        self._open()
        for frame in frames:
            if self.ended is not None:
                return
            packet = self._revision.decode(frame)
            self._receivers[type(packet)](packet, now)

    def postpone(self, now: float) -> None:
        """Nobody has read what the client sent, so its silence meant nothing: let it have its time again."""
        if self.link is LinkKind.STREAM and self.ended is None:
            self._set_alarm(now + self._settings.heartbeat_interval, self._beat)

    # What time it is

    def deadline(self) -> float | None:
        """Return when ``handle_timeout`` has something to do."""
        return None if self.is_over else self._alarm[0]

    def handle_timeout(self, now: float) -> None:
        """Do what is due."""
        time, action = self._alarm
        if now >= time and not self.is_over:
            if self.ended is None:
                action(now)
            else:
                self._end(self.ended)  # the last word was not fetched in time

    # What follows

    def frames_to_send(self, now: float) -> list[str]:
        """Return the frames to write to the transport. Those for a poll are its answer: after them there is none."""
        if self.link is LinkKind.NONE or not (self._greeting or self._outbox):
            return []
        if self.link is LinkKind.POLL and self._greeting:
            frames = self._greeting  # alone, as socket.io does: a client may count on it
        else:
            frames = [*self._greeting, *self._outbox]
            self._outbox.clear()
            self._queued = 0
        self._greeting = []
        if self.link is LinkKind.POLL:
            self._unlink(now)
        return frames

    def notices(self) -> list[ServerNotice]:
        """Return what happened since the last call, in order."""
        notices, self._notices = self._notices, []
        return notices

    # Packets

    def _on_connect(self, packet: Connect, now: float) -> None:
        # TornadIO2's users have the query behind the name, socket.io's in the data.
        name, _, query = packet.endpoint.partition("?")
        known = name in self._held
        if not known and len(self._held) <= MOST_ENDPOINTS:
            self._ask_to_join(name, query or packet.query.removeprefix("?"))
        self._acknowledge(packet)
        if known and self._held[name] is None:
            self._push(self._revision.encode(Connect(name)))  # the client asks twice; it is joined once

    def _on_disconnect(self, packet: Disconnect, now: float) -> None:
        if packet.endpoint:
            if packet.endpoint in self._held:
                self._leave(packet.endpoint, "client")
        elif self.link is LinkKind.NONE:
            self._end("client")
        else:
            self._finish("client")  # a poll must be answered, and the other end may not be where this was said

    def _on_heartbeat(self, packet: Heartbeat, now: float) -> None:
        self.postpone(now)

    def _on_message(self, packet: Message | Json, now: float) -> None:
        if not packet.wants_data:
            self._acknowledge(packet)
        self._deliver(packet)

    def _on_event(self, packet: Event, now: float) -> None:
        if not packet.wants_data:
            self._acknowledge(packet)
        self._deliver(packet)

    def _on_ack(self, packet: Ack, now: float) -> None:
        pending = self._acks.resolve((packet.endpoint, packet.id))
        if pending is not None:
            self._notices.append(Answered(pending.waiter, packet.args))

    def _on_noop(self, packet: Noop, now: float) -> None:
        self._acknowledge(packet)

    def _acknowledge(self, packet: Message | Json | Event | Connect | Noop) -> None:
        """A plain id asks whether the packet arrived, which is true before any handler runs."""
        self.answer(packet, [])

    def _deliver(self, packet: UserPacket) -> None:
        if packet.endpoint in self._held:
            self._notices.append(packet)

    # The life of the session

    def _open(self) -> None:
        if self.ended is None and not self._held:
            self._ask_to_join("", "")

    def _ask_to_join(self, endpoint: str, query: str) -> None:
        self._held[endpoint] = []
        self._notices.append(JoinAsked(endpoint, query))

    def _forget(self, endpoint: str) -> None:
        held = self._held.pop(endpoint)
        self._queued -= sum(map(len, held or []))

    def _leave(self, endpoint: str, reason: str) -> None:
        self._forget(endpoint)
        for _ in self._acks.drop(lambda key: key[0] == endpoint):
            pass
        self._notices.append(Left(endpoint, reason))

    def _finish(self, reason: str) -> None:
        """End the session, and tell the client."""
        if self.ended is None:
            self._push(self._revision.encode(Disconnect()))
            self._close(reason)

    def _end(self, reason: str) -> None:
        """End the session without a word: there is nobody to hear it."""
        self._close(reason)
        self._outbox.clear()
        self._greeting = []
        self._queued = 0

    def _close(self, reason: str) -> None:
        if self.ended is None:
            for endpoint in reversed(list(self._held)):
                self._leave(endpoint, reason)
            self.ended = reason

    def _unlink(self, now: float) -> None:
        self.link = LinkKind.NONE
        self._set_alarm(now + self._settings.close_timeout, lambda now: self._end("close timeout"))

    def _beat(self, now: float) -> None:
        self._push(self._revision.encode(Heartbeat()))
        self._set_alarm(now + self._settings.heartbeat_timeout, lambda now: self._end("heartbeat timeout"))

    def _answer_poll(self, now: float) -> None:
        self._push(self._revision.encode(Noop()))
        self._set_alarm(now + self._settings.polling_duration, self._answer_poll)

    def _set_alarm(self, time: float, action: Callable[[float], None]) -> None:
        self._alarm = (time, action)

    def _push(self, frame: str, held: list[str] | None = None) -> None:
        """Put a frame into the queue, or with those that wait for a join. Whoever never fetches it is cut off."""
        if self._queued > self._settings.max_queued:
            self._end("too much waits to be read")
            return
        self._queued += len(frame)
        (self._outbox if held is None else held).append(frame)
