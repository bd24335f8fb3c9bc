"""A server in memory: the threads of a connection run over it as over a network, and tests decide what it does."""

from __future__ import annotations

import queue
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from sioclient.errors import ConnectError, ConnectionLost
from sioclient.fronts.attempt import Opened
from sioclient.fronts.steps import Steps, run_steps
from sioclient.options import Options
from sioclient.protocol.client import ClientProtocol
from sioclient.protocol.endpoints import Endpoint
from sioclient.protocol.framing import Frame
from sioclient.protocol.notices import Notice
from sioclient.protocol.packets import Message
from sioclient.protocol.revisions import Handshake, Opening, revision1
from sioclient.threads.connection import Connection
from sioclient.threads.guard import Guard
from sioclient.transports.base import Traffic, Transport
from tests.waiting import PATIENCE, expecting, happened

_WAKE, _ABORT = object(), object()

NEVER = 50 * PATIENCE
"""Seconds that no test lives to see."""


class MemoryTransport(Transport):
    """Carries frames to a list and from a queue.

    Attributes:
        prepares: whether it is like one that POSTs: each write has a response to wait for.
        handed: the frames that were to be written while it was open, whatever became of them.
        left: whether it was told that nothing more will be sent.
        sent, writes: the frames that were written, and how often.
        may_send: cleared, a write is stuck.
        is_sending: a write has begun.
        responses: cleared, no write gets its response.
        fault: called with the name of each method that the connection calls; it may raise.
    """

    name = "memory"

    def __init__(self, server: MemoryServer) -> None:
        self.server = server
        self.incoming: queue.Queue[Any] = queue.Queue()
        self.handed: list[Frame] = []
        self.sent: list[Frame] = []
        self.writes = 0
        self.closed = self.aborted = self.is_busy = self.left = False
        self.may_send, self.is_sending, self.responses = threading.Event(), threading.Event(), threading.Event()
        self.may_send.set()
        self.responses.set()
        self.fault: Callable[[str], None] = lambda method: None

    def open(self, url: str, deadline: float) -> None:
        raise NotImplementedError("a memory transport is born open")

    def recv(self) -> list[Frame]:
        return self._recv(None)

    def recv_until(self, deadline: float) -> list[Frame]:
        try:
            return self._recv(min(max(deadline - time.monotonic(), 0), NEVER))
        except queue.Empty:
            return []

    def _recv(self, timeout: float | None) -> list[Frame]:
        self.fault("recv")
        frame = self.incoming.get(timeout=timeout)
        if frame is _WAKE:
            return []
        if frame is _ABORT:
            raise ConnectionLost("aborted")
        if isinstance(frame, BaseException):
            raise frame
        return frame if isinstance(frame, list) else [frame]

    def take(self, see_to: Callable[[list[Frame]], bool]) -> bool | None:
        self.fault("take")
        with self.incoming.mutex:
            frame = self.incoming.queue[0] if self.incoming.queue else None
        if frame is None:
            return None
        if not (isinstance(frame, str) or type(frame) is list) or not see_to(
            [frame] if isinstance(frame, str) else frame
        ):
            return False
        self.incoming.get_nowait()
        return True

    def send(self, frames: Iterable[Frame]) -> None:
        self.fault("send")
        frames = list(frames)
        if not (self.closed or self.aborted):
            self.handed += frames
        self.is_sending.set()
        happened(self.may_send, "the permission to send")
        if self.aborted:
            raise ConnectionLost("broken")
        self.writes += 1
        for frame in frames:
            self.sent.append(frame)
            self.server.reply(self, frame)
        self.is_busy = self.prepares

    def prepare(self, deadline: float) -> bool:
        self.fault("prepare")
        return self._wait(deadline)

    def finish(self, deadline: float) -> bool:
        self.fault("finish")
        return self._wait(deadline)

    def leave(self) -> None:
        self.fault("leave")
        self.left = True

    def wake(self) -> None:
        self.fault("wake")
        self.incoming.put(_WAKE)

    def abort(self) -> None:
        self.aborted = True
        self.may_send.set()
        self.responses.set()
        self.incoming.put(_ABORT)
        self.fault("abort")

    def close(self, timeout: float) -> None:
        self.closed = True
        self.fault("close")

    def _wait(self, deadline: float) -> bool:
        if self.is_busy and self.responses.wait(max(deadline - time.monotonic(), 0)):
            self.is_busy = False
            if self.aborted:
                raise ConnectionLost("broken")
        return not self.is_busy


class MemoryAttempt:
    """One attempt to reach a server in memory."""

    def __init__(self, server: MemoryServer, opening: Opening, endpoints: list[Endpoint]) -> None:
        self.server, self.opening = server, opening
        self.auths = [(endpoint, endpoint.auth) for endpoint in endpoints if endpoint.auth is not None]
        self.aborted = threading.Event()

    def run(self) -> Steps[Opened]:
        self.server.attempts += 1
        step = self.server.plan.pop(0) if self.server.plan else None
        if step is not None:
            yield partial(step, self)
        transport = MemoryTransport(self.server)
        transport.fault = lambda method: self.server.fault(method)
        self.server.transports.append(transport)
        if self.server.joins:
            transport.incoming.put("1::")
        return Opened(self.server.announce(self.opening), transport, dict(self.auths))

    def abort(self) -> None:
        self.aborted.set()


