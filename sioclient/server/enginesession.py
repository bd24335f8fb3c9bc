"""The server's side of a session of the revisions 4 and 5: packets of Socket.IO, carried by those of Engine.IO.

The open packet is the first frame. The transport that asked for the session carries it from the beginning, and a
websocket may take over from polling: it is probed, and a poll that waits meanwhile gets a noop. In revision 4 the
client sends the pings, in revision 5 the server does; who is silent for too long is dead, over whatever transport. What
is no packet ends the session.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..errors import LocalProtocolError
from ..protocol.framing import Frame
from ..protocol.packets import (
    Ack,
    Close,
    Connect,
    Disconnect,
    Error,
    Event,
    Foreign,
    Heartbeat,
    Malformed,
    Message,
    Noop,
    UserPacket,
)
from ..protocol.revisions.engineframing import CLOSE
from ..protocol.revisions.serving import NOOP, OPEN, ServingDialect
from .sessionbase import MOST_ENDPOINTS, LinkKind, Session
from .settings import Settings

INVALID = "Invalid namespace"
"""What socket.io says of an endpoint that is not there."""

CLOSING_TIME = 10.0
"""Seconds in which a client that polls must fetch the last packet of a session."""


class EngineSession(Session):
    """One session, from its open packet to its end; see ``Session``.

    Args:
        dialect: how packets are encoded and decoded.
        settings: times and limits.
        now: when it begins.
        session_id: its id.
        upgrades: the transports that may take it over.
        new_id: returns an id for an endpoint that the client joins.
        text_only: whether the bodies of responses must be text.

    Attributes:
        text_only: as given.
        is_upgrading: whether a websocket was probed that has not taken over yet; polls wait for nothing then.
    """

    dialect: ServingDialect

    def __init__(
        self,
        dialect: ServingDialect,
        settings: Settings,
        now: float,
        session_id: str,
        upgrades: Sequence[str] = (),
        new_id: Callable[[], str] = str,
        *,
        text_only: bool = False,
    ) -> None:
        super().__init__(dialect, settings)
        self.text_only = text_only
        self.is_upgrading = False
        self._decode = dialect.decoder()
        self._new_id = new_id
        self._join_by = now + settings.handshake_timeout if dialect.asks_to_join else None
        self._receivers: dict[type, Callable[[Any, float], None]] = {
            Connect: self._on_connect,
            Disconnect: self._on_disconnect,
            Heartbeat: self._on_heartbeat,
            Message: self._on_message,
            Event: self._on_message,
            Ack: self.on_ack,
            Noop: lambda packet, now: None,
            Close: lambda packet, now: self._on_close(),
            Malformed: self.on_malformed,
            Foreign: lambda packet, now: self.on_malformed(Malformed("", str(packet.error)), now),
        }
        if dialect.announces:
            self.outbox.append(OPEN + json.dumps(self._announcement(session_id, upgrades), separators=(",", ":")))
        if not dialect.asks_to_join:
            self.ask_to_join("", "")
        self._await_client(now)

    def _announcement(self, session_id: str, upgrades: Sequence[str]) -> dict[str, Any]:
        settings = self.settings
        return {
            "sid": session_id,
            "upgrades": list(upgrades),
            "pingInterval": round(settings.heartbeat_interval * 1000),
            "pingTimeout": round(settings.heartbeat_timeout * 1000),
            **({} if self.dialect.client_pings else {"maxPayload": settings.max_message_size}),
        }

    # What the application wants

    def report(self, reason: str, endpoint: str) -> None:
        """Do nothing: there is no packet for an error, but to refuse a join."""

    def close(self) -> None:
        """End the session once everything was sent; the client finds its transport closed, and comes back."""
        self._say_close()
        self.conclude("the server stops")

    # What the network brings

    def ends_with(self, link: LinkKind) -> bool:
        """Return True: a poll that is given up is the end, too, as nobody knows what was read."""
        return True

    def attach(self, link: LinkKind, now: float) -> None:
        """Let another transport, or another poll, carry the session."""
        if self.is_over:
            return
        self.link = link
        if link is LinkKind.STREAM:
            self.is_upgrading = False
        elif self.is_upgrading and not self.outbox:
            self.push(NOOP)

    def detach(self, now: float, *, unread: bool = False) -> None:
        """End the session: its transport was lost, or a poll was given up. With ``unread`` it lasts a little longer."""
        if self.link is not LinkKind.NONE:
            self.link = LinkKind.NONE
            if not unread:
                self.end("socket end")

    def pause(self) -> None:
        """A websocket was probed: let the client end its polls."""
        self.is_upgrading = True
        if self.link is LinkKind.POLL and not self.outbox:
            self.push(NOOP)

    def resume(self) -> None:
        """The websocket that was probed is gone."""
        self.is_upgrading = False

    def fail(self, reason: str) -> None:
        """End the session for something that no client does; a poll that waits hears of it."""
        if self.ended is None and self.link is LinkKind.POLL:
            self.push(CLOSE)
            self.conclude(reason)
        elif self.ended is None:
            self.end(reason)

    def is_prompt(self, frame: Frame) -> bool:
        """Return whether a frame is a ping, a pong or a noop."""
        return self.dialect.is_sign_of_life(frame)

    def receive(self, frames: Iterable[Frame], now: float) -> None:
        """Take frames in the order of arrival; the first that is malformed ends the session."""
        for frame in frames:
            if self.ended is not None:
                return
            if self.dialect.client_pings:
                self._await_client(now)
            for packet in self._decode((frame,)):
                self._receivers[type(packet)](packet, now)

    def postpone(self, now: float) -> None:
        """Wait for the client as long as if it had just said something."""
        if self.ended is None:
            self._await_client(now)

    def keep_alive(self, now: float) -> None:
        """Await no sign of life, but send one."""
        if self.ended is None:
            self._push_heartbeat()
            self._await_client(now)

    def frames_to_send(self, now: float) -> list[Frame]:
        """Return the frames to write to the transport. Frames for a poll are its response, and end it."""
        if self.link is LinkKind.NONE or not self.outbox:
            return []
        frames = list(self.outbox)
        self.outbox.clear()
        self.queued = 0
        if self.link is LinkKind.POLL:
            self.link = LinkKind.NONE
            if frames[-1] == CLOSE and len(frames) > 1:
                # Read together with what comes before, it would be handled first: a kick would look like a loss.
                self.push(CLOSE)
                del frames[-1]
                self.set_alarm(now + CLOSING_TIME, self._on_silence)
        return frames

    # What time it is

    def deadline(self) -> float | None:
        """Return when ``handle_timeout`` has something to do."""
        deadline = super().deadline()
        if deadline is None or self._join_by is None or self.ended is not None:
            return deadline
        return min(deadline, self._join_by)

    def handle_timeout(self, now: float) -> None:
        """Do what is due."""
        if self.ended is None and self._join_by is not None and now >= self._join_by:
            self.fail("handshake timeout")
        super().handle_timeout(now)

    # Packets

    def confirm(self, endpoint: str) -> None:
        if self.dialect.alone:
            return
        data = None
        if self.dialect.asks_to_join:
            data = self.ids.setdefault(endpoint, {"sid": self._new_id()})
        self.push(self.dialect.encode(Connect(endpoint, data=data)))

    def send_refusal(self, endpoint: str, reason: str | None, data: Any) -> None:
        if self.dialect.alone:
            self.fail("refused")
            return
        self.push(self.dialect.encode(Error(INVALID if reason is None else reason, endpoint=endpoint, data=data)))

    def _on_connect(self, packet: Connect, now: float) -> None:
        name = packet.endpoint
        try:
            confirmation = self.dialect.encode(Connect(name))
        except LocalProtocolError as error:  # nothing could be sent on it
            self.on_malformed(Malformed(name, str(error)), now)
            return
        self._join_by = None
        if name not in self.held and len(self.held) <= MOST_ENDPOINTS:
            self.ask_to_join(name, packet.query, packet.data)
        elif self.is_joined(name) and not self.dialect.asks_to_join:
            self.push(confirmation)  # to 1.x and 2.x, which may ask for the default endpoint

    def _on_disconnect(self, packet: Disconnect, now: float) -> None:
        if packet.endpoint in self.held:
            self.leave(packet.endpoint, "client")

    def _on_heartbeat(self, packet: Heartbeat, now: float) -> None:
        if self.dialect.client_pings:
            self._push_heartbeat()
        else:
            self._await_client(now)

    def _on_message(self, packet: UserPacket, now: float) -> None:
        if packet.endpoint in self.held:
            self.told.append(packet)

    def on_malformed(self, packet: Malformed, now: float) -> None:
        super().on_malformed(packet, now)
        self.fail("malformed packet")

    def _on_close(self) -> None:
        if self.link is LinkKind.POLL:
            self.push(NOOP)
        self.conclude("client")

    # The life of the session

    def _finish(self, reason: str) -> None:
        """End the session, and tell the client that it was disconnected from every endpoint."""
        if self.ended is None:
            for endpoint in () if self.dialect.alone else list(self.held):
                self.push(self.dialect.encode(Disconnect(endpoint)))
            self._say_close()
            self.conclude(reason)

    def _say_close(self) -> None:
        if self.ended is None and self.link is not LinkKind.STREAM and self.dialect.announces:
            self.push(CLOSE)

    def _await_client(self, now: float) -> None:
        """Begin to wait for the client's next ping, or for the time of the server's next ping."""
        settings = self.settings
        if self.dialect.client_pings:
            silence = settings.heartbeat_interval + settings.heartbeat_timeout
            self.set_alarm(now + silence, self._on_silence)
        else:
            self.set_alarm(now + settings.heartbeat_interval, self._send_ping)

    def _push_heartbeat(self) -> None:
        self.push((self.dialect.heartbeat,))

    def _send_ping(self, now: float) -> None:
        self._push_heartbeat()
        self.set_alarm(now + self.settings.heartbeat_timeout, self._on_silence)

    def _on_silence(self, now: float) -> None:
        self.end("heartbeat timeout")
