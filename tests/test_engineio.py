"""EngineIO: its arguments, and what it tells whom, over a server in memory."""

from __future__ import annotations

import gc
import logging
import queue
import sys
import warnings
import weakref
from dataclasses import replace

import pytest

from sioclient import EngineIO, LocalProtocolError, NotConnected
from sioclient.errors import ConnectError, ConnectionLost
from sioclient.protocol.revisions import Handshake, engine_alone
from sioclient.stats import Stats
from tests.conftest import RaisingLog
from tests.memory import MemoryServer
from tests.waiting import FAR, ended, eventually, taken

pytestmark = pytest.mark.usefixtures("no_thread_left")


class EngineServer(MemoryServer):
    """Speaks Engine.IO 4; its handshake joins us."""

    def __init__(self):
        super().__init__()
        self.joins = False
        self.handshake = Handshake("id", FAR, None, ("memory",), ping_interval=FAR, frames=("0",))


@pytest.fixture
def server():
    return EngineServer()


@pytest.fixture
def make(server, monkeypatch):
    """Make an EngineIO that connects to the server in memory."""
    made = []
    monkeypatch.setattr("sioclient.threads.connection.Connector", lambda *args: server)

    def make(**options):
        client = EngineIO(**{"revision": 4, "reconnection_delay": 0.01, **options})
        made.append(client)
        return client

    yield make
    while made:
        made.pop().disconnect()


def logger_to(records):
    """Return a logger that puts what it is told into a queue."""
    logger = logging.Logger("mine")
    logger.addHandler(logging.Handler())
    logger.handlers[0].emit = lambda record: records.put(record.getMessage())
    return logger


def test_events_reach_their_functions(make, server):
    told, client = queue.Queue(), make()
    client.on("connect", lambda: told.put("connect"))

    @client.on("message")
    def message(data):
        told.put(data)

    client.on("disconnect", lambda reason: told.put(reason))
    client.connect("localhost")
    server.push("4x", b"\1", "4")
    assert [taken(told) for _ in range(4)] == ["connect", "x", b"\1", ""]
    client.send("a")
    client.send(b"b")
    client.send({"c": 1})
    assert server.link.sent == ["4a", b"b", '4{"c":1}']
    client.disconnect()
    assert taken(told) == "client"


def test_before_the_first_connection(make):
    client = EngineIO()
    assert (client.connected, client.session_id, client.transport_name, client.revision) == (False, None, None, None)
    assert EngineIO(revision=3).revision == 3
    for early in (lambda: client.send("x"), client.wait):
        with pytest.raises(NotConnected, match="connect"):
            early()
    client.disconnect()


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"colour": "red"}, TypeError, "no option 'colour'"),
        ({"parser": "msgpack"}, TypeError, "no option 'parser'"),
        ({"retries": 3, "ack_timeout": 1}, TypeError, "no option 'ack_timeout'"),
        ({"revision": 5}, ValueError, "revision must be that of Engine.IO, 3 or 4"),
        ({"revision": 1}, ValueError, "3 or 4"),
        ({"logger": "loud"}, TypeError, "logger must be True, False or a logging.Logger, not str"),
        ({"connect_timeout": 0}, ValueError, "connect_timeout"),
        ({"transports": 5}, TypeError, "a sequence of names"),
        ({"headers": {"X": "a\nb"}}, ValueError, "line break"),
        ({"json": object()}, TypeError, "json"),
        ({"auth": {"token": "x"}}, TypeError, "auth must be a pair"),
        ({"auth": lambda: {"token": "x"}}, TypeError, "auth must be a pair"),
    ],
)
def test_arguments_that_are_wrong(options, error, text):
    with pytest.raises(error, match=text):
        EngineIO(**options)


def test_functions_that_are_wrong():
    client = EngineIO()
    with pytest.raises(ValueError, match="connect, message, disconnect"):
        client.on("hello", print)
    with pytest.raises(TypeError, match="what is called for 'message' must be a function, not int"):
        client.on("message", 5)

    async def coroutine(data): ...

    for refused in (lambda: client.on("message", coroutine), lambda: client.on("message")(coroutine)):
        with pytest.raises(TypeError, match=r"must be a plain function, not a coroutine function.*hand it to a loop"):
            refused()


def test_who_takes_an_argument_gets_the_reason_of_a_disconnect(make):
    told, client = [], make()
    client.on("disconnect", lambda: told.append("nothing"))
    client.on("disconnect", lambda reason: told.append(reason))
    client.connect("localhost")
    client.disconnect()
    assert told == ["nothing", "client"]


def test_wrong_arity_says_what_the_function_was_called_with(make, server, caplog):
    client = make(logger=logging.getLogger("sioclient"))
    client.on("message", lambda: None)
    client.connect("localhost")
    server.push("4x")
    eventually(lambda: "<lambda> was called with 'x': " in caplog.text)


def test_one_connection_at_a_time(make, server):
    with make() as client:
        client.connect("localhost")
        assert (client.connected, client.revision, client.session_id) == (True, 4, "id")
        assert client.transport_name == "memory"
        with pytest.raises(LocalProtocolError, match="already"):
            client.connect("localhost")
        assert client.wait(0.001) is None
    assert not client.connected
    client.connect("localhost")
    assert server.attempts == 2


