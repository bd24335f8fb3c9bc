"""What a process of the server tells Prometheus: who is connected, what comes, leaves and waits, and what takes long.

The hub makes the clients and handlers that are here in the place of its own, so without metrics nothing is counted.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from time import perf_counter
from typing import Any, Protocol, cast

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ..protocol.packets import Encoded, Event, UserPacket
from .client import Client, Host
from .connection import SocketConnection
from .events import find_events
from .handlers import Handlers, Owner
from .links import Link
from .replies import Call, Callbacks
from .request import Request
from .sessionbase import Session
from .settings import MetricsRegistry

OTHER = "other"
"""The label of events that no method is marked for: their names are the clients', and there is no end of names."""

HANDLER_TIMES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Seconds, the limits of the histogram's buckets."""


class Tally:
    """What is counted while it happens, on the event loop; plain numbers, for a broadcast counts each client.

    Attributes:
        received: events and messages that a handler was called for.
        sent: events and messages that were queued for a client.
        times: how long handlers took, by the events' names.
    """

    def __init__(self) -> None:
        self.received = self.sent = 0
        self.times = Histogram(
            "sioclient_server_handler_seconds",
            "How long handlers took, what they awaited included, by event",
            ["event"],
            buckets=HANDLER_TIMES,
            registry=None,
        )
        self._names: dict[type[SocketConnection], frozenset[str]] = {}

    def label(self, cls: type[SocketConnection], name: str) -> str:
        """Return what the histogram calls an event."""
        if cls not in self._names:
            self._names[cls] = frozenset(find_events(cls)) | {"message"}
        return name if name in self._names[cls] else OTHER

    def observe(self, event: str, begun: float, _: object = None) -> None:
        """Count a handler that is done."""
        self.times.labels(event).observe(perf_counter() - begun)


class MeasuredClient(Client):
    """A client of which is counted what it is sent; see ``Client``.

    Attributes:
        transport: what carries it, or carried it last.
    """

    transport = "none"

    def __init__(self, tally: Tally, owner: Host, session_id: str, request: Request, session: Session) -> None:
        self._tally = tally
        super().__init__(owner, session_id, request, session)

    def attach(self, link: Link) -> None:
        """Let a transport carry the session from now on, and remember which it is."""
        self.transport = link.transport
        super().attach(link)

    def send(
        self,
        packet: UserPacket,
        waiter: Callbacks | Call | None,
        timeout: float | None = None,
        *,
        volatile: bool = False,
    ) -> None:
        """Send a packet, and count it, once, if it goes to the client."""
        after = self._tally.sent + self._goes(packet.endpoint, volatile=volatile)
        super().send(packet, waiter, timeout, volatile=volatile)  # which may or may not call send_frames
        self._tally.sent = after

    def send_frames(self, frames: Encoded, endpoint: str, *, volatile: bool = False) -> None:
        """Send a packet that was encoded before, and count it if it goes to the client."""
        self._tally.sent += self._goes(endpoint, volatile=volatile)
        super().send_frames(frames, endpoint, volatile=volatile)

    def _goes(self, endpoint: str, *, volatile: bool) -> bool:
        return self.session.is_open(endpoint) and (not volatile or self.can_write(endpoint))


class MeasuredHandlers(Handlers):
    """Handlers that are counted and timed; see ``Handlers``."""

    def __init__(self, tally: Tally, *args: Any) -> None:
        self._tally = tally
        super().__init__(*args)

    def run_for(self, packet: UserPacket, function: Callable[..., Any], args: list[Any]) -> asyncio.Task[None] | None:
        self._tally.received += 1
        cls = type(self.connections[packet.endpoint])
        name = self._tally.label(cls, args[0] if isinstance(packet, Event) else "message")
        begun = perf_counter()
        task = super().run_for(packet, function, args)
        if task is None:
            self._tally.observe(name, begun)
        else:
            task.add_done_callback(partial(self._tally.observe, name, begun))
        return task


class Queued(Protocol):
    """What is asked for what waits for other processes."""

    @property
    def queued(self) -> int:
        """How many bytes."""


class Metrics(Collector):
    """The numbers of one server, which are collected whenever somebody asks for them, from any thread.

    Args:
        clients: the clients by session id, all of them made by ``client``.
        backplane: the way to other processes, if there is one.
        registry: where the numbers are to be found; None: in one of its own.

    Raises:
        ValueError: another server's numbers are in that registry.
    """

    def __init__(
        self, clients: Mapping[str, Client], backplane: Queued | None, registry: MetricsRegistry | None
    ) -> None:
        self._clients = cast("Mapping[str, MeasuredClient]", clients)
        self._backplane = backplane
        self._tally = Tally()
        self._registry: Any = CollectorRegistry() if registry is None else registry
        self._registry.register(self)
        self._is_registered = True

    def client(self, owner: Host, session_id: str, request: Request, session: Session) -> Client:
        """Return a client that is counted."""
        return MeasuredClient(self._tally, owner, session_id, request, session)

    def handlers(self, owner: Owner, client: Client, session: Session, request: Request, changed: Any) -> Handlers:
        """Return handlers that are counted."""
        return MeasuredHandlers(self._tally, owner, client, session, request, changed)

    def page(self, accept: str) -> tuple[str, bytes]:
        """Return the content type and the body of a response, in the format that a client accepts."""
        encode, content_type = choose_encoder(accept)
        return content_type, encode(self._registry)

    def close(self) -> None:
        """Take the numbers out of the registry, if this was not done before: another server may have it."""
        if self._is_registered:
            self._is_registered = False
            self._registry.unregister(self)

    def describe(self) -> Iterator[Metric]:
        """Yield what ``collect`` yields, by which a registry knows the names that it has already."""
        return self.collect()

    def collect(self) -> Iterator[Metric]:
        """Yield the numbers."""
        clients = list(self._clients.values())
        yield _connections(clients)
        yield CounterMetricFamily(
            "sioclient_server_events_received",
            "Events and messages that handlers were called for",
            self._tally.received,
        )
        yield CounterMetricFamily(
            "sioclient_server_events_sent", "Events and messages that were queued, for each client", self._tally.sent
        )
        yield self._queues(clients)
        yield from self._tally.times.collect()

    def _queues(self, clients: list[MeasuredClient]) -> Metric:
        family = GaugeMetricFamily(
            "sioclient_server_queued_bytes", "Bytes that wait: to be handled, sent, or published", labels=["queue"]
        )
        family.add_metric(["in"], sum(client.inbox.size for client in clients))
        family.add_metric(["out"], sum(client.session.queued for client in clients))
        if self._backplane is not None:
            family.add_metric(["backplane"], self._backplane.queued)
        return family


def _connections(clients: list[MeasuredClient]) -> Metric:
    counts = Counter((str(client.session.revision), client.transport) for client in clients)
    family = GaugeMetricFamily(
        "sioclient_server_connections", "Clients, by revision and transport", labels=["revision", "transport"]
    )
    for labels, count in sorted(counts.items()):
        family.add_metric(labels, count)
    return family
