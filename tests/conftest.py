"""What every test may use: a real server, connections that are closed afterwards, and a patient wait."""

from __future__ import annotations

import logging
import os
import queue
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import settings

from sioclient import Channel, EngineIO, Handler, SocketIO
from tests import waiting
from tests.servers import Server
from tests.servers.node import NodeServer
from tests.servers.process import ServerFailed, ServerProcess, ServerUnavailable
from tests.waiting import EXPECTED, FAR, PATIENCE, eventually, taken

__all__ = ["PATIENCE", "eventually"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell has what it runs in the background ignore Ctrl-C, and so would every program that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("calm", deadline=None)  # it measures no time: the machine may be busy
settings.load_profile("calm")

pytest_plugins = ["tests.memory", "tests.proven"]


FRONTS = ("threads", "asyncio", "trio")
_KINDS = {"connect", "engine_kind"}
"""The fixtures with which a test makes what a front has."""


def pytest_configure(config: pytest.Config) -> None:
    """Have slow waits reported; ``pytest_plugins`` cannot name what is imported here already."""
    config.pluginmanager.register(waiting, "waiting")
    config.addinivalue_line("markers", f"fronts(*names): ``connect`` uses each of them, of {', '.join(FRONTS)}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test of the contract on each front that its marker names, or on all of them; outside CI on the first."""
    mark = metafunc.definition.get_closest_marker("fronts")
    if mark is not None and not _KINDS.isdisjoint(metafunc.fixturenames):
        fronts = mark.args or FRONTS
        metafunc.parametrize("front", fronts if os.environ.get("CI") else fronts[:1], indirect=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes share the tests: most of the time, a test waits.

    Nine processes on two cores did half as many more of the tests of faults in a minute as four did. Each has 200 MB.
    """
    cores = os.cpu_count() or 1
    return max(2 * cores, min(3 * cores, 6))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, since they share servers; parameters may say otherwise."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def without_address(value: object) -> str:
    """Return the ``repr`` of a parameter as the id of its test, which is the same in every process of pytest-xdist."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


class Recorder(Handler[Any]):
    """Remembers in order what it is told, as tuples of the method's name and its arguments."""

    def __init__(self) -> None:
        self.told: queue.Queue[tuple[Any, ...]] = queue.Queue()

    def next(self, name: str | None = None, expect: float = EXPECTED) -> tuple[Any, ...]:
        """Return the next thing told, or the next one of that name."""
        what = f"{name or 'anything'} told to a recorder"
        told: tuple[Any, ...] = taken(self.told, what, expect, lambda told: name in (None, told[0]))
        return told

    def on_connect(self, socket: Channel) -> None:
        self.told.put(("connect",))

    def on_disconnect(self) -> None:
        self.told.put(("disconnect",))

    def on_error(self, name: str, message: str) -> None:
        self.told.put(("error", name, message))

    def on_message(self, id: int | None, *args: Any) -> None:
        self.told.put(("message", id, *args))

    def on_reconnect(self, attempts: int) -> None:
        self.told.put(("reconnect", attempts))

    def on_reconnect_failed(self, error: Exception) -> None:
        self.told.put(("reconnect_failed", error))

    def on_open(self, transport: str) -> None:
        self.told.put(("open", transport))

    def on_close(self, reason: str) -> None:
        self.told.put(("close", reason))

    def on_retry(self, attempt: int, delay: float) -> None:
        self.told.put(("retry", attempt))

    def unknown_event(self, name: str, args: list[Any]) -> None:
        self.told.put((name, *args))

    def ack(self, msgid: int, name: str | None = None, args: list[Any] | None = None) -> None:
        self.told.put(("ack", msgid, name, args))

    def on_exception(self, event: str, error: BaseException) -> None:
        self.told.put(("exception", event, error))


def start(what: str | Server, **settings: Any) -> ServerProcess:
    """Start a script on Node, or a server of the table, or skip the test with the reason."""
    try:
        return NodeServer(what, **settings) if isinstance(what, str) else what.start(**settings)
    except ServerFailed:
        raise
    except ServerUnavailable as problem:
        pytest.skip(f"needs a real server: {problem}")


SILENT = {"heartbeat interval": FAR, "heartbeat timeout": FAR}
"""Settings of socket.io 0.9 with which no heartbeat comes while a test lasts."""


@pytest.fixture(scope="session")
def legacy() -> Iterator[int]:
    """The port of a socket.io 0.9.19 server that all tests share."""
    with start("legacy.js", authorize=True, socketio=SILENT) as server:
        yield server.port


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def transport() -> str:
    """The transport that ``connect`` uses; a module may run its tests over several."""
    return "websocket"


@pytest.fixture(scope="session")
def loops() -> Iterator[Callable[[str], Any]]:
    """Give a loop of asyncio or trio, which runs in a thread until the end of the session."""
    running: dict[str, Any] = {}
    with ExitStack() as stack:

        def get(backend: str) -> Any:
            if backend not in running:
                from tests.aio.blocking import loop_of  # loads anyio, which nothing else needs here

                running[backend] = stack.enter_context(loop_of(backend))
            return running[backend]

        yield get


@pytest.fixture
def front(request: pytest.FixtureRequest) -> str:
    """Whose ``SocketIO`` is connected; the marker ``fronts`` has a test run on others, too."""
    return getattr(request, "param", FRONTS[0])


@pytest.fixture
def socket_kind(front: str, loops: Callable[[str], Any]) -> Callable[..., SocketIO]:
    """What makes a SocketIO of the front; those of asyncio and trio get verbs that wait."""
    return SocketIO if front == FRONTS[0] else loops(front).socket


@pytest.fixture
def engine_kind(front: str, loops: Callable[[str], Any]) -> Callable[..., EngineIO]:
    """What makes an EngineIO of the front."""
    return EngineIO if front == FRONTS[0] else loops(front).engine


@pytest.fixture
def connect(transport: str, socket_kind: Callable[..., SocketIO]) -> Iterator[Callable[..., SocketIO]]:
    """Make connections as ``SocketIO`` does; they end with the test."""
    made: list[SocketIO] = []

    def make(*args: Any, **options: Any) -> SocketIO:
        options.setdefault("transports", (transport,))
        socket = socket_kind("127.0.0.1", *args, **options)
        made.append(socket)
        return socket

    yield make
    for socket in made:
        socket.disconnect()


class RaisingLog(logging.Handler):
    """A handler of the log that raises what no handler should; ``records`` are those that it did not handle."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        raise GeneratorExit


@pytest.fixture
def raising_log() -> Iterator[RaisingLog]:
    """Have every record of ours, of whatever level, raise."""
    logger, handler = logging.getLogger("sioclient"), RaisingLog()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.fixture
def no_thread_left(socket_kind: object) -> Iterator[None]:
    """Fail if a thread of ours outlives the test; the loop of another front has begun before."""
    before = set(threading.enumerate())
    yield
    eventually(lambda: set(threading.enumerate()) <= before, "the end of all threads")


def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Let coverage know whose test this is: each module is to be covered whole by its own (coverage_by_module.py)."""
    coverage = sys.modules.get("coverage")
    if coverage and (measuring := coverage.Coverage.current()):
        measuring.switch_context(item.nodeid.split("::")[0])
