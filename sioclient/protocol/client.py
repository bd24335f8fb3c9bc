"""The client's side of a connection as an object without I/O: what is said on it.

Everything that happens is a method: what the user wants, what the network brings, what time it is. What follows from it
is fetched afterwards: ``frames_to_send()`` for the wire, ``notices()`` for the user, ``deadline()`` for the clock.
``now`` is in seconds on any clock that never goes back. The phases of a connection are in ``lifecycle``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import (
    AckTimeout,
    ChannelError,
    ConnectError,
    ConnectionLost,
    HandshakeRejected,
    LocalProtocolError,
    NotConnected,
)
from .acks import AckKey
from .backoff import Backoff
from .endpoints import Endpoint, Joining
from .fence import BYTE_BUDGET, Fence
from .lifecycle import OVERFED, Lifecycle, Phase, Policy
from .notices import Answered, Connected, Disconnected, Dropped, JoinFailed, Notice, Unanswered
from .outbox import frames_of
from .packets import (
    Ack,
    Close,
    Connect,
    Disconnect,
    Encoded,
    Error,
    Event,
    Foreign,
    Frame,
    Heartbeat,
    Json,
    Malformed,
    Message,
    Noop,
    Packet,
    Recoverable,
)
from .revisions.base import Handshake, Revision

# In Python 3.11, a look-up in an Enum takes as long as a call.
_OPEN, _CLOSED, _IDLE, _JOINED = Phase.OPEN, Phase.CLOSED, Phase.IDLE, Joining.OPEN

MOST_QUEUED = 100
"""Frames that may wait for the fence, or for another thread's write, before whoever sends more waits."""

WARNING_INTERVAL = 60.0
"""Seconds between two notices of dropped packets."""


