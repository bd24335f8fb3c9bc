"""SocketIO: what its arguments become, and which channel hears what, over a server in memory."""

from __future__ import annotations

import gc
import inspect
import logging
import subprocess
import sys
import threading
import warnings
import weakref
from contextlib import contextmanager

import pytest

import sioclient
from sioclient import AckTimeout, ChannelError, Handler, LocalProtocolError, NotConnected, SocketIO, socketIO
from sioclient.errors import ConnectionLost
from tests.conftest import Recorder
from tests.interrupts import Interrupt
from tests.memory import look_again_after, refuse
from tests.servers_py import Task
from tests.waiting import PATIENCE, eventually, happened

pytestmark = pytest.mark.usefixtures("no_thread_left")


@pytest.fixture
def connectors(server, monkeypatch):
    """The arguments of each connector that is made; the server in memory takes the place of all."""
    made = []
    monkeypatch.setattr("sioclient.threads.connection.Connector", lambda *args: made.append(args) or server)
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


def test_open_again_joins_what_was_not_left(make, server, recorder):
    server.replies.update({f"1::/{name}": [f"1::/{name}"] for name in ("left", "stays")})
    server.replies["1::/refused"] = ["7::/refused:unauthorized"]
    socket = make(handler=recorder)
    stays, left, refused = (socket.channel(f"/{name}") for name in ("stays", "left", "refused"))
    socket.open()
    stays.open()
    left.open()
    left.disconnect()
    with pytest.raises(ChannelError):
        refused.open()
    for _ in range(3):
        socket.close()
        assert socket.ended
        assert not stays.connected
        socket.open()
        assert not socket.ended
        eventually(lambda: stays.connected)
        assert server.link.sent == ["1::/stays"]
        assert socket.channels == {"/stays": stays}
    socket.disconnect()
    stays.disconnect()
    socket.open()
    assert socket.channels == {}
    assert server.link.sent == []


def test_channel_that_cannot_be_joined_again_is_told_so(make, server):
    told, socket = [], make()
    chat = socket.channel("/chat")
    chat.on("connect_error", lambda *args: told.append(args))
    socket.open()
    chat.open()
    socket.disconnect()
    server.replies["1::/chat"] = ["7::/chat:unauthorized"]
    socket.open()
    eventually(lambda: told == [("unauthorized", None)])
    assert not chat.is_wanted
    eventually(lambda: socket._all.kept() == [])


def test_open_after_a_failure(make, server):
    socket = make()
    server.plan += [refuse, refuse]
    for _ in range(2):
        with pytest.raises(ConnectionError, match="refused"):
            socket.open()
        assert (socket.ended, socket.connected) == (True, False)
    socket.open()
    assert (socket.ended, socket.connected) == (False, True)


def test_open_after_a_disconnect_without_a_connection(make):
    socket = make()
    assert not socket.ended
    socket.disconnect()
    assert socket.ended
    with pytest.raises(NotConnected, match="open it again"):
        socket.emit("x")
    socket.open()
    assert socket.connected


def test_open_without_waiting(make, server, recorder):
    go_on = threading.Event()
    server.plan.append(lambda attempt: happened(go_on))
    socket = make(handler=recorder)
    socket.open(wait=False)
    assert not socket.connected
    socket.emit("x")
    go_on.set()
    socket.open()
    assert socket.connected
    eventually(lambda: server.link.sent == ['5:::{"name":"x"}'])


def test_connections_of_before_are_forgotten(make):
    socket, gone = make(), []
    for _ in range(3):
        socket.open()
        gone.append(weakref.ref(socket._link))
        socket.disconnect()
    socket.open()
    eventually(lambda: gc.collect() >= 0 and {reference() for reference in gone} == {None})


def test_one_that_was_opened_again_is_ended_when_nobody_holds_it(make, connectors, server):
    made = [SocketIO(revision=1, auto_connect=False)]
    made[0].open()
    made[0].disconnect()
    made[0].open()
    with pytest.warns(ResourceWarning, match="never disconnected"):
        made.clear()
    eventually(lambda: server.closed)


def test_there_is_one_channel_for_each_endpoint(socket, server):
    chat = socket.channel("/chat")
    assert socket.channel("/chat") is chat
    assert socket.channels == {}
    assert socket.connect("/chat") is chat
    assert socket.channels == {"/chat": chat}
    chat.disconnect()
    assert socket.connect("/chat") is socket.channel("/chat") is chat
    for wrong, error in (("", LocalProtocolError), ("/a:b", LocalProtocolError), (5, TypeError)):
        with pytest.raises(error):
            socket.channel(wrong)


