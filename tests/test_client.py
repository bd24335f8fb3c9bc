"""SocketIO: what its arguments become, and which channel hears what, over a server in memory."""

from __future__ import annotations

import inspect
import logging
import subprocess
import sys
import warnings

import pytest

import sioclient
from sioclient import AckTimeout, ChannelError, Handler, LocalProtocolError, NotConnected, SocketIO, socketIO
from sioclient.errors import ConnectionLost
from tests.conftest import Recorder
from tests.interrupts import Interrupt
from tests.memory import look_again_after, refuse
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.usefixtures("no_thread_left")


@pytest.fixture
def connectors(server, monkeypatch):
    """The arguments of each connector that is made; the server in memory takes the place of all."""
    made = []
    monkeypatch.setattr("sioclient.connection.Connector", lambda *args: made.append(args) or server)
    server.replies["1::/chat"] = ["1::/chat"]
    return made


@pytest.fixture
def make(connectors):
    """Make a SocketIO that connects to the server in memory."""
    made = []

    def make(*args, **options):
        options = {"revision": 1, "auto_connect": False, "reconnection_delay": 0.01, **options}
        made.append(SocketIO(*args, **options))
        return made[-1]

    yield make
    for socket in made:
        socket.disconnect()


@pytest.fixture
def socket(make, recorder):
    socket = make(handler=recorder)
    socket.open()
    assert [recorder.next() for _ in range(2)] == [("open", "memory"), ("connect",)]
    return socket


def test_ctrl_c_at_any_place_of_connect_leaves_no_phantom(make, monkeypatch):
    """Whoever was interrupted in ``connect`` can connect that endpoint again, and hears of it."""
    look_again_after(0.2, monkeypatch)
    socket, number, raised_at = make(reconnection_limit=0.01), 0, ""  # an interrupted write ends the connection
    socket.open()
    while raised_at is not None:
        interrupt = Interrupt(number)
        interrupt.run(lambda: socket.connect("/chat"))
        number, raised_at = number + 1, interrupt.raised_at
        if raised_at is not None:
            chat = socket.connect("/chat")
            assert chat.connected, raised_at
            chat.disconnect()
            eventually(lambda: not socket.channels, f"the end of the channel after Ctrl-C at {raised_at}")
    assert number > 30


def test_the_public_names():
    assert socketIO is SocketIO
    assert all(hasattr(sioclient, name) for name in sioclient.__all__)
    assert {"SocketIO", "Handler", "Channel", "SocketIOError"} <= set(sioclient.__all__) <= set(dir(sioclient))


def test_names_are_imported_when_they_are_asked_for():
    statements = ["import sys, sioclient"]
    statements += [f"sioclient.{name}, vars(sioclient)['{name}']" for name in sioclient.__all__]
    statements += ["sys.exit(bool({'requests', 'websocket', 'tornado', 'anyio', 'ssl'} & sys.modules.keys()))"]
    assert subprocess.run([sys.executable, "-c", "; ".join(statements)], check=False).returncode == 0


def test_importing_the_package_loads_next_to_nothing():
    program = "import sys, sioclient; print(*(name for name in sys.modules if name.startswith('sioclient')))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert set(done.stdout.split()) == {"sioclient", "sioclient.errors", "sioclient.marks", "sioclient.names"}


def test_a_name_that_there_is_not():
    with pytest.raises(AttributeError, match="module 'sioclient' has no attribute 'Pigeon'"):
        sioclient.Pigeon  # noqa: B018 - this is what raises


def test_the_signature_of_the_contract():
    parameters = inspect.signature(SocketIO).parameters
    assert list(parameters) == ["host", "port", "handler", "auto_connect", "options"]
    positional = {name: parameter.default for name, parameter in parameters.items() if name != "options"}
    assert positional == {"host": "localhost", "port": None, "handler": None, "auto_connect": True}
    assert parameters["auto_connect"].kind is inspect.Parameter.KEYWORD_ONLY


def test_options_reach_the_connector(make, connectors):
    make("https://example.com", resource="chat", transports=("websocket",), headers={"a": "b"})
    ((address, options),) = connectors
    assert str(address) == "https://example.com/chat/"
    assert (options.transports, options.headers) == (("websocket",), {"a": "b"})


def test_data_of_auth_are_for_the_default_endpoint(make, server):
    asked = []
    server.plan.append(lambda attempt: asked.extend((endpoint.name, auth) for endpoint, auth in attempt.auths))
    make(auth={"token": "x"}).open()
    assert asked == [("", {"token": "x"})]


def test_where_it_connects():
    socket = SocketIO("https://user:secret@example.com:8443/path?token=x", revision=1, auto_connect=False)
    assert repr(socket) == "<SocketIO https://example.com:8443/path/socket.io/ not connected>"


