"""The server's side of a session of revision 1: the mirror of ``sioclient.protocol.client``.

A session begins with a handshake, and its first transport opens it. The kind of its transport decides what its only
deadline is for, beside those of acknowledgements::

    NONE    another transport must come before the handshake's or the close time-out is over
    STREAM  the next heartbeat is due, or the client's heartbeat after the last one
    POLL    the poll is to end with "8::", if nothing else was sent in it

When the application ends a session, the client gets ``0::``, at the next poll if need be, and the session is over as
soon as that was fetched. When the whole server stops, nobody gets ``0::``: clients of 0.9 would not come back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from ..errors import LocalProtocolError
from ..protocol.packets import (
    Ack,
    Connect,
    Disconnect,
    Encoded,
    Error,
    Event,
    Frame,
    Heartbeat,
    Json,
    Malformed,
    Message,
    Noop,
    Packet,
    UserPacket,
)
from .sessionbase import MOST_ENDPOINTS, JoinAsked, Left, LinkKind, ServerNotice, Session
from .settings import Settings

__all__ = ["MOST_ENDPOINTS", "JoinAsked", "Left", "LinkKind", "ServerNotice", "ServerSession"]

PROMPT = ("2:", "8:")
"""How the frames of heartbeats and noops begin."""


class Dialect(Protocol):
    """What the session needs of the grammar of revision 1."""

    @property
    def number(self) -> int:
        """The revision."""

    def encode(self, packet: Packet) -> Encoded:
        """Return the frame of a packet."""

    def decode(self, frame: Frame) -> Packet | Malformed:
        """Return the packet in a frame, or what is wrong with it."""


class ServerSession(Session):
    """One session, from its handshake to its end; see ``Session``.

    Args:
        dialect: how packets are encoded and decoded.
        settings: times and limits.
        now: when the handshake ended.
    """

    dialect: Dialect

    def __init__(self, dialect: Dialect, settings: Settings, now: float) -> None:
        super().__init__(dialect, settings)
        self._confirmation: list[Frame] = []  # of the join of the default endpoint
        self.set_alarm(now + settings.handshake_timeout, lambda now: self.end("handshake timeout"))
        self._receivers: dict[type, Callable[[Any, float], None]] = {
            Connect: self._on_connect,
            Disconnect: self._on_disconnect,
            Heartbeat: lambda packet, now: self.postpone(now),
            Message: self._on_message,
            Json: self._on_message,
            Event: self._on_message,
            Ack: self.on_ack,
            Noop: lambda packet, now: self.acknowledge(packet, []),
            Error: lambda packet, now: None,
            Malformed: self.on_malformed,
        }

    # What the application wants

    def report(self, reason: str, endpoint: str) -> None:
        """Send the client an error on an endpoint, unless that is closed."""
        if self.is_open(endpoint):
            self.send_frames(self.dialect.encode(Error(reason, endpoint=endpoint)), endpoint)

    def close(self) -> None:
        """End the session once everything was sent, without a disconnect packet: the server stops."""
        self.conclude("the server stops")

    # What the network brings

    def ends_with(self, link: LinkKind) -> bool:
        """Return whether it is a stream; between two polls there is no transport."""
        return link is LinkKind.STREAM

    def attach(self, link: LinkKind, now: float) -> None:
        """Let another transport, or another poll, carry the session; the first one opens it."""
        if self.is_over:
            return
        self.link = link
        self._open()
        if link is LinkKind.POLL:
            self.set_alarm(now + self.settings.polling_duration, self._end_poll)
        else:
            self.set_alarm(now + self.settings.heartbeat_interval, self._send_heartbeat)

    def detach(self, now: float, *, unread: bool = False) -> None:
        """Go on without a transport: between polls there is none; the end of a stream ends the session.

        With ``unread`` the session lasts up to the close time-out, so that frames that came before can be received.
        """
        if self.link is LinkKind.STREAM and not unread:
            self.end("socket end")
        elif self.link is not LinkKind.NONE:
            self._unlink(now)

    def is_prompt(self, frame: Frame) -> bool:
        """Return whether a frame is a heartbeat or a noop."""
        return frame[:2] in PROMPT

    def receive(self, frames: Iterable[Frame], now: float) -> None:
        """Take frames in the order of arrival; malformed ones are dropped."""
        self._open()
        for frame in frames:
            if self.ended is not None:
                return
            packet = self.dialect.decode(frame)
            self._receivers[type(packet)](packet, now)

    def postpone(self, now: float) -> None:
        """Let the whole heartbeat interval begin again: the client is alive."""
        if self.link is LinkKind.STREAM and self.ended is None:
            self.set_alarm(now + self.settings.heartbeat_interval, self._send_heartbeat)

    def keep_alive(self, now: float) -> None:
        """Send a heartbeat and await none: nobody reads what the client sends, so its silence means nothing."""
        if self.link is LinkKind.STREAM and self.ended is None:
            self.push(self.dialect.encode(Heartbeat()))
            self.postpone(now)

    def frames_to_send(self, now: float) -> list[Frame]:
        """Return the frames to write to the transport. Frames for a poll are its response, and end it."""
        if self.link is LinkKind.NONE or not (self._confirmation or self.outbox):
            return []
        if self.link is LinkKind.POLL and self._confirmation:
            frames = self._confirmation  # alone, as socket.io sends it: a client may rely on that
        else:
            frames = [*self._confirmation, *self.outbox]
            self.outbox.clear()
            self.queued = 0
        self._confirmation = []
        if self.link is LinkKind.POLL:
            self._unlink(now)
        return frames

    # Packets

    def confirm(self, endpoint: str) -> None:
        confirmation = self.dialect.encode(Connect(endpoint))
        if endpoint:
            self.push(confirmation)
        else:
            self._confirmation = [str(confirmation)]

    def send_refusal(self, endpoint: str, reason: str | None, data: Any) -> None:
        if reason is not None:  # without an error, as socket.io for an endpoint that it does not have
            self.push(self.dialect.encode(Error(reason, endpoint=endpoint)))
        if not endpoint:
            self._finish("refused")

    def _on_connect(self, packet: Connect, now: float) -> None:
        # Clients of TornadIO2 write the query behind the name, those of socket.io into the data.
        name, _, query = packet.endpoint.partition("?")
        try:
            confirmation = self.dialect.encode(Connect(name))
        except LocalProtocolError as error:  # it has a control character: nothing could be sent on it
            self.on_malformed(Malformed(name, str(error)), now)
            return
        known = name in self.held
        if not known and len(self.held) <= MOST_ENDPOINTS:
            self.ask_to_join(name, query or packet.query.removeprefix("?"))
        self.acknowledge(packet, [])
        if known and self.held[name] is None:
            self.push(confirmation)  # for a client that asks twice; the application hears of the first time only

    def _on_disconnect(self, packet: Disconnect, now: float) -> None:
        if packet.endpoint:
            if packet.endpoint in self.held:
                self.leave(packet.endpoint, "client")
        elif self.link is LinkKind.NONE:
            self.end("client")
        else:
            self._finish("client")  # a poll needs a response, and this may have come over another transport

    def _on_message(self, packet: UserPacket, now: float) -> None:
        if not packet.wants_data:
            self.acknowledge(packet, [])  # a plain id only asks whether the packet arrived
        if packet.endpoint in self.held:
            self.told.append(packet)

    # The life of the session

    def _open(self) -> None:
        if self.ended is None and not self.held:
            self.ask_to_join("", "")

    def _finish(self, reason: str) -> None:
        """End the session, and send the client a disconnect packet."""
        if self.ended is None:
            self.push(self.dialect.encode(Disconnect()))
            self.conclude(reason)

    def end(self, reason: str) -> None:
        super().end(reason)
        self._confirmation = []

    def _unlink(self, now: float) -> None:
        self.link = LinkKind.NONE
        self.set_alarm(now + self.settings.close_timeout, lambda now: self.end("close timeout"))

    def _send_heartbeat(self, now: float) -> None:
        self.push(self.dialect.encode(Heartbeat()))
        self.set_alarm(now + self.settings.heartbeat_timeout, lambda now: self.end("heartbeat timeout"))

    def _end_poll(self, now: float) -> None:
        self.push(self.dialect.encode(Noop()))
        self.set_alarm(now + self.settings.polling_duration, self._end_poll)
