"""The drop-in for socketIO-client: what its functions get, in which thread, and how it fails."""

from __future__ import annotations

import gc
import logging
import threading
import time

import pytest

import sioclient
from sioclient.compat import socketIO_client
from sioclient.compat.socketIO_client import (
    BaseNamespace,
    ConnectionError,
    LoggingNamespace,
    PacketError,
    SocketIO,
    SocketIOError,
    TimeoutError,
    find_callback,
)
from sioclient.compat.socketIO_client.client import _SLICE
from sioclient.compat.socketIO_client.exceptions import renamed
from sioclient.compat.socketIO_client.inbox import MOST, Failed, Happened, Inbox
from sioclient.compat.socketIO_client.namespaces import function_for
from tests.conftest import start
from tests.servers import SERVERS
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.usefixtures("no_thread_left")

NAMES = {"old": "embedded", "new": "python-socketio"}


@pytest.fixture(scope="module", params=NAMES)
def port(request):
    with start(SERVERS[NAMES[request.param]]) as server:
        yield server.port


@pytest.fixture(scope="module")
def old_port():
    with start(SERVERS["embedded"]) as server:
        yield server.port


@pytest.fixture
def make():
    made = []

    def make(port, *args, **options):
        made.append(SocketIO("127.0.0.1", port, *args, **options))
        return made[-1]

    yield make
    for socket in made:
        socket.disconnect()


class Noting(BaseNamespace):
    """Notes what it is told, in order."""

    def initialize(self):
        self.told, self.threads = [], set()

    def note(self, *told):
        self.told.append(told)
        self.threads.add(threading.current_thread())

    def on_connect(self):
        self.note("connect")

    def on_reconnect(self):
        self.note("reconnect")

    def on_disconnect(self):
        self.note("disconnect")

    def on_message(self, data, *reply):
        self.note("message", data)
        if reply:
            reply[0]("got it")

    def on_event(self, event, *args):
        self.note(event, *args)


