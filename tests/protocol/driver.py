"""Plays the shell around a ClientProtocol: its network and its clock, which is a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sioclient.protocol.backoff import Backoff
from sioclient.protocol.client import ClientProtocol
from sioclient.protocol.lifecycle import Phase, Policy
from sioclient.protocol.packets import Event, Message
from sioclient.protocol.revisions import Handshake, Revision1

HANDSHAKE = Handshake("sid", 10.0, 20.0, ("websocket",))
NO_HEARTBEATS = Handshake("sid", None, None, ("websocket",))
DEAD_AFTER = 21.0  # the larger of both time-outs and a second
BEAT_EVERY = 5.0  # half the heartbeat time-out
DELAY = 1.0

N = TypeVar("N")


def new_client(
    *,
    delay: float = DELAY,
    limit: float = DELAY,
    attempts: int | None = 10,
    random: Callable[[], float] = lambda: 0.5,
    **policy: Any,
) -> ClientProtocol:
    """Return a client that comes back after exactly DELAY unless told otherwise."""
    return ClientProtocol(Revision1(), Backoff(delay, limit, attempts, random), Policy(**policy))


def connecting_client(**options: Any) -> ClientProtocol:
    client = new_client(**options)
    client.connect(0.0)
    return client


def link(client: ClientProtocol, now: float, *frames: str, handshake: Handshake = HANDSHAKE) -> None:
    """A transport opens and brings frames."""
    assert client.phase is Phase.CONNECTING
    client.transport_opened(handshake, "websocket", now)
    client.receive(frames, now)


def open_client(*, handshake: Handshake = HANDSHAKE, **options: Any) -> ClientProtocol:
    """Return a client that is open at time 0; its first notices are taken."""
    client = connecting_client(**options)
    link(client, 0.0, "1::", handshake=handshake)
    assert client.phase is Phase.OPEN
    client.notices()
    return client


def with_channel(client: ClientProtocol, name: str = "/chat", now: float = 0.0) -> ClientProtocol:
    """Join an endpoint; what was sent and noticed is taken."""
    client.join(name, "", None, now)
    client.receive([f"1::{name}"], now)
    client.frames_to_send()
    client.notices()
    return client


def away(client: ClientProtocol, now: float = 0.0) -> ClientProtocol:
    """The transport is lost, and the client waits to try again."""
    client.transport_lost("gone", now)
    assert client.phase is Phase.WAITING
    return client


def come_back(client: ClientProtocol, now: float, *frames: str) -> None:
    """The next attempt, due at ``now``, succeeds and brings frames."""
    client.handle_timeout(now)
    link(client, now, *frames)


def acknowledge(client: ClientProtocol, packet: Event | Message, *args: Any) -> None:
    """The user acknowledges a packet of the server."""
    client.answer(packet, list(args))


def event(name: str, *args: Any, **fields: Any) -> Event:
    return Event(name, list(args), **fields)


def of(kind: type[N], client: ClientProtocol) -> list[N]:
    """Take the notices and return those of one kind."""
    return [notice for notice in client.notices() if isinstance(notice, kind)]
