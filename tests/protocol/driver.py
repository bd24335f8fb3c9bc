"""Plays the shell around a ClientProtocol: its network and its clock, which is a number."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, TypeVar

from sioclient.options import Options
from sioclient.protocol.client import ClientProtocol
from sioclient.protocol.endpoints import Endpoint
from sioclient.protocol.packets import Event
from sioclient.protocol.phases import Phase
from sioclient.protocol.revisions import Handshake, Opening, revision1

SESSION_ID = "B1SIjBHFbBGrJL8Eo2Wn"
"""One of socket.io 0.9.19, which may count bytes."""

HANDSHAKE = Handshake(SESSION_ID, 10.0, 20.0, ("websocket",))
NO_HEARTBEATS = Handshake(SESSION_ID, None, None, ("websocket",))
DEAD_AFTER = 21.0  # the larger of both time-outs and a second
HEARTBEAT_EVERY = 5.0  # half the heartbeat time-out
DELAY = 1.0

N = TypeVar("N")


def new_client(
    *,
    delay: float = DELAY,
    limit: float = DELAY,
    attempts: int | None = 10,
    random: Callable[[], float] = lambda: 0.5,
    opening: Opening | None = None,
    **options: Any,
) -> ClientProtocol:
    """Return a client of revision 1 that comes back after exactly DELAY unless told otherwise."""
    decided = Options(reconnection_delay=delay, reconnection_limit=limit, max_reconnection_attempts=attempts, **options)
    return ClientProtocol(opening or revision1(), decided, random)


def connecting_client(**options: Any) -> ClientProtocol:
    client = new_client(**options)
    client.connect(0.0)
    return client


def link(
    client: ClientProtocol,
    now: float,
    *frames: str | bytes,
    handshake: Handshake = HANDSHAKE,
    transport: str = "websocket",
) -> None:
    """A transport opens and brings frames."""
    assert client.phase is Phase.CONNECTING
    client.transport_opened(handshake, transport, now)
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
    client.join(name, "", None, now, owner=name)
    client.receive([f"1::{name}"], now)
    client.frames_to_send()
    client.notices()
    return client


def joined(client: ClientProtocol, name: str = "/chat") -> Endpoint:
    """Return an endpoint that is asked for or open."""
    return client.endpoints.by_name[name]


def away(client: ClientProtocol, now: float = 0.0) -> ClientProtocol:
    """The transport is lost, and the client waits to try again."""
    client.transport_lost("gone", now)
    assert client.phase is Phase.WAITING
    return client


def come_back(client: ClientProtocol, now: float, *frames: str) -> None:
    """The next attempt, due at ``now``, succeeds and brings frames."""
    client.handle_timeout(now)
    link(client, now, *frames)


def client_in(phase: Phase) -> ClientProtocol:
    """Return a client that has come to a phase."""
    client = new_client()
    if phase is Phase.IDLE:
        return client
    client.connect(0.0)
    if phase is Phase.RESTORING:
        client.join("/chat", "", None, 0.0)
    if phase is not Phase.CONNECTING:
        link(client, 0.0, *(() if phase is Phase.JOINING else ["1::"]))
    if phase is Phase.WAITING:
        away(client)
    elif phase is Phase.CLOSED:
        client.disconnect()
        client.frames_to_send()
    assert client.phase is phase
    return client


def event(name: str, *args: Any, **fields: Any) -> Event:
    return Event(name, list(args), **fields)


def ask(client: ClientProtocol, waiter: Any = "waiter", timeout: float | None = None, endpoint: str = "") -> int:
    """Send an event that asks for an acknowledgement, write it, and return its id."""
    number = client.acks.new_id(endpoint)
    packet = event("ask", endpoint=endpoint, id=number, wants_data=True)
    client.push(packet, 0.0, waiter=waiter, timeout=timeout)
    client.frames_to_send()
    return number


def of(kind: type[N], client: ClientProtocol) -> list[N]:
    """Take the notices and return those of one kind."""
    return [notice for notice in client.notices() if isinstance(notice, kind)]


def size(root: object) -> int:
    """Return the bytes of all data that an object leads to."""
    seen, waiting, total = set(), [root], 0
    while waiting:
        found = waiting.pop()
        if id(found) not in seen and not isinstance(found, (type, ModuleType, FunctionType, BuiltinFunctionType)):
            seen.add(id(found))
            total += sys.getsizeof(found)
            waiting += [found.__self__] if isinstance(found, MethodType) else gc.get_referents(found)
    return total