def test_connect_in_a_function_comes_after_what_is_told_of_the_end(make, server):
    told = queue.Queue()
    logger = logger_to(told)
    logger.setLevel(logging.INFO)
    client = make(logger=logger)

    @client.on("disconnect")
    def disconnected(reason):
        told.put(reason)
        if len(server.transports) == 1:
            client.disconnect()
            client.connect("localhost")

    client.connect("localhost")
    server.push(ConnectionLost("cut"))
    connected, ended = "connected over memory, revision 4", "the connection has ended: as wanted"
    expected = [connected, "cut", "disconnected: cut", "attempt 1", ended, connected]
    for text in expected:
        assert text in taken(told)
    client.close()
    assert client.wait() == "client"


def test_connections_of_before_are_forgotten(make, server):
    client, gone = make(), []
    for _ in range(3):
        client.connect("localhost")
        gone.append(weakref.ref(client._connection))
        client.disconnect()
    client.connect("localhost")
    eventually(lambda: gc.collect() >= 0 and {reference() for reference in gone} == {None})


def test_without_a_revision_it_is_found_out(server, monkeypatch):
    monkeypatch.setattr("sioclient.threads.connection.Connector", lambda *args: server)
    known = engine_alone(3)
    server.handshake = replace(server.handshake, opening=known, dialect=known.dialect)
    with EngineIO() as client:
        client.connect("localhost")
        assert client.revision == 3


@pytest.mark.parametrize("data", [None, 5, 1.5, object(), ("a",)])
def test_what_is_no_message(make, data):
    client = make()
    client.connect("localhost")
    with pytest.raises(TypeError, match="a message must be text, bytes, a dictionary or a list"):
        client.send(data)


@pytest.mark.parametrize(
    ("logger", "told", "silent"),
    [
        (False, ["the function for 'message' raised", "the connection has ended: "], ["connected", "disconnected"]),
        (True, ["connected", "disconnected: broken", "the function for 'message' raised", "dropped 1"], []),
    ],
)
def test_what_is_said_on_stderr(make, server, capsys, logger, told, silent):
    client, heard = make(logger=logger, reconnect=False), queue.Queue()
    client.on("message", lambda data: heard.put(data) or 1 / 0)
    client.connect("localhost")
    server.push("4x", "nonsense", "4%s %d")
    assert [taken(heard) for _ in range(2)] == ["x", "%s %d"]
    server.push(ConnectionLost("broken"))
    with pytest.raises(ConnectError, match="broken"):
        ended(client)
    errors = capsys.readouterr().err
    for text in told:
        assert text in errors
    for text in silent:
        assert text not in errors


def test_a_loss_is_logged_with_what_follows(make, server):
    records = queue.Queue()
    client = make(logger=logger_to(records))
    client.connect("localhost")
    server.push(ConnectionLost("broken"))
    address = "http://localhost/engine.io/: "
    while not (text := taken(records)).startswith(f"{address}attempt 1 in"):
        pass
    assert "broken" in text
    client.disconnect()
    while taken(records) != f"{address}the connection has ended: as wanted":
        pass


def test_logger_of_the_user_gets_every_packet(make, server):
    records = []
    logger = logging.Logger("mine", logging.DEBUG)
    logger.addHandler(logging.Handler())
    logger.handlers[0].emit = lambda record: records.append(record.getMessage())
    client = make(logger=logger)
    client.connect("localhost")
    client.send("hello")
    server.push("4hi\n")
    eventually(lambda: "< 4hi\\n" in records)
    assert "> 4hello" in records
    assert "http://localhost/engine.io/: connected over memory, revision 4" in records


def test_numbers_and_repr_are_those_of_the_connection(make, server):
    client = make()
    assert client.stats == Stats(0, 0, 0, 0, 0, 0, None, None)
    assert repr(client) == "<EngineIO not connected>"
    client.connect("localhost")
    client.send("x")
    assert client.stats.packets_out == 1
    assert repr(client) == "<EngineIO http://localhost/engine.io/ connected>"


def test_one_that_was_forgotten_ends(make, server, monkeypatch):
    client = EngineIO(revision=4)
    client.connect("localhost")
    gone = weakref.ref(client)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        del client
        eventually(lambda: gc.collect() >= 0 and gone() is None)
        eventually(lambda: told)
    assert str(told[0].message).startswith("EngineIO('http://localhost/engine.io/') was never disconnected")
    eventually(lambda: server.closed)


def test_a_function_that_exits_ends_neither_the_thread_nor_the_connection(make, server):
    heard, problems = queue.Queue(), queue.Queue()
    client = make(logger=logger_to(problems))

    @client.on("message")
    def exit_at_once(data):
        heard.put(data)
        sys.exit(data)

    client.connect("localhost")
    server.push("4first", "4second")
    assert [taken(heard) for _ in range(2)] == ["first", "second"]
    assert taken(problems, wanted=lambda text: "raised" in text) == "the function for 'message' raised"
    assert client.connected


def test_a_log_that_raises_keeps_no_function_from_its_event(make, server):
    heard, logger = [], logging.Logger("mine")
    logger.addHandler(RaisingLog())
    client = make(logger=logger)
    client.on("connect", lambda: heard.append("connect"))
    client.on("message", lambda data: 1 / 0)
    client.on("message", heard.append)
    client.connect("localhost")
    server.push("4text")
    eventually(lambda: heard == ["connect", "text"])
