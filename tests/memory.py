"""A server in memory: the shell's threads run over it as over a network, and tests decide what it does and when."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sioclient.connection import Connection
from sioclient.errors import ConnectError, ConnectionLost
from sioclient.protocol.backoff import Backoff
from sioclient.protocol.client import ClientProtocol
from sioclient.protocol.lifecycle import Policy
from sioclient.protocol.notices import Notice
from sioclient.protocol.revisions import Handshake, Revision1
from sioclient.transports.base import Transport
from tests.waiting import PATIENCE, expecting, happened

_WAKE, _ABORT = object(), object()


class MemoryTransport(Transport):
    """Carries frames to a list and from a queue."""

    name = "memory"
    is_answered = False  # whether what is sent has answers to wait for

    def __init__(self, server: MemoryServer) -> None:
        self.server = server
        self.incoming: queue.Queue[Any] = queue.Queue()
        self.handed: list[str] = []  # what is to be sent, whatever became of it
        self.sent: list[str] = []
        self.writes = 0
        self.closed = self.aborted = False
        self.may_send = threading.Event()
        self.may_send.set()
        self.is_sending = threading.Event()
        self.answers = threading.Event()
        self.answers.set()
        self.is_busy = False

    def open(self, url: str, deadline: float) -> None:
        raise NotImplementedError("a memory transport is born open")

    def recv(self) -> list[str | bytes]:
        frame = self.incoming.get()
        if frame is _WAKE:
            return []
        if frame is _ABORT:
            raise ConnectionLost("aborted")
        if isinstance(frame, Exception):
            raise frame
        return frame if isinstance(frame, list) else [frame]

    def send(self, frames: list[str]) -> None:
        self.handed += frames
        self.is_sending.set()
        happened(self.may_send, "the permission to send")
        if self.aborted:
            raise ConnectionLost("broken")
        self.writes += 1
        for frame in frames:
            self.sent.append(frame)
            self.server.answer(self, frame)
        if self.is_answered:
            self.is_busy = True

    def prepare(self, deadline: float) -> bool:
        return self.finish(deadline)

    def finish(self, deadline: float) -> bool:
        if self.is_busy and self.answers.wait(max(deadline - time.monotonic(), 0)):
            self.is_busy = False
            if self.aborted:
                raise ConnectionLost("broken")
        return not self.is_busy

    def wake(self) -> None:
        self.incoming.put(_WAKE)

    def abort(self) -> None:
        self.aborted = True
        self.may_send.set()
        self.answers.set()
        self.incoming.put(_ABORT)

    def close(self, timeout: float) -> None:
        self.closed = True


class MemoryAttempt:
    def __init__(self, server: MemoryServer) -> None:
        self.server = server
        self.aborted = threading.Event()

    def run(self) -> tuple[Handshake, Transport]:
        self.server.attempts += 1
        step = self.server.plan.pop(0) if self.server.plan else None
        if step is not None:
            step(self)
        transport = MemoryTransport(self.server)
        self.server.transports.append(transport)
        if self.server.joins:
            transport.incoming.put("1::")
        return self.server.handshake, transport

    def abort(self) -> None:
        self.aborted.set()


class MemoryServer:
    """Stands where a Connector does.

    ``plan`` holds what the next attempts do before they succeed: functions of the attempt that may wait, or raise.
    ``answers`` maps what a sent frame begins with to frames that come back.
    """

    def __init__(self, heartbeat: float | None = None) -> None:
        self.handshake = Handshake("id", heartbeat, heartbeat, ("memory",))
        self.plan: list[Callable[[MemoryAttempt], None]] = []
        self.answers: dict[str, list[str]] = {}
        self.joins = True
        self.attempts = 0
        self.transports: list[MemoryTransport] = []
        self.claims: dict[str, Any] = {}
        self.closed = False

    @property
    def link(self) -> MemoryTransport:
        return self.transports[-1]

    def attempt(self, timeout: float) -> MemoryAttempt:
        return MemoryAttempt(self)

    def close(self) -> None:
        self.closed = True

    def push(self, *frames: Any) -> None:
        for frame in frames:
            self.link.incoming.put(frame)

    def push_at_once(self, *frames: str) -> None:
        """Let one read bring several frames."""
        self.link.incoming.put(list(frames))

    def answer(self, transport: MemoryTransport, frame: str) -> None:
        for beginning, frames in self.answers.items():
            if frame.startswith(beginning):
                for answer in frames:
                    transport.incoming.put(answer)


def refuse(attempt: MemoryAttempt) -> None:
    raise ConnectError("refused")


def until_aborted(attempt: MemoryAttempt) -> None:
    happened(attempt.aborted, "the end of an attempt")
    raise ConnectError("aborted")


class Notices:
    """Where notices are delivered to; ``react`` runs for each on the listener thread."""

    def __init__(self) -> None:
        self.all: list[Notice] = []
        self.react: Callable[[Notice], None] = lambda notice: None

    def __call__(self, notice: Notice) -> None:
        self.all.append(notice)
        self.react(notice)

    def of(self, kind: type) -> list[Any]:
        return [notice for notice in self.all if isinstance(notice, kind)]


def make_connection(
    server: MemoryServer, notices: Notices, *, attempts: int | None = 5, delay: float = 0.01, **policy: Any
) -> Connection:
    revision = Revision1()
    backoff = Backoff(delay, delay, attempts, lambda: 0.5)
    policy.setdefault("connect_timeout", PATIENCE)
    protocol = ClientProtocol(revision, backoff, Policy(**policy))
    return Connection(protocol, server, policy["connect_timeout"], lambda: notices)  # type: ignore[arg-type]


@pytest.fixture
def server() -> MemoryServer:
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
