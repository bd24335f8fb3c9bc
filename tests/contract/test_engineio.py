"""EngineIO against real engine.io servers that speak no Socket.IO."""

from __future__ import annotations

import logging
import queue

import pytest

from sioclient import ConnectError, EngineIO, LocalProtocolError, NotConnected, SocketIOError
from tests.conftest import start
from tests.waiting import ended, eventually, taken

pytestmark = [pytest.mark.usefixtures("no_thread_left"), pytest.mark.fronts]

ENGINES = [
    pytest.param((version, transport), id=f"engine.io {version}-{transport}")
    for version in ("3", "6")
    for transport in ("websocket", "xhr-polling")
]
REVISIONS = {"3": 3, "6": 4}


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    version, transport = request.param
    with start("engine.js", version=version, engineio={"maxHttpBufferSize": 10**8}) as server:
        yield REVISIONS[version], transport, f"http://127.0.0.1:{server.port}"


@pytest.fixture
def told():
    return queue.Queue()


@pytest.fixture
def make(engine, told, engine_kind):
    """Make an EngineIO that tells what happens; it ends with the test."""
    made = []

    def make(**options):
        client = engine_kind(**{"transports": (engine[1],), "reconnection_delay": 0.01, **options})
        client.on("connect", lambda: told.put("connect"))
        client.on("message", told.put)
        client.on("disconnect", lambda reason: told.put(("disconnect", reason)))
        made.append(client)
        return client

    yield make
    for client in made:
        client.disconnect()


@pytest.fixture
def client(make, engine, told):
    client = make()
    client.connect(engine[2])
    assert [taken(told) for _ in range(2)] == ["connect", "hello"]
    return client


def test_what_a_connection_tells_of_itself(client, engine):
    assert client.connected
    assert (client.revision, client.transport_name) == engine[:2]
    assert isinstance(client.session_id, str)
    client.disconnect()
    assert (client.connected, client.session_id, client.transport_name) == (False, None, None)


def test_messages_survive_there_and_back(client, told):
    messages = [
        "",
        "x",
        "\u00fcn\u00ef\U0001f600\n\0\x1f",
        "1:2",
        b"",
        b"\0",
        bytes(range(256)),
        b"x" * 200_000,
        "x" * 200_000,
    ]
    for message in messages:
        client.send(message)
        echo = taken(told)
        assert type(echo) is type(message)
        assert echo == message
    for value, text in (({"a": [1, "\u00e9"]}, '{"a":[1,"\\u00e9"]}'), ([], "[]")):
        client.send(value)
        assert taken(told) == text
    client.send(bytearray(b"1"))
    assert taken(told) == b"1"


def test_many_messages_keep_their_order(client, told):
    for number in range(300):
        client.send(str(number))
    assert [taken(told) for _ in range(300)] == [str(number) for number in range(300)]


def test_it_goes_on_over_a_websocket_by_default(engine, make, told):
    client = make(transports=("websocket", "xhr-polling"))
    client.connect(engine[2])
    assert client.transport_name == "websocket"
    assert [taken(told) for _ in range(2)] == ["connect", "hello"]
    client.send("transport")
    assert taken(told) == "websocket"


def test_the_revision_may_be_said(engine, make, told):
    client = make(revision=engine[0])
    assert client.revision == engine[0]
    client.connect(engine[2])
    assert [taken(told) for _ in range(2)] == ["connect", "hello"]


@pytest.mark.parametrize("how", ["close", "cut"])
def test_a_lost_connection_comes_back(client, told, how):
    client.send(how)
    reason = taken(told)
    assert reason[0] == "disconnect"
    assert [taken(told) for _ in range(2)] == ["connect", "hello"]
    client.send("x")
    assert taken(told) == "x"


def test_without_reconnecting_wait_raises(engine, make, told):
    client = make(reconnect=False)
    client.connect(engine[2])
    client.send("close")
    with pytest.raises(SocketIOError, match="lost"):
        ended(client)
    with pytest.raises(NotConnected):
        client.send("x")


def test_connecting_again_after_a_disconnect(client, engine, told):
    with pytest.raises(LocalProtocolError, match="already"):
        client.connect(engine[2])
    first = client.session_id
    client.disconnect()
    client.disconnect()
    assert taken(told) == ("disconnect", "client")
    client.connect(engine[2])
    assert [taken(told) for _ in range(2)] == ["connect", "hello"]
    assert client.session_id not in (None, first)
    assert client.wait(0.01) is None


def test_the_server_notices_the_end(client, make, engine, told):
    other = make()
    other.connect(engine[2])
    assert [taken(told) for _ in range(2)] == ["connect", "hello"]

    def sessions():
        client.send("sessions")
        return taken(told)

    assert sessions() == "2"
    other.disconnect()
    assert taken(told) == ("disconnect", "client")
    eventually(lambda: sessions() == "1", "the end of the session")


def test_a_function_that_raises_ends_nothing(client, told, caplog):
    @client.on("message")
    def fail(data):
        raise ValueError("oops")

    client.send("a")
    client.send("b")
    assert [taken(told) for _ in range(2)] == ["a", "b"]


def test_what_is_logged(engine, told):
    class Records(logging.Handler):
        def emit(self, record):
            records.append((record.levelno, record.getMessage()))

    records = []
    logger = logging.Logger("mine")
    logger.addHandler(Records())
    with EngineIO(logger=logger, transports=(engine[1],), reconnect=False) as client:
        client.connect(engine[2])
        client.send("close")
        with pytest.raises(SocketIOError) as lost:
            ended(client)
    address, why = str(lost.value).split(": ", 1)
    connected = [text for level, text in records if level == logging.INFO and ": connected over" in text]
    assert [text.startswith(f"{address}: connected over {engine[1]}, revision") for text in connected] == [True]
    assert (logging.ERROR, f"{address}: the connection has ended: {why}") in records
    assert (logging.DEBUG, "> 4close") in records


def test_a_server_with_socketio_is_an_engine_all_the_same(told):
    with start("modern.js", version="4.8.1") as server, EngineIO(resource="socket.io") as client:
        client.on("message", told.put)
        client.connect("127.0.0.1", server.port)
        client.send("0")
        assert taken(told).startswith('0{"sid":')


def test_a_port_where_nobody_listens():
    client = EngineIO(connect_timeout=2)
    with pytest.raises(ConnectError):
        client.connect("http://127.0.0.1:1")
    client.disconnect()
