"""Whatever a transport raises is a loss like any other, and what code of the user raises is none at all."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from sioclient import ConnectionLost, Handler, SocketIOError
from sioclient.transports.polling import PollingTransport
from sioclient.transports.websocket import WebSocketTransport
from tests.faults.rogue import Rogue
from tests.servers_py import Peer, Task
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("no_thread_left")

CALLED = ["open", "recv", "send", "wake", "abort", "close", "is_busy"]
METHODS = [(WebSocketTransport, name) for name in CALLED]
METHODS += [(PollingTransport, name) for name in [*CALLED, "prepare", "finish"]]


class Foreign(Exception):
    """An exception of nobody's."""


class ForeignBase(BaseException):
    """One that is past most guards."""


class Faults:
    """Has a method of a transport raise at one of its calls, in whatever thread; a property is a method here.

    Args:
        kind: what is raised.
        number: how many calls go well before that one.
    """

    def __init__(self, kind: type[BaseException], number: int) -> None:
        self._kind, self._left = kind, number
        self.raised = False

    def install(self, cls: type, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
        plain = getattr(cls, method)

        def faulty(*args: Any, **keywords: Any) -> Any:
            if method == "close":  # so that what it frees is freed
                plain(*args, **keywords)
            self._count()
            return plain(*args, **keywords)

        if callable(plain):
            monkeypatch.setattr(cls, method, faulty)
        else:
            get = plain.fget if isinstance(plain, property) else lambda transport: plain
            monkeypatch.setattr(cls, method, property(lambda transport: (self._count(), get(transport))[1]))

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0 and not self.raised:
            self.raised = True
            raise self._kind("of another's type")


@pytest.fixture
def nothing_on_stderr(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Fail if a thread of ours ends with an exception, or if anything is written to stderr."""
    ended: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", ended.append)
    yield
    assert ended == []
    assert capfd.readouterr().err == ""


@pytest.fixture
def transport() -> str:
    """None that ``connect`` chooses: the tests do."""
    return ""


@pytest.mark.usefixtures("nothing_on_stderr")
@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize(
    ("kind", "cls", "method"),
    # What strikes the calling thread from outside while it looks, as Ctrl-C does, is none: see test_chain.
    [(kind, *method) for kind in (Foreign, ForeignBase) for method in METHODS]
    + [(Foreign, WebSocketTransport, "take")],
    ids=lambda value: getattr(value, "name", None) or getattr(value, "__name__", value),
)
def test_whatever_a_transport_raises_is_a_loss(kind, cls, method, number, connect, recorder, monkeypatch, caplog):
    caplog.set_level(logging.INFO, "sioclient")
    faults = Faults(kind, number)
    with Rogue() as rogue:
        socket = connect(rogue.port, recorder, transports=(cls.name,))
        faults.install(cls, method, monkeypatch)

        def calls() -> bool:
            with suppress(SocketIOError, ForeignBase):
                Task(lambda: [socket.call("x", timeout=1) for _ in range(4)]).result()  # one after the other at once
                return True
            return False

        def provoke() -> bool:
            calls()
            with suppress(SocketIOError, ForeignBase):
                Task(lambda: socket.connect("/chat", timeout=1).disconnect()).result()
            if method in ("abort", "close", "open"):
                rogue.sessions[-1].act(lambda peer: peer.reset())
            return faults.raised

        eventually(provoke, expect=5)
        recorder.next("disconnect")
        recorder.next("reconnect", expect=5)
        eventually(calls, expect=5)
        if method not in ("abort", "close"):
            assert "of another's type" in caplog.text


def chunk_of(size: str) -> Callable[[Peer], object]:
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    return lambda peer: (peer.send(f"{head}{size}\r\n3:::x\r\n0\r\n\r\n".encode()), peer.end())


CHUNKS = ("-5", "-" + "f" * 40, "f" * 40, "x", "")
"""Sizes of a chunk that are none."""


@pytest.mark.usefixtures("nothing_on_stderr")
@pytest.mark.parametrize("size", CHUNKS)
def test_a_chunk_of_an_odd_size_is_a_loss(size, connect, recorder, caplog):
    caplog.set_level(logging.INFO, "sioclient")
    with Rogue() as rogue:
        socket = connect(rogue.port, recorder, transports=("xhr-polling",))
        rogue.next_session().act(chunk_of(size))
        assert recorder.next("close")[1].startswith("transport closed: not a chunk of HTTP")
        recorder.next("reconnect")
        session = rogue.next_session()
        session.acknowledges, session.post_response = False, chunk_of(size)
        with pytest.raises(ConnectionLost):
            Task(lambda: socket.call("x", timeout=1)).result()
        assert recorder.next("close")[1].startswith("transport closed: not a chunk of HTTP")
        recorder.next("reconnect")
        assert Task(lambda: socket.call("x", timeout=1)).result() is None
        assert "disconnected: transport closed: not a chunk of HTTP" in caplog.text


# What code of the user raises


class Raising(Handler[Any]):
    """A handler that raises wherever it can."""

    def __init__(self, kind: type[BaseException]) -> None:
        self.kind, self.heard = kind, list[Any]()

    @property
    def on_property(self) -> Any:
        raise self.kind("a property")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("on_"):
            raise self.kind("__getattr__")
        raise AttributeError(name)

    def on_raises(self, *args: Any) -> None:
        raise self.kind("a method")

    def on_exception(self, event: str, error: BaseException) -> None:
        raise self.kind("on_exception")

    def on_good(self, number: int) -> None:
        self.heard.append(number)

    def on_last(self) -> None:
        self.heard.append("last")


@pytest.mark.usefixtures("nothing_on_stderr")
@pytest.mark.parametrize("kind", [Foreign, ForeignBase, asyncio.CancelledError, GeneratorExit, KeyboardInterrupt])
@pytest.mark.parametrize("logs", [True, False], ids=["log", "no log"])
def test_whatever_a_handler_raises_ends_nothing(kind, logs, connect, request):
    if not logs:
        request.getfixturevalue("raising_log")
    handler = Raising(kind)
    with Rogue() as rogue:
        socket = connect(rogue.port, handler, transports=("websocket",))
        socket.on("raises", lambda: heard.append("a function"))
        heard: list[str] = []
        for times in (1, 2):
            session = rogue.next_session()
            for name in ("property", "anything", "raises"):
                session.push(f'5:1+::{{"name":"{name}"}}', '5:::{"name":"good","args":[1]}')
            session.push("3:::text", "4:::[1]", "6:::99+[1]", "7:::reason+advice", "nonsense", '5:::{"name":"last"}')
            eventually(lambda times=times: handler.heard == ([1] * 3 + ["last"]) * times)
            if times == 1:
                session.end()
        assert heard == ["a function"] * 2
        if logs:
            assert socket.call("x", timeout=1) is None