class MemoryServer:
    """Stands where a Connector does.

    Args:
        heartbeat: seconds of both time-outs that it announces; None: there are no heartbeats, so that nothing but a
            wake-up wakes a thread that sleeps.

    Attributes:
        plan: what the next attempts do before they succeed: functions of the attempt that may wait, or raise.
        replies: maps what a sent frame begins with to the frames that come back.
        joins: whether it joins us to the default endpoint.
        fault: called with the name of each method that the connection calls on a transport; it may raise.
    """

    def __init__(self, heartbeat: float | None = None) -> None:
        self.traffic = Traffic()
        self.handshake = Handshake("id", heartbeat, heartbeat, ("memory",))
        self.plan: list[Callable[[MemoryAttempt], object]] = []
        self.replies: dict[str, list[Any]] = {}
        self.joins = True
        self.attempts = 0
        self.transports: list[MemoryTransport] = []
        self.closed = False
        self.fault: Callable[[str], None] = lambda method: None

    @property
    def link(self) -> MemoryTransport:
        """The latest transport."""
        return self.transports[-1]

    def attempt(self, opening: Opening, endpoints: Iterable[Endpoint] = ()) -> MemoryAttempt:
        return MemoryAttempt(self, opening, list(endpoints))

    def beside(self, transport: MemoryTransport, handshake: Handshake) -> MemoryTransport:
        """Return a transport that receives what the other one does."""
        mixed = MemoryTransport(self)
        mixed.incoming = transport.incoming
        self.transports.append(mixed)
        return mixed

    def announce(self, opening: Opening) -> Handshake:
        """Return the handshake of a session: of the revision that is asked for, unless it has one of its own."""
        if self.handshake.opening is not None:
            return self.handshake
        return replace(self.handshake, opening=opening, dialect=opening.dialect)

    def close(self) -> None:
        self.closed = True

    def push(self, *frames: Any) -> None:
        """Have each read bring one frame, or raise it."""
        for frame in frames:
            self.link.incoming.put(frame)

    def push_at_once(self, *frames: str) -> None:
        """Have one read bring several frames."""
        self.link.incoming.put(list(frames))

    def reply(self, transport: MemoryTransport, frame: Frame) -> None:
        for beginning, frames in self.replies.items():
            if isinstance(frame, str) and frame.startswith(beginning):
                for reply in frames:
                    transport.incoming.put(reply)


def refuse(attempt: MemoryAttempt) -> None:
    raise ConnectError("refused")


def until_aborted(attempt: MemoryAttempt) -> None:
    happened(attempt.aborted, "the end of an attempt")
    raise ConnectError("aborted")


class Notices:
    """The owner of the default endpoint; ``react`` runs for each notice on the listener thread."""

    def __init__(self) -> None:
        self.all: list[Notice] = []
        self.react: Callable[[Notice], object] = lambda notice: None

    def deliver(self, notice: Notice) -> None:
        self.all.append(notice)
        self.react(notice)

    def of(self, kind: type) -> list[Any]:
        return [notice for notice in self.all if isinstance(notice, kind)]


def in_handler(notices: Notices, function: Callable[[], Any]) -> list[Any]:
    """Run ``function`` when a message arrives; its value or its exception is put into the list returned."""
    results: list[Any] = []

    def react(notice: Notice) -> None:
        if isinstance(notice, Message):
            try:
                results.append(function())
            except Exception as error:
                results.append(error)

    notices.react = react
    return results


def join(connection: Connection, owner: Any, name: str = "/chat", timeout: float = PATIENCE) -> Endpoint:
    """Join an endpoint for ``owner``, and wait until that is decided."""
    endpoint = connection.joins.ask(name, "", timeout, weakref.ref(owner))
    connection.joins.wait_for(endpoint)
    return endpoint


def make_connection(server: MemoryServer, owner: Any, **options: Any) -> Connection:
    """Return a connection to a server in memory; notices are for ``owner``, which the caller keeps alive."""
    delay = options.setdefault("reconnection_delay", 0.01)
    chosen = Options(**{"reconnection_limit": delay, "connect_timeout": PATIENCE, **options})
    connection = Connection(ClientProtocol(revision1(), chosen), server)  # type: ignore[arg-type]
    connection.default_endpoint(weakref.ref(owner))
    return connection


def open_guard(server: MemoryServer, owner: Any = None, **options: Any) -> Guard:
    """Return a guard whose connection is open over a transport of the server; no thread reads or keeps time."""
    opening = revision1()
    guard = Guard(ClientProtocol(opening, Options(**{"reconnection_delay": 0.01, **options})))
    transport = run_steps(MemoryAttempt(server, opening, []).run()).transport
    with guard.open() as protocol:
        if owner is not None:
            protocol.endpoints.default.owner = weakref.ref(owner)
        protocol.connect(time.monotonic())
        protocol.transport_opened(server.announce(opening), transport.name, time.monotonic())
        protocol.receive(["1::"], time.monotonic())
        guard.link = guard.transport = transport
        guard.publish()
        guard.inbox.clear()
    return guard


def look_again_after(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set after how long a thread that waits looks again by itself."""
    monkeypatch.setattr("sioclient.threads.guard.SLICE", seconds)
    monkeypatch.setattr("sioclient.threads.connection.SLICE", seconds)
    monkeypatch.setattr("sioclient.threads.heartbeat.SLICE", seconds)
    monkeypatch.setattr("sioclient.threads.writer.SLICE", seconds)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> MemoryServer:
    """A server without heartbeats; a thread whose wake-up is lost sleeps for longer than the test lasts."""
    look_again_after(NEVER, monkeypatch)
    return MemoryServer()


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def connection(server: MemoryServer, notices: Notices) -> Iterator[Connection]:
    connection = make_connection(server, notices)
    yield connection
    with expecting("the end of a connection"):
        connection.disconnect()