def test_channel_takes_what_it_is_given(socket, server, recorder):
    chat = socket.channel("/chat", recorder, {"a": "b"})
    assert (chat.handler, recorder.socket) == (recorder, chat)
    with pytest.raises(ChannelError, match="another handler"):
        socket.channel("/chat", Handler())
    with pytest.raises(ChannelError, match="another query"):
        socket.channel("/chat", query="a=c")
    chat.open()
    assert server.link.sent == ["1::/chat:?a=b"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"handler": Handler}, "object, not its class"),
        ({"handler": 5}, "handler must be"),
        ({"query": 5}, "query must be a text"),
        ({"query": [("a", "b")]}, "query must be a text"),
        ({"auth": "token"}, "auth must be"),
    ],
)
def test_channel_that_is_given_something_wrong_is_not_made(socket, given, message):
    with pytest.raises(TypeError, match=message):
        socket.channel("/chat", **given)
    assert socket._all.all() == []
    chat = socket.channel("/chat", auth=dict)
    with pytest.raises(TypeError, match=message):
        socket.channel("/chat", **{"handler": Handler(), "query": "a=b"} | given)
    assert type(chat.handler) is Handler
    socket.channel("/chat", query="a=c")


def test_connect_that_fails_leaves_a_channel_of_before(socket, server):
    server.replies["1::/no"] = ["7::/no:unauthorized"]
    chat = socket.channel("/no")
    for handler in (Handler(), None, Handler()):
        with pytest.raises(ChannelError, match="unauthorized"):
            socket.connect("/no", handler)
        assert socket.channel("/no") is chat


def test_connect_that_fails_leaves_nothing_of_its_own(socket, server):
    server.replies["1::/no"] = ["7::/no:unauthorized"]
    for _ in range(3):
        with pytest.raises(ChannelError, match="unauthorized"):
            socket.connect("/no", Handler())
    assert socket._all.kept() == []


def test_open_after_the_attempts_have_ended(make, server):
    socket = make(max_reconnection_attempts=0)
    socket.open()
    server.push(ConnectionLost("cut"))
    with pytest.raises(ConnectionError, match="cut"):
        socket.wait()
    socket.open()
    assert socket.connected


def test_open_in_a_handler_keeps_who_waits(make, server):
    """The main loop of a program goes on if a handler opens the connection again."""

    class Stubborn(Handler):
        def on_disconnect(self, reason):
            if reason == "server":
                self.socket.open()

        def on_reconnect_failed(self, error):
            self.socket.open()

    socket = make(handler=Stubborn(), max_reconnection_attempts=0)
    socket.open()
    waiting = Task(socket.wait)
    for number, end in enumerate(["0::", ConnectionLost("cut"), "0::"], 2):
        server.push(end)
        eventually(lambda: len(server.transports) == number and socket.connected)  # noqa: B023
    assert not waiting.done
    socket.disconnect()
    assert waiting.result() == "client"


def test_interrupt_while_another_connection_is_made(make, server, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    socket = make()
    chat = socket.channel("/chat")
    socket.open()
    chat.open()
    socket.disconnect()
    with monkeypatch.context() as patch:
        patch.setattr("sioclient.client.end_when_forgotten", interrupt)
        with pytest.raises(KeyboardInterrupt):
            socket.open()
    assert (socket.ended, chat.is_wanted) == (True, False)
    socket.open()
    eventually(lambda: chat.connected)


def test_connection_that_ends_before_it_is_opened_leaves_nothing(make):
    """Another thread may disconnect between two steps of ``open``."""
    socket, first, second = make(), Recorder(), Recorder()
    chat = socket.channel("/chat", first)
    socket.open()
    chat.open()
    socket.disconnect()
    for _ in range(3):
        socket._link.follow(socket._compose)
        socket.disconnect()
    socket.channel("/chat", second)
    socket.open()
    assert second.next() == ("connect",)
    assert (chat.handler, len(socket._all._hearing)) == (second, 1)


def test_ctrl_c_at_any_place_of_open_again_leaves_what_can_be_opened(make, monkeypatch):
    look_again_after(0.2, monkeypatch)
    number, raised_at = 0, ""
    while raised_at is not None:
        socket = make()
        chat = socket.channel("/chat")
        socket.open()
        chat.open()
        socket.disconnect()
        interrupt = Interrupt(number)
        with uncollected():
            interrupt.run(socket.open)
        number, raised_at = number + 1, interrupt.raised_at
        Task(socket.disconnect).result()
        socket.open()
        eventually(lambda: chat.connected, f"the channel after Ctrl-C at {raised_at}")  # noqa: B023
        socket.disconnect()
    assert number > 50


@contextmanager
def uncollected():
    """Keep the garbage collector from running, whose work would be interrupted too."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