def test_wrong_arguments_raise_before_anything_happens():
    for options in ({"port": "8000"}, {"handler": Handler}, {"transports": {"websocket"}}, {"headers": {"a": 1}}):
        with pytest.raises(TypeError):
            SocketIO(**options)
    for options in ({"port": 0}, {"connect_timeout": 0}, {"transports": ("pigeon",)}, {"headers": {"a": "b\r\nc: d"}}):
        with pytest.raises(ValueError, match=r"."):
            SocketIO(**options)
    with pytest.raises(TypeError, match="colour"):
        SocketIO(colour="red")


def test_properties_before_and_while_connected(make):
    socket = make()
    assert (socket.connected, socket.session_id, socket.transport_name, socket.channels) == (False, None, None, {})
    with socket as entered:
        socket.open()
        assert entered is socket
        assert (socket.connected, socket.session_id, socket.transport_name) == (True, "id", "memory")
        assert socket.revision == 1
    assert not socket.connected


def test_every_channel_hears_its_own(socket, server, recorder):
    chat = Recorder()
    channel = socket.connect("/chat", chat)
    server.push('5::/chat:{"name":"x"}', '5:::{"name":"y"}', '5::/other:{"name":"z"}', "3::/chat:m")
    assert [chat.next() for _ in range(3)] == [("connect",), ("x",), ("message", None, "m")]
    assert recorder.next() == ("y",)
    assert socket.channels == {"/chat": channel}


def test_a_time_out_reaches_the_channel_that_asked(socket, server, recorder):
    socket.connect("/chat").emit("x", errback=lambda error: recorder.told.put((error,)), timeout=0.01)
    assert isinstance(recorder.next()[0], AckTimeout)


def test_an_ack_reaches_the_channel_that_asked(socket, server, recorder):
    channel = socket.connect("/chat", recorder)
    server.replies["5:1+:/chat"] = ['6::/chat:1+["v"]']
    channel.emit("x", lambda value: recorder.told.put(("value", value)))
    assert recorder.next("value") == ("value", "v")


@pytest.mark.parametrize(
    ("query", "frame"),
    [
        (None, "1::/chat"),
        ("", "1::/chat"),
        ("a=b", "1::/chat:?a=b"),
        ("?a=b", "1::/chat:?a=b"),
        ({"a": "b c", "d": [1, 2]}, "1::/chat:?a=b+c&d=1&d=2"),
    ],
)
def test_the_query_of_a_channel(socket, server, query, frame):
    socket.connect("/chat", query=query)
    assert server.link.sent == [frame]


def test_a_name_with_a_query_is_refused(socket, server):
    with pytest.raises(LocalProtocolError, match="query="):
        socket.connect("/chat?a=b")
    with pytest.raises(ValueError, match="above 0"):
        socket.connect("/chat", timeout=0)
    assert server.link.sent == []


def test_a_second_channel_of_the_same_name(socket):
    first = socket.connect("/chat")
    with pytest.raises(ChannelError):
        socket.connect("/chat")
    assert socket.channels == {"/chat": first}


def test_a_channel_that_fails_is_not_among_the_channels(socket, server):
    server.replies["1::/no"] = ["7::/no:unauthorized"]
    with pytest.raises(ChannelError):
        socket.connect("/no")
    assert socket.channels == {}


def test_numbers_are_those_of_the_connection(socket):
    assert socket.stats.packets_in == 1


def test_losses_and_attempts_are_reported_and_logged(socket, server, recorder, caplog):
    caplog.set_level(logging.INFO, "sioclient")
    server.plan.append(refuse)
    server.push(ConnectionLost("cut"))
    told = [recorder.next()[0] for _ in range(7)]
    assert told == ["disconnect", "close", "retry", "retry", "open", "connect", "reconnect"]
    assert "attempt 2" in caplog.text
    assert "disconnected: cut" in caplog.text
    assert "connected over memory, revision 1" in caplog.text
    socket.disconnect()
    assert "has ended: as wanted" in caplog.text


def test_a_socket_that_nobody_holds_ends_its_connection(connectors, server):
    socket = SocketIO(revision=1)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        del socket
        eventually(lambda: told)  # the listener may hold it a moment longer, while it delivers what came first
    assert "never disconnected" in str(told[0].message)
    eventually(lambda: server.closed)
    assert server.link.sent == ["0::"]


def test_one_that_was_disconnected_goes_in_silence(connectors, server):
    socket = SocketIO(revision=1)
    socket.disconnect()
    del socket


def test_auto_connect_raises_what_open_would():
    with pytest.raises(ConnectionError):
        SocketIO("127.0.0.1", 1, connect_timeout=PATIENCE)


def test_wait_and_connect_before_open(make):
    socket = make()
    for early in (socket.wait, lambda: socket.connect("/chat")):
        with pytest.raises(NotConnected):
            early()