def wait_for(socket, condition):
    """Have functions run until this is so."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        socket.wait(0.02)


def test_functions_run_in_the_thread_that_waits(port, make):
    socket = make(port, Noting)
    namespace = socket.get_namespace()
    socket.emit("echo", 1)
    time.sleep(0.1)
    assert namespace.told == []
    wait_for(socket, lambda: ("echoed", 1) in namespace.told)
    assert namespace.told[:2] == [("connect",), ("hello", {"a": 1})]
    assert namespace.threads == {threading.current_thread()}


def test_callbacks_get_the_values_of_the_acknowledgement(port, make):
    socket, got = make(port), []
    socket.emit("sum", 1, 2, got.append)
    socket.emit("sum", 3, 4, callback=got.append)
    socket.send("text", lambda *values: got.append(values))
    socket.wait_for_callbacks(PATIENCE)
    assert got == [3, 7, ("got", "text")]
    begun = time.monotonic()
    socket.wait_for_callbacks(PATIENCE)
    assert time.monotonic() - begun < PATIENCE


def test_the_server_gets_what_the_callback_is_called_with(port, make):
    socket = make(port, Noting)
    namespace, replies = socket.get_namespace(), []
    namespace.on("name", lambda first, reply: replies.append((first, reply)))
    namespace.emit("do ask for data", "name", "you")
    wait_for(socket, lambda: replies)
    (first, reply) = replies[0]
    assert first == "you"
    reply("Ada", "Lovelace")  # long after the function has returned
    wait_for(socket, lambda: ("answer", ["Ada", "Lovelace"]) in namespace.told)
    socket.emit("do ask message", "hello")
    wait_for(socket, lambda: ("answer", ["got it"]) in namespace.told)


def test_a_registered_callback_takes_the_place_of_the_one_before(port, make):
    socket, got = make(port), []
    socket.on("echoed", lambda value: got.append("first"))
    socket.on("echoed", got.append)
    socket.once("hello", got.append)
    socket.emit("echo", 1)
    wait_for(socket, lambda: 1 in got)
    socket.off("echoed")
    socket.emit("echo", 2)
    socket.emit("sum", 1, 2, got.append)
    socket.wait_for_callbacks(PATIENCE)
    assert got == [{"a": 1}, 1, 3]


def test_paths_have_functions_of_their_own(port, make):
    socket = make(port, Noting)
    chat = socket.define(Noting, "/chat")
    chat.emit("echo", "on chat")
    chat.message("text")
    wait_for(socket, lambda: ("message", "re:text") in chat.told)
    assert [told for told in chat.told if told[0] != "connect"] == [
        *(("hello", {"a": 1}), ("echoed", "on chat"), ("message", "re:text"))
    ]
    assert ("echoed", "on chat") not in socket.get_namespace().told
    chat.connect()  # it is joined already
    chat.disconnect()
    assert chat.told[-1] == ("disconnect",)
    with pytest.raises(PacketError, match="define"):
        socket.get_namespace("/chat")
    with pytest.raises(PacketError, match="define"):
        socket.emit("echo", path="/chat")
    again = []
    socket.on("echoed", again.append, path="/chat")
    socket.emit("echo", 2, path="/chat")
    wait_for(socket, lambda: again == [2])


def test_callbacks_make_the_namespace_that_they_need(port, make):
    socket, got = make(port, None), []
    socket.once("hello", got.append)
    socket.off("hello", path="/chat")
    wait_for(socket, lambda: got)
    assert socket.get_namespace("/chat").path == "/chat"
    socket.get_namespace().connect()  # it is connected already
    assert socket.connected


def test_a_refused_path_is_a_connection_error(make):
    with start(SERVERS["python-socketio"]) as server:
        socket, errors = make(server.port, transports=["websocket"]), []

        class Refused(BaseNamespace):
            def on_error(self, reason):
                errors.append(reason)

        with pytest.raises(ConnectionError, match="'/refused': not today"):
            socket.define(Refused, "/refused")
        assert errors == ["not today"]
        with pytest.raises(PacketError):
            socket.get_namespace("/refused")
        assert socket.connected


def test_an_old_server_refuses_with_reason_and_advice(old_port, make):
    socket, errors = make(old_port), []

    class Refused(BaseNamespace):
        def on_error(self, reason, advice):
            errors.append((reason, advice))

    socket.define(Refused, "/broken")
    wait_for(socket, lambda: errors)
    assert errors[0][0] == "not today"


def test_disconnect_ends_wait_and_every_verb_opens_again(port, make):
    socket = make(port, Noting)
    namespace = socket.get_namespace()
    thread = threading.Thread(target=socket.wait)
    thread.start()
    eventually(lambda: ("connect",) in namespace.told)
    socket.disconnect()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert (socket.connected, socket.transport_name) == (False, None)
    assert namespace.told.count(("disconnect",)) == 1
    socket.disconnect()
    assert namespace.told.count(("disconnect",)) == 1
    socket.emit("echo", "back")
    wait_for(socket, lambda: ("echoed", "back") in namespace.told)
    assert ("reconnect",) in namespace.told
    assert (socket.connected, socket.transport_name) == (True, "websocket")


def test_a_namespace_ends_the_connection_in_wait(port, make):
    class Leaving(Noting):
        def on_echoed(self, value):
            self.disconnect()

    with make(port, Leaving) as socket:
        socket.emit("echo", 1)
        socket.wait(PATIENCE)
        assert not socket.connected
        assert socket.get_namespace().told[-1] == ("disconnect",)


@pytest.mark.parametrize("how", ["do cut", "do kick"])
def test_a_lost_connection_comes_back(old_port, make, how):
    socket, told = make(old_port, None, reconnection_delay=0.1), []
    with pytest.raises(PacketError):
        socket.get_namespace()
    for name in ("connect", "disconnect", "reconnect"):
        socket.on(name, lambda name=name: told.append(name))
    socket.emit(how)
    socket.emit("never answered", print)  # which nobody awaits any more
    wait_for(socket, lambda: "reconnect" in told)
    assert told == ["connect", "disconnect", "reconnect"]
    socket.wait_for_callbacks(PATIENCE)
    socket.emit("sum", 1, 2, told.append)
    socket.wait_for_callbacks(PATIENCE)
    assert told[-1] == 3


def test_programs_of_0_5_hear_of_a_reconnect_as_connect():
    namespace, told = BaseNamespace(None, ""), []
    namespace.on("connect", lambda: told.append("connect"))
    function_for(namespace, "reconnect", is_report=True)()
    namespace.on("reconnect", lambda: told.append("reconnect"))
    function_for(namespace, "reconnect", is_report=True)()
    assert told == ["connect", "reconnect"]


@pytest.mark.parametrize("name", ["connect", "disconnect", "error", "event", "_run", "x-y"])
def test_a_server_reaches_no_other_method_by_an_event(name):
    namespace = Noting(None, "")
    function_for(namespace, name)("told")
    assert namespace.told == [(name, "told")]


def test_a_server_reaches_methods_for_events():
    class Named(Noting):
        def on_user_joined(self, who):
            self.note("joined", who)

    namespace = Named(None, "")
    function_for(namespace, "user joined")("Ada")
    assert namespace.told == [("joined", "Ada")]


def test_exceptions_of_functions_come_out_of_wait(port, make):
    socket = make(port)
    socket.on("echoed", lambda: None)  # it takes no argument
    socket.emit("echo", 1)
    with pytest.raises(TypeError):
        socket.wait(PATIENCE)


def test_no_server_is_a_connection_error():
    with pytest.raises(ConnectionError) as caught:
        SocketIO("127.0.0.1", 1, wait_for_connection=False)
    assert isinstance(caught.value, SocketIOError)
    assert isinstance(caught.value, sioclient.SocketIOError)
    assert isinstance(caught.value.__cause__, sioclient.ConnectError)


def test_what_cannot_be_sent_awaits_nothing(port, make):
    socket = make(port)
    with pytest.raises(TypeError):
        socket.emit("echo", object(), print)
    begun = time.monotonic()
    socket.wait_for_callbacks(PATIENCE)
    assert time.monotonic() - begun < PATIENCE


def test_wait_raises_when_the_connection_cannot_come_back(make):
    with start(SERVERS["embedded"]) as server:
        socket = make(server.port, max_reconnection_attempts=1, reconnection_delay=0.01)
    with pytest.raises(ConnectionError):
        socket.wait(PATIENCE)


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (sioclient.LocalProtocolError("x"), PacketError),
        (sioclient.AckTimeout("x"), TimeoutError),
        (sioclient.NotConnected("x"), ConnectionError),
        (PacketError("x"), PacketError),
    ],
)
def test_exceptions_have_the_names_of_socketio_client(raised, kind):
    with pytest.raises(kind, match="x"), renamed():
        raise raised


def test_the_logging_namespace_logs_everything(caplog):
    caplog.set_level(logging.DEBUG, "socketIO-client")
    namespace = LoggingNamespace(None, "/chat")
    for name in ("connect", "reconnect", "disconnect"):
        function_for(namespace, name, is_report=True)()
    function_for(namespace, "error", is_report=True)("reason", "advice")
    function_for(namespace, "message")("text")
    function_for(namespace, "news")(1, print)
    assert [record.getMessage() for record in caplog.records] == [
        *("/chat [connect]", "/chat [reconnect]", "/chat [disconnect]", "/chat [error] reason advice"),
        *("/chat [message] text", "/chat [event] news(1, callback(*args))"),
    ]


def test_the_base_namespace_does_nothing():
    namespace = BaseNamespace(None, "")
    for name in ("connect", "reconnect", "disconnect"):
        assert function_for(namespace, name, is_report=True)() is None
    assert function_for(namespace, "error", is_report=True)("reason", "") is None
    assert function_for(namespace, "message")("text") is None
    assert function_for(namespace, "news")(1) is None


def test_the_connection_ends_when_nobody_holds_it(port, make):
    held = [SocketIO("127.0.0.1", port, Noting, transports="websocket")]
    held[0].define(Noting, "/chat")
    held[0].emit("sum", 1, 2, held.append)
    held[0].wait_for_callbacks(PATIENCE)

    def forget():
        held.clear()
        gc.collect()

    with pytest.warns(ResourceWarning, match="never disconnected"):
        forget()


def test_a_full_inbox_holds_back_until_it_is_read():
    inbox = Inbox()
    for number in range(MOST):
        inbox.put(Happened("", "n", (number,)))
    thread = threading.Thread(target=inbox.put, args=(Failed(ValueError("last")),))
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    assert inbox.get(0).args == (0,)
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_closed_inbox_drops_everything():
    inbox = Inbox()
    for number in range(MOST):
        inbox.put(Happened("", "n", (number,)))
    thread = threading.Thread(target=inbox.put, args=(Happened("", "late", ()),))
    thread.start()
    inbox.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    inbox.put(Happened("", "later", ()))
    inbox.open()
    assert inbox.get(0.01) is None


def test_a_thread_that_waits_looks_for_ctrl_c_every_second():
    assert _SLICE <= 1


def test_the_callback_is_at_the_end_or_a_keyword():
    assert find_callback((1, print)) == (print, (1,))
    assert find_callback((1,), {"callback": print}) == (print, (1,))
    assert find_callback((1,)) == (None, (1,))


def test_the_package_has_the_names_of_socketio_client():
    assert all(hasattr(socketIO_client, name) for name in socketIO_client.__all__)
    assert socketIO_client.LoggingNamespace is socketIO_client.LoggingSocketIONamespace