class ClientProtocol(Lifecycle):
    """A client's connection: its sessions one after the other, its endpoints, acknowledgements and waiting frames.

    Args:
        revision: the generation that is spoken.
        backoff: when to try again.
        policy: the user's decisions.
    """

    def __init__(self, revision: Revision, backoff: Backoff, policy: Policy | None = None) -> None:
        super().__init__(revision, backoff, policy)
        self._now = float("-inf")  # when something happened last: the clock of what follows from it
        self._dropped, self._next_warning = 0, float("-inf")

    # What the user wants

    def send(
        self, packet: Message | Json | Event, now: float, waiter: Any = None, timeout: float | None = None
    ) -> None:
        """Send a packet of the user; one with an id has its answer handed to ``waiter``.

        Raises:
            NotConnected, BufferFull, ChannelError, LocalProtocolError, TypeError: it was not accepted.
        """
        key = None if packet.id is None else (packet.endpoint, packet.id)
        self.send_frame(self.revision.encode(packet), packet.endpoint, now, key, waiter, timeout)

    def send_frame(
        self,
        frame: Encoded,
        endpoint: str,
        now: float,
        key: AckKey | None = None,
        waiter: Any = None,
        timeout: float | None = None,
    ) -> None:
        """Do what ``send`` does for a packet that was encoded before, without the lock that guards this object."""
        self._now = now
        if self.phase is not _OPEN or endpoint:
            self._check_alive()
            if self.endpoints.get(endpoint) is None:
                raise ChannelError(f"{endpoint!r} is not connected: connect it again to send on it")
        if self.phase is not _OPEN:
            self.outbox.check_room(frame)
        if key is not None:
            self.acks.add(key, waiter, None if timeout is None else now + timeout)
        self.outbox.push(frame, endpoint, ack=key)

    def join(self, name: str, query: str, timeout: float | None, now: float, auth: Any = None) -> Endpoint:
        """Ask the server to join us to an endpoint; its ``state`` says when that is decided.

        Raises:
            ChannelError: it is asked for or open already; the servers would connect it twice.
            LocalProtocolError: there can be no endpoint of this name.
            NotConnected: the connection has ended, or not begun.
        """
        if not name:
            raise LocalProtocolError("the default endpoint is always connected: give the name of another")
        self._check_alive()
        if self.endpoints.get(name) is not None:
            raise ChannelError(f"{name!r} is connected already: use that channel, or disconnect it first")
        if auth is not None and not self.revision.asks_to_join:
            raise LocalProtocolError(f"revision {self.revision.number} has no auth= for endpoints: give query=")
        frame = self.revision.encode(Connect(name, query, data=auth))
        endpoint = self.endpoints.add(name, query, None if timeout is None else now + timeout, auth)
        if self.phase is Phase.OPEN:
            self.outbox.push(frame, name, of_session=True)
        elif self.phase is Phase.RESTORING:
            self.outbox.push_urgent(frame)
        return endpoint

    def leave(self, name: str) -> None:
        """Leave an endpoint; leaving one that is not there does nothing."""
        endpoint = self.endpoints.get(name)
        if endpoint is None:
            return
        was_open = endpoint.state is Joining.OPEN
        if self.phase in (Phase.RESTORING, Phase.OPEN):
            self.outbox.bind_to_session(name)
            self.outbox.push(self.revision.encode(Disconnect(name)), name, of_session=True)
            self.endpoints.leave(endpoint)
        else:
            self.outbox.drop_endpoint(name)
            self.endpoints.close(endpoint, None)
        if was_open:
            self._notices.append(Disconnected(name, "client"))
        self._fail_acks(lambda key: key[0] == name, ConnectionLost(f"{name!r} was disconnected before the answer came"))
        self._check_restored()

    def answer(self, packet: Message | Json | Event, args: list[Any]) -> None:
        """Acknowledge a packet that asked for it, while the session in which it came lasts."""
        if packet.id is not None:
            self.answer_frame(self.revision.encode(Ack(packet.id, args, packet.endpoint)), packet.endpoint)

    def answer_frame(self, frame: Encoded, endpoint: str) -> None:
        """Do what ``answer`` does for an acknowledgement that was encoded before."""
        if self.session is not None:
            self.outbox.push(frame, endpoint, of_session=True)

    # What the network brings

    def transport_opened(self, handshake: Handshake, transport: str, now: float) -> None:
        """See ``Lifecycle.transport_opened``; what came with the handshake is taken too."""
        super().transport_opened(handshake, transport, now)
        self.receive(handshake.frames, now)

    def receive(self, frames: Sequence[Frame], now: float) -> None:
        """Take frames that came, in order."""
        self.receive_packets(self.decode(frames), now)

    def receive_packets(self, packets: list[Packet | Malformed], now: float) -> None:
        """Do what ``receive`` does for frames that were decoded before, without the lock that guards this object."""
        self._now = now
        if packets and self.session is not None:
            self.session.heard(now)
        deliver, opened = self._notices.append, None  # the name of an endpoint that was found open a moment ago
        for packet in packets:
            if type(packet) is Event and (packet.endpoint == opened or self.endpoints.is_open(packet.endpoint)):
                deliver(packet)  # nearly every packet is this
                opened = packet.endpoint
            elif self.session is not None:
                _RECEIVERS[type(packet)](self, packet, now)
                opened = None
            else:
                return  # the session ended within this batch; what follows belongs to nobody

    # What time it is

    def deadline(self) -> float | None:
        """Return when ``handle_timeout`` has something to do; None: not before something else happens."""
        session = self.session.deadline() if self.session else None
        times = (self._deadline, session, self.acks.deadline(), self.endpoints.deadline())
        return min((time for time in times if time is not None), default=None)

    def handle_timeout(self, now: float) -> None:
        """Do whatever is due."""
        self._now = now
        for waiter in self.acks.expire(now):
            self._notices.append(Unanswered(waiter, AckTimeout("no acknowledgement came in time")))
        for endpoint in self.endpoints.overdue(now):
            error = f"no answer for {endpoint.name!r} in time: does the server have an endpoint of this name?"
            self._refuse(endpoint, ChannelError(error))
        if self.session is not None and self.session.beat_due(now):
            self.outbox.push_urgent(self.revision.encode(Heartbeat()))
        if self.session is not None and self.session.fence_is_stuck(now):
            self.transport_lost("the server reads no more", now)
        if self.session is not None and self.session.is_dead(now):
            self.transport_lost("heartbeat timeout", now)
        if self._deadline is not None and now >= self._deadline:
            self._phase_overdue(now)

    # What follows

    def frames_to_send(self) -> list[Frame]:
        """Return the frames to write now; they are written at most once, whatever becomes of them."""
        frames = self.outbox.take_urgent() if self.outbox.urgent else []
        fence = self.session.fence if self.session else None
        if fence is None:
            return frames + self.outbox.take() if self.phase is _OPEN else frames
        if frames and fence.sent(frames):
            frames += self._close_off(fence)
        while self.phase is _OPEN and self.outbox.queued and (room := fence.room()) > 0:
            taken = self.outbox.take(room)
            frames += taken
            if fence.sent(taken):
                frames += self._close_off(fence)
        return frames

    def has_frames(self) -> bool:
        """Return whether ``frames_to_send`` would return any."""
        outbox, session = self.outbox, self.session  # once: this is asked without the lock that guards this object
        if outbox.urgent:
            return True
        if not outbox.queued or self.phase is not _OPEN:
            return False
        return session is None or session.fence is None or session.fence.room() > 0

    def is_busy(self) -> bool:
        """Return whether the server is known to work on what it got before, so that more may as well come together."""
        session = self.session
        return session is not None and session.fence is not None and session.fence.is_awaited()

    def is_full(self, frame: Encoded = "") -> bool:
        """Return whether so much waits to be written that ``frame`` should wait for room before, as with a socket.

        While the connection is away, that is so only if it comes back in a moment: otherwise sending more raises.
        """
        if self.phase is _OPEN:
            return self.outbox.queued >= MOST_QUEUED
        return self._overfed and self.phase is not _CLOSED and not self.outbox.has_room(frame)

    def notices(self) -> list[Notice]:
        """Return what happened since the last call, in order."""
        notices, self._notices = self._notices, []
        return notices

    def _close_off(self, fence: Fence) -> Sequence[Frame]:
        number = self.acks.new_id("")
        fence.close_off(number, self._now)
        return frames_of(self.revision.encode(Noop(id=number)))

    def _check_alive(self) -> None:
        if self.phase is _IDLE:
            raise NotConnected("there is no connection yet: call open() first")
        if self.phase is _CLOSED:
            raise NotConnected(f"the connection has ended: {self.error or 'make a new SocketIO to come back'}")

    # Packets

    def _on_connect(self, packet: Connect, now: float) -> None:
        endpoint = self.endpoints.get(packet.endpoint)
        if endpoint is None or endpoint.state is not Joining.ASKED:
            return  # never asked for, or told twice (gevent-socketio does at every new transport)
        endpoint.joined(packet.data)
        self._notices.append(Connected(endpoint.name))
        if endpoint is self.endpoints.default:
            self._joined(now)
        self._notices += endpoint.early.take()
        self._check_restored()

    def _on_disconnect(self, packet: Disconnect, now: float) -> None:
        endpoint = self.endpoints.get(packet.endpoint)
        if endpoint is None:
            return
        if endpoint is self.endpoints.default:
            self._kicked(now)
        elif endpoint.state is Joining.OPEN:
            self._notices.append(Disconnected(endpoint.name, "server"))
            self._refuse(endpoint, ChannelError(f"the server disconnected {endpoint.name!r}"))
        elif not endpoint.left_here:
            self._refuse(endpoint, ChannelError(f"the server refused {endpoint.name!r}"))
        endpoint.left_here = False

    def _kicked(self, now: float) -> None:
        fence = self.session.fence if self.session else None
        if fence is not None and fence.bytes_counted >= BYTE_BUDGET:
            why = "the server's byte budget for one websocket was probably spent (socket.io 0.9.17 to 0.9.19)"
            self._attempt_over(OVERFED, ConnectError(why), now)
        elif self.phase is Phase.JOINING or self._policy.reconnect_when_kicked:
            self._attempt_over("server", ConnectError("the server ended the session (0::)"), now)
        else:
            self._end(None, "server")

    def _on_heartbeat(self, packet: Heartbeat, now: float) -> None:
        if self.session is not None and self.session.owes_beat(now):
            self.outbox.push_urgent(self.revision.encode(packet))

    def _on_text(self, packet: Message | Json, now: float) -> None:
        if self._deliver(packet) and packet.id is not None and not packet.wants_data:
            # A plain id asks whether the packet arrived, which is true before any handler runs.
            self.answer(packet, [])

    def _on_event(self, packet: Event, now: float) -> None:
        endpoint = self.endpoints.get(packet.endpoint)
        if packet.name == "error" and endpoint is not None and endpoint.state is Joining.ASKED and endpoint.name:
            # How gevent-socketio refuses an endpoint.
            why = ", ".join(str(value) for value in packet.args)
            self._refuse(endpoint, ChannelError(f"the server refused {endpoint.name!r}: {why[:200]}"))
        else:
            self._deliver(packet)

    def _on_recoverable(self, packet: Recoverable, now: float) -> None:
        endpoint = self.endpoints.get(packet.event.endpoint)
        if endpoint is not None:
            endpoint.offset = packet.offset
        self._on_event(packet.event, now)

    def _on_foreign(self, packet: Foreign, now: float) -> None:
        if self.phase is Phase.JOINING:
            self._attempt_over("server", packet.error, now)

    def _deliver(self, packet: Message | Json | Event | Error) -> bool:
        """Pass a packet on if its endpoint is ours; until that is confirmed it is kept."""
        endpoint = self.endpoints.get(packet.endpoint)
        if endpoint is None:
            return False
        if endpoint.state is _JOINED:
            self._notices.append(packet)
        elif not endpoint.early.keep(packet):
            self._on_malformed(Malformed(endpoint.name, "too much came before the endpoint was joined"), self._now)
            return False
        return True

    def _on_ack(self, packet: Ack, now: float) -> None:
        fence = self.session.fence if self.session else None
        if fence is not None and not packet.endpoint and fence.answered(packet.id):
            return
        pending = self.acks.resolve((packet.endpoint, packet.id))
        if pending is not None:
            self._notices.append(Answered(pending.waiter, packet.args))

    def _on_error(self, packet: Error, now: float) -> None:
        endpoint = self.endpoints.get(packet.endpoint)
        if endpoint is None:
            return
        why = packet.reason or "no reason given"
        if endpoint.name and endpoint.state is Joining.ASKED:
            error = ChannelError(f"the server refused {endpoint.name!r}: {why[:200]}")
            error.data = packet.data
            self._refuse(endpoint, error, why)
        elif not endpoint.name and packet.advice == "reconnect":
            self._attempt_over("server", ConnectError(f"the server wants a new handshake: {why[:200]}"), now)
        elif self.phase is Phase.JOINING:
            status = 403 if packet.final or packet.reason == "unauthorized" else 500
            refusal = HandshakeRejected(f"the server refused the session: {why[:200]}", status=status, body=why)
            refusal.data = packet.data
            if packet.final:
                self._notices.append(JoinFailed("", refusal, endpoint.was_open, why))
            self._attempt_over("server", refusal, now)
        else:
            self._deliver(packet)

    def _on_malformed(self, packet: Malformed, now: float) -> None:
        self._dropped += 1
        if now >= self._next_warning:
            self._notices.append(Dropped(self._dropped, packet))
            self._dropped, self._next_warning = 0, now + WARNING_INTERVAL


_RECEIVERS: dict[type, Callable[[ClientProtocol, Any, float], None]] = {
    Connect: ClientProtocol._on_connect,
    Disconnect: ClientProtocol._on_disconnect,
    Heartbeat: ClientProtocol._on_heartbeat,
    Message: ClientProtocol._on_text,
    Json: ClientProtocol._on_text,
    Event: ClientProtocol._on_event,
    Ack: ClientProtocol._on_ack,
    Error: ClientProtocol._on_error,
    Noop: lambda protocol, packet, now: None,
    Recoverable: ClientProtocol._on_recoverable,
    Foreign: ClientProtocol._on_foreign,
    Close: lambda protocol, packet, now: protocol.transport_lost("transport closed", now),
    Malformed: ClientProtocol._on_malformed,
}
