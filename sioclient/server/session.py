"""The server's side of a session as an object without I/O: the mirror of ``sioclient.protocol.client``.

Its methods take what the application wants, what the network brings, and the time. What follows from it is fetched
afterwards: ``frames_to_send()`` for the wire, ``notices()`` for the application, ``deadline()`` for the clock. ``now``
is in seconds on any clock that never goes back.

A session begins with a handshake, and its first transport opens it. It has one transport at a time, the newest, whose
kind decides what its only deadline is for::

    NONE    another transport must come before the handshake's or the close time-out is over
    STREAM  the next heartbeat is due, or the client's heartbeat after the last one
    POLL    the poll is to end with "8::", if nothing else was sent in it

When the application ends a session, the client gets ``0::``, at the next poll if need be, and the session is over as
soon as that was fetched. When the whole server stops, nobody gets ``0::``: clients of 0.9 would not come back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Union

from ..errors import LocalProtocolError
from ..protocol.acks import Acks
from ..protocol.notices import Acknowledged, Dropped
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
from ..protocol.revisions import Dialect1 as Dialect
from .settings import Settings

__all__ = ["Acknowledged", "Dialect", "JoinAsked", "Left", "LinkKind", "ServerNotice", "ServerSession"]

MOST_ENDPOINTS = 1000
"""Endpoints that one client may have open; further joins are ignored."""

PROMPT = ("2:", "8:")
"""How the frames of heartbeats and noops begin."""


class LinkKind(Enum):
    """What kind of transport carries the session."""

    NONE = "none"
    STREAM = "stream"
    POLL = "poll"


@dataclass(slots=True)
class JoinAsked:
    """The client wants to join an endpoint: ``accept`` or ``refuse`` it."""

    endpoint: str
    query: str


@dataclass(slots=True)
class Left:
    """An endpoint was closed. The end of the session closes them all, the default one last."""

    endpoint: str
    reason: str


ServerNotice = Union[JoinAsked, Left, Message, Json, Event, Acknowledged, Dropped]
"""Anything that ``ServerSession.notices`` may return."""


class ServerSession:
    """One session, from its handshake to its end.

    Args:
        dialect: how packets are encoded and decoded.
        settings: times and limits.
        now: when the handshake ended.

    Attributes:
        link: the kind of transport that carries the session.
        ended: why it ended; None while it lasts.
        queued: characters that wait to be sent.
    """

    def __init__(self, dialect: Dialect, settings: Settings, now: float) -> None:
        self.link = LinkKind.NONE
        self.ended: str | None = None
        self._dialect, self._settings = dialect, settings
        self._acks = Acks()
        # For each endpoint, the frames that wait until its join is accepted; None: it was accepted.
        self._held: dict[str, list[str] | None] = {}
        self._confirmation: list[str] = []  # of the join of the default endpoint
        self._outbox: deque[str] = deque()
        self.queued = 0
        self._notices: list[ServerNotice] = []
        self._alarm: tuple[float, Callable[[float], None]]
        self._set_alarm(now + settings.handshake_timeout, lambda now: self._end("handshake timeout"))
        self._receivers: dict[type, Callable[[Any, float], None]] = {
            Connect: self._on_connect,
            Disconnect: self._on_disconnect,
            Heartbeat: lambda packet, now: self.postpone(now),
            Message: self._on_message,
            Json: self._on_message,
            Event: self._on_message,
            Ack: self._on_ack,
            Noop: lambda packet, now: self.acknowledge(packet, []),
            Error: lambda packet, now: None,
            Malformed: lambda packet, now: self._notices.append(Dropped(1, packet)),
        }

    @property
    def is_over(self) -> bool:
        """Whether it has ended and nothing is left to be sent."""
        return self.ended is not None and not self._outbox

    # What the application wants

    def is_open(self, endpoint: str) -> bool:
        """Return whether packets on ``endpoint`` reach the client, now or once its join is accepted."""
        return self.ended is None and endpoint in self._held

    def accept(self, endpoint: str) -> None:
        """Join the client to an endpoint, as it asked."""
        held = self._held.get(endpoint)
        if self.ended is None and held is not None:
            self._held[endpoint] = None
            confirmation = self._dialect.encode(Connect(endpoint))
            if endpoint:
                self._push(confirmation)
            else:
                self._confirmation = [confirmation]
            self._outbox += held  # they are counted already

    def refuse(self, endpoint: str, reason: str | None = "unauthorized") -> None:
        """Refuse a join, and send the reason, if any; refusing the default endpoint ends the session."""
        if self.ended is None and self._held.get(endpoint) is not None:
            self._forget(endpoint)
            if reason is not None:
                self._push(self._dialect.encode(Error(reason, endpoint=endpoint)))
            if not endpoint:
                self._finish("refused")

    def send(self, packet: UserPacket, waiter: Any = None) -> None:
        """Send a packet, unless the endpoint is closed; ``waiter``, if any, is handed back with its acknowledgement.

        Raises:
            LocalProtocolError, TypeError: the packet cannot be encoded, or too many acknowledgements are awaited.
        """
        if not self.is_open(packet.endpoint):
            return
        if waiter is not None:
            packet.id, packet.wants_data = self._acks.new_id(packet.endpoint), True
        frame = self.encode(packet)
        if packet.id is not None:
            self._acks.add((packet.endpoint, packet.id), waiter, None)
        self.send_frame(frame, packet.endpoint)

    def encode(self, packet: UserPacket) -> str:
        """Return the frame for a packet."""
        return self._dialect.encode(packet)

    def send_frame(self, frame: str, endpoint: str) -> None:
        """Send a packet that was encoded before, unless the endpoint is closed."""
        if self.is_open(endpoint):
            self._push(frame, self._held[endpoint])

    def acknowledge(self, packet: Message | Json | Event | Connect | Noop, args: list[Any]) -> None:
        """Acknowledge a packet that has an id, unless its endpoint is closed."""
        if packet.id is not None and self.is_open(packet.endpoint):
            self.send_frame(self._dialect.encode(Ack(packet.id, args, packet.endpoint)), packet.endpoint)

    def report(self, reason: str, endpoint: str) -> None:
        """Send the client an error on an endpoint, unless that is closed."""
        if self.is_open(endpoint):
            self.send_frame(self._dialect.encode(Error(reason, endpoint=endpoint)), endpoint)

    def kick(self, endpoint: str = "") -> None:
        """Disconnect the client from an endpoint, or altogether."""
        if not endpoint:
            self._finish("booted")
        elif self.is_open(endpoint):
            self._leave(endpoint, "booted")
            self._push(self._dialect.encode(Disconnect(endpoint)))

    def close(self) -> None:
        """End the session once everything was sent, without a disconnect packet: the server stops."""
        self._close("the server stops")

    def drop(self) -> None:
        """End the session at once, and send nothing more."""
        self._end("dropped")

    # What the network brings

    def attach(self, link: LinkKind, now: float) -> None:
        """Let another transport, or another poll, carry the session; the first one opens it."""
        if self.is_over:
            return
        self.link = link
        self._open()
        if link is LinkKind.POLL:
            self._set_alarm(now + self._settings.polling_duration, self._end_poll)
        else:
            self._set_alarm(now + self._settings.heartbeat_interval, self._send_heartbeat)

    def detach(self, now: float, *, unread: bool = False) -> None:
        """Go on without a transport: between polls there is none; the end of a stream ends the session.

        With ``unread`` the session lasts up to the close time-out, so that frames that came before can be received.
        """
        if self.link is LinkKind.STREAM and not unread:
            self._end("socket end")
        elif self.link is not LinkKind.NONE:
            self._unlink(now)

    @staticmethod
    def is_prompt(frame: str | bytes) -> bool:
        """Return whether a frame may be received before others that wait for their turn.

        Heartbeats and noops are no business of the application, but the client waits for what they bring about.
        """
        return frame[:2] in PROMPT

    def receive(self, frames: Iterable[str | bytes], now: float) -> None:
        """Take frames in the order of arrival; malformed ones are dropped."""
        self._open()
        for frame in frames:
            if self.ended is not None:
                return
            packet = self._dialect.decode(frame)
            self._receivers[type(packet)](packet, now)

    def postpone(self, now: float) -> None:
        """Let the whole heartbeat interval begin again: the client is alive."""
        if self.link is LinkKind.STREAM and self.ended is None:
            self._set_alarm(now + self._settings.heartbeat_interval, self._send_heartbeat)

    def keep_alive(self, now: float) -> None:
        """Send a heartbeat and await none: nobody reads what the client sends, so its silence means nothing."""
        if self.link is LinkKind.STREAM and self.ended is None:
            self._push(self._dialect.encode(Heartbeat()))
            self.postpone(now)

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
                self._end(self.ended)  # what was left to be sent was not fetched in time

    # What follows

    def frames_to_send(self, now: float) -> list[str]:
        """Return the frames to write to the transport. Frames for a poll are its response, and end it."""
        if self.link is LinkKind.NONE or not (self._confirmation or self._outbox):
            return []
        if self.link is LinkKind.POLL and self._confirmation:
            frames = self._confirmation  # alone, as socket.io sends it: a client may rely on that
        else:
            frames = [*self._confirmation, *self._outbox]
            self._outbox.clear()
            self.queued = 0
        self._confirmation = []
        if self.link is LinkKind.POLL:
            self._unlink(now)
        return frames

    def notices(self) -> list[ServerNotice]:
        """Return what happened since the last call, in order."""
        notices, self._notices = self._notices, []
        return notices

    # Packets

    def _on_connect(self, packet: Connect, now: float) -> None:
        # Clients of TornadIO2 write the query behind the name, those of socket.io into the data.
        name, _, query = packet.endpoint.partition("?")
        try:
            confirmation = self._dialect.encode(Connect(name))
        except LocalProtocolError as error:  # it has a control character: nothing could be sent on it
            self._notices.append(Dropped(1, Malformed(name, str(error))))
            return
        known = name in self._held
        if not known and len(self._held) <= MOST_ENDPOINTS:
            self._ask_to_join(name, query or packet.query.removeprefix("?"))
        self.acknowledge(packet, [])
        if known and self._held[name] is None:
            self._push(confirmation)  # for a client that asks twice; the application hears of the first time only

    def _on_disconnect(self, packet: Disconnect, now: float) -> None:
        if packet.endpoint:
            if packet.endpoint in self._held:
                self._leave(packet.endpoint, "client")
        elif self.link is LinkKind.NONE:
            self._end("client")
        else:
            self._finish("client")  # a poll needs a response, and this may have come over another transport

    def _on_ack(self, packet: Ack, now: float) -> None:
        pending = self._acks.resolve((packet.endpoint, packet.id))
        if pending is not None:
            self._notices.append(Acknowledged(pending.waiter, packet.args))

    def _on_message(self, packet: UserPacket, now: float) -> None:
        if not packet.wants_data:
            self.acknowledge(packet, [])  # a plain id only asks whether the packet arrived
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
        self.queued -= sum(map(len, held or []))

    def _leave(self, endpoint: str, reason: str) -> None:
        self._forget(endpoint)
        for _ in self._acks.drop(lambda key: key[0] == endpoint):
            pass
        self._notices.append(Left(endpoint, reason))

    def _finish(self, reason: str) -> None:
        """End the session, and send the client a disconnect packet."""
        if self.ended is None:
            self._push(self._dialect.encode(Disconnect()))
            self._close(reason)

    def _end(self, reason: str) -> None:
        """End the session at once, and send nothing more."""
        self._close(reason)
        self._outbox.clear()
        self._confirmation = []
        self.queued = 0

    def _close(self, reason: str) -> None:
        if self.ended is None:
            for endpoint in reversed(list(self._held)):
                self._leave(endpoint, reason)
            self.ended = reason

    def _unlink(self, now: float) -> None:
        self.link = LinkKind.NONE
        self._set_alarm(now + self._settings.close_timeout, lambda now: self._end("close timeout"))

    def _send_heartbeat(self, now: float) -> None:
        self._push(self._dialect.encode(Heartbeat()))
        self._set_alarm(now + self._settings.heartbeat_timeout, lambda now: self._end("heartbeat timeout"))

    def _end_poll(self, now: float) -> None:
        self._push(self._dialect.encode(Noop()))
        self._set_alarm(now + self._settings.polling_duration, self._end_poll)

    def _set_alarm(self, time: float, action: Callable[[float], None]) -> None:
        self._alarm = (time, action)

    def _push(self, frame: str, held: list[str] | None = None) -> None:
        """Queue a frame, with those that wait for a join if there are any; a client that does not read is dropped."""
        if self.queued > self._settings.max_queued:
            self._end("the client does not read")
            return
        self.queued += len(frame)
        (self._outbox if held is None else held).append(frame)
