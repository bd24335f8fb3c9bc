"""What applications of the server may rely on, with our own client as the peer."""

from __future__ import annotations

import asyncio
import queue
import threading
from contextlib import suppress

import pytest

from sioclient import AckTimeout, ChannelError, HandshakeRejected, NotConnected, SocketIO
from sioclient.server import SocketConnection, concurrent, event
from tests.conftest import Recorder
from tests.waiting import eventually, taken

pytestmark = pytest.mark.usefixtures("no_thread_left")


@pytest.fixture(params=["websocket", "xhr-polling"])
def transport(request):
    return request.param


@pytest.fixture
def told():
    return queue.Queue()


def serve(socket_server, told, main, **settings):
    """Start a server whose connections find ``told`` on their class."""
    main.told = told
    return socket_server(main, **settings).port


class Base(SocketConnection):
    told: queue.Queue

    def tell(self, *what):
        self.told.put(what)


def next_of(told):
    return taken(told)


def test_the_life_of_a_connection(connect, socket_server, told):
    class Main(Base):
        def on_open(self, request):
            assert request is self.request
            assert self.address == ("127.0.0.1", request.port)
            self.tell("open", self.endpoint, request.get_argument("token"), request.cookies, request.ip, self.is_open)
            self.tell(request.headers["x-one"], len(self.session_id))

        def on_close(self):
            self.tell("close", self.is_open)
            self.emit("into the void", callback=self.tell)

    port = serve(socket_server, told, Main)
    socket = connect(port, params={"token": "x"}, headers={"X-One": "1"}, cookies={"c": "d"})
    assert next_of(told) == ("open", "", "x", {"c": "d"}, "127.0.0.1", True)
    assert next_of(told) == ("1", 24)
    socket.disconnect()
    assert next_of(told) == ("close", False)
    assert told.empty()


@pytest.mark.parametrize("verdict", [False, "not today"])
def test_a_refused_connection(connect, socket_server, told, verdict):
    class Main(Base):
        def on_open(self, request):
            self.emit("never")
            return verdict

        def on_close(self):
            self.tell("close")

    port = serve(socket_server, told, Main)
    with pytest.raises(HandshakeRejected, match="unauthorized" if verdict is False else "not today") as refused:
        connect(port)
    assert refused.value.status == (500 if verdict else 403)
    assert told.empty()


def test_an_on_open_that_waits_or_raises(connect, socket_server, told, caplog):
    class Slow(Base):
        async def on_open(self, request):
            await asyncio.sleep(0.05)
            if request.get_argument("fail"):
                raise RuntimeError("oh no")
            self.emit("hello")

        async def on_close(self):
            await asyncio.sleep(0)
            self.tell("close")

    port = serve(socket_server, told, Slow)
    recorder = Recorder()
    socket = connect(port, recorder)
    assert [recorder.next()[0] for _ in range(3)] == ["open", "connect", "hello"]
    socket.disconnect()
    assert next_of(told) == ("close",)
    with pytest.raises(HandshakeRejected, match="internal error"):
        connect(port, params={"fail": "1"})
    assert "oh no" in caplog.text


def test_messages(connect, socket_server, told, recorder):
    class Main(Base):
        def on_message(self, message):
            self.tell(message)
            self.send(message)
            self.send(message, callback=self.tell)
            return "got", message

    class Acknowledging(Recorder):
        def on_message(self, id, message):
            super().on_message(id, message)
            return "thanks"

    handler = Acknowledging()
    socket = connect(serve(socket_server, told, Main), handler)
    for message in ("text", "", {"a": [None]}, 7):
        socket.send(message, callback=lambda *args: handler.told.put(("callback", *args)))
        assert next_of(told) == (message,)
        assert next_of(told) == ("thanks",)
        heard = [handler.next("message") for _ in range(2)]
        assert [entry[2] for entry in heard] == [message, message]
    socket.emit("message", "an event called message")
    assert next_of(told) == ("an event called message",)


def test_acknowledgements_for_the_client(connect, socket_server, told):
    class Main(Base):
        @event
        def one(self):
            return [1, 2]

        @event
        def two(self):
            return 1, 2

        @event
        def none(self):
            self.tell(self.wants_ack)

        @event("with spaces")
        async def later(self, value):
            await asyncio.sleep(0)
            self.tell(self.wants_ack)
            return value

        @event
        def login(self, user, password):
            return f"{user} {password}"

    socket = connect(serve(socket_server, told, Main))
    assert socket.call("one") == [1, 2]
    assert socket.call("two") == (1, 2)
    assert socket.call("none") is None
    assert socket.call("with spaces", "x") == "x"
    socket.emit("none")
    assert [next_of(told) for _ in range(3)] == [(True,), (True,), (False,)]
    assert socket.call("login", {"user": "u", "password": "p"}) == "u p"
    assert socket.call("login", "u", "p") == "u p"


def test_an_error_in_a_handler_is_sent_and_the_session_goes_on(connect, socket_server, told, recorder, caplog):
    class Main(Base):
        @event
        def pair(self, a, b):
            return a, b

        @event
        def broken(self):
            raise RuntimeError("oh no")

        @event
        async def broken_later(self):
            raise RuntimeError("oh no")

        @event
        def unspeakable(self):
            return object()

        @event
        def ping(self):
            return "pong"

    socket = connect(serve(socket_server, told, Main), recorder)
    socket.emit("pair", 1)
    _, reason, advice = recorder.next("error")
    assert reason.startswith("pair(self, a, b)")
    assert advice == ""
    for name in ("broken", "broken_later", "unspeakable"):
        with pytest.raises(AckTimeout):
            socket.call(name, timeout=0.1)
        assert recorder.next("error") == ("error", "internal error", "")
    with pytest.raises(AckTimeout):
        socket.call("nosuch", timeout=0.1)
    assert socket.call("ping") == "pong"
    assert "do not fit" in caplog.text


def test_on_event_gets_every_event(connect, socket_server, told):
    class Main(Base):
        def on_event(self, name, *args, **kwargs):
            self.tell(name, *args)
            return super().on_event(name, *args, **kwargs) if name == "known" else "else"

        @event
        def known(self, value):
            return value

    socket = connect(serve(socket_server, told, Main))
    assert socket.call("known", 1) == 1
    assert socket.call("__init__", 2) == "else"
    assert [next_of(told) for _ in range(2)] == [("known", 1), ("__init__", 2)]


def test_handlers_run_one_by_one_unless_they_are_concurrent(connect, socket_server, told):
    class Main(Base):
        def on_open(self, request):
            self.may_go = asyncio.Event()

        @event
        async def wait_in_line(self, number):
            self.tell("begin", number)
            await asyncio.sleep(0.01)
            self.tell("end", number)

        @concurrent
        @event
        async def stand_aside(self):
            self.tell("aside")
            await self.may_go.wait()
            return "free"

        @event
        def let_go(self):
            self.may_go.set()

    socket = connect(serve(socket_server, told, Main))
    acks = queue.Queue()
    for _ in range(90):  # of the 100 that may run at once
        socket.emit("stand_aside", callback=acks.put)
    for number in range(3):
        socket.emit("wait_in_line", number)
    assert [next_of(told) for _ in range(90)] == [("aside",)] * 90
    expected = [(word, number) for number in range(3) for word in ("begin", "end")]
    assert [next_of(told) for _ in range(6)] == expected
    assert acks.empty()
    socket.emit("let_go")
    assert [taken(acks) for _ in range(90)] == ["free"] * 90


def test_acknowledgements_from_the_client(connect, socket_server, told):
    class Main(Base):
        @event
        def ask(self):
            self.emit("please", 1, callback=self.on_ack)

        async def on_ack(self, *args):
            await asyncio.sleep(0)
            self.tell(*args)

    class Obliging(Recorder):
        def on_please(self, value):
            return value, "x"

    connect(serve(socket_server, told, Main), Obliging()).emit("ask")
    assert next_of(told) == (1, "x")


def test_endpoints(connect, socket_server, told, recorder):
    class Chat(Base):
        def on_open(self, request):
            self.tell(self.endpoint, dict(request.arguments))
            self.emit("hello")
            return None if request.get_argument("refuse") is None else False

        def on_close(self):
            self.tell(self.endpoint, "close")

        @event
        def leave_me(self):
            self.close()
            self.emit("too late")

    class Main(Base):
        endpoints = {"/chat": Chat}  # noqa: RUF012

        def get_endpoint(self, path):
            if path == "/broken":
                raise RuntimeError("oh no")
            return Chat if path.startswith("/room/") else super().get_endpoint(path)

    Chat.told = told
    socket = connect(serve(socket_server, told, Main))
    chat = socket.connect("/chat", recorder, query={"a": "1"})
    assert next_of(told) == ("/chat", {"a": ["1"]})
    assert [recorder.next()[0] for _ in range(2)] == ["connect", "hello"]
    socket.connect("/room/7")
    assert next_of(told) == ("/room/7", {})
    with pytest.raises(ChannelError, match="refused"):
        socket.connect("/room/8", query={"refuse": "1"})
    assert next_of(told) == ("/room/8", {"refuse": ["1"]})
    for unknown in ("/other", "/broken"):
        with pytest.raises(ChannelError, match="in time"):
            socket.connect(unknown, timeout=0.2)
    chat.emit("leave_me")
    assert next_of(told) == ("/chat", "close")
    assert recorder.next("disconnect") == ("disconnect",)
    assert not chat.connected
    socket.connect("/chat").disconnect()
    assert [next_of(told) for _ in range(2)] == [("/chat", {"a": ["1"]}), ("/chat", "close")]
    socket.disconnect()
    assert next_of(told) == ("/room/7", "close")


def test_after_close_no_further_packet_is_handled(connect, socket_server, told, recorder):
    class Main(Base):
        @event
        async def last(self):
            self.close()
            await asyncio.sleep(0)

        @event
        def more(self):
            self.tell("more")

        def on_close(self):
            self.tell("close")

    socket = connect(serve(socket_server, told, Main), recorder)
    socket.emit("last")
    with suppress(NotConnected):
        for _ in range(1000):
            socket.emit("more")
    assert recorder.next("disconnect")
    assert next_of(told) == ("close",)
    assert told.empty()


def test_others_and_rooms(connect, socket_server, told):
    class Main(Base):
        @event
        def enter(self, room):
            self.join(room)

        @event
        def go(self, room):
            self.leave(room)

        @event
        def tell_room(self, room, text):
            self.to(room).emit("heard", text)

        @event
        def tell_all(self, room, text):
            self.to(room, include_self=True).send(text)
            return len(list(self.to(room, include_self=True))), len(list(self.to(room)))

        @event
        def tell_others(self, text):
            self.others.send(text)
            return len(list(self.others))

    server_port = serve(socket_server, told, Main)
    people = [Recorder() for _ in range(3)]
    a, b, c = (connect(server_port, person) for person in people)
    for socket in (a, b):
        socket.emit("enter", "kitchen")
        socket.emit("enter", "hall")
    assert c.call("tell_others", "good morning") == 2
    a.call("tell_room", "kitchen", "dinner")
    assert people[1].next("heard") == ("heard", "dinner")
    c.call("tell_room", "kitchen", "from outside")
    assert people[0].next("heard") == ("heard", "from outside")
    b.call("go", "kitchen")
    b.call("go", "nowhere")
    c.call("tell_room", "kitchen", "again")
    c.call("tell_room", "hall", "bye")
    assert people[0].next("heard") == ("heard", "again")
    assert [people[1].next("heard") for _ in range(2)] == [("heard", "from outside"), ("heard", "bye")]
    assert a.call("tell_all", "hall", "all of you") == (2, 1)
    assert [person.next("message")[2] for person in people[:2]] == ["all of you"] * 2
    assert c.call("tell_all", "hall", "both of you") == (2, 2)
    for person in people[:2]:
        assert person.next("message")[2] == "both of you"
        assert person.told.empty() or person.next() != ("heard", "dinner")


def test_a_room_forgets_a_client_that_left(connect, socket_server, told):
    class Main(Base):
        def on_open(self, request):
            self.join("room")

        async def on_close(self):
            self.join("room")
            self.tell("closed")

    main = Main
    main.told = told
    server = socket_server(main)
    socket = connect(server.port)
    rooms = server.router._hub.rooms
    assert server.call(lambda: len(list(server.router.to("room")))) == 1
    socket.disconnect()
    assert next_of(told) == ("closed",)
    eventually(lambda: server.call(lambda: (dict(rooms._members), dict(rooms._rooms))) == ({}, {}))


def test_a_handler_may_be_slow_without_losing_the_connection(connect, socket_server, told):
    class Main(Base):
        @event
        async def sleep(self):
            await asyncio.sleep(1.5)  # several heartbeat time-outs have to pass
            return "awake"

    times = {"heartbeat_interval": 0.2, "heartbeat_timeout": 0.4, "close_timeout": 0.4, "polling_duration": 0.2}
    socket = connect(serve(socket_server, told, Main, **times))
    session = socket.session_id
    assert socket.call("sleep") == "awake"
    assert socket.session_id == session


def test_an_error_in_a_constructor_refuses_the_join(connect, socket_server, told, caplog):
    class Broken(Base):
        def __init__(self):
            raise RuntimeError("oh no")

    class Main(Base):
        endpoints = {"/broken": Broken}  # noqa: RUF012

        @event
        def ping(self):
            return "pong"

    with pytest.raises(HandshakeRejected, match="internal error"):
        connect(serve(socket_server, told, Broken))
    socket = connect(serve(socket_server, told, Main))
    with pytest.raises(ChannelError, match="internal error"):
        socket.connect("/broken")
    assert socket.call("ping") == "pong"
    assert "oh no" in caplog.text


def test_events_of_a_client_that_leaves_at_once_are_handled(connect, socket_server, told):
    class Main(Base):
        @event
        async def slow(self, number):
            await asyncio.sleep(0.02)
            self.tell(number, self.is_open)

        def on_close(self):
            self.tell("close", self.is_open)

    socket = connect(serve(socket_server, told, Main))
    for number in range(5):
        socket.emit("slow", number)
    socket.disconnect()
    assert [next_of(told) for _ in range(5)] == [(number, True) for number in range(5)]
    assert next_of(told) == ("close", False)


def test_two_servers_beside_each_other(socket_server):
    class Main(SocketConnection):
        @event
        def who(self):
            return threading.current_thread().name, self.request.headers["Host"]

    ports = [socket_server(Main).port for _ in range(2)]
    for port in ports:
        with SocketIO("localhost", port) as socket:
            assert socket.call("who") == ("sioclient server", f"localhost:{port}")


class Odd(BaseException):
    """An exception that no ``except Exception`` catches."""


def raising(error):
    """Return a connection whose every method raises, and that has endpoints of such a kind."""

    def fail():
        raise error

    class Broken(Base):
        def __init__(self):
            fail()

    class Chat(Base):
        async def on_open(self, request):
            self.join("room")
            await asyncio.sleep(0)
            fail()

    class Main(Base):
        endpoints = {"/broken": Broken, "/chat": Chat}  # noqa: RUF012

        def get_endpoint(self, path):
            return fail() if path == "/none" else super().get_endpoint(path)

        @classmethod
        def is_concurrent(cls, name):
            return name == "how" and fail()

        @event
        def at_once(self):
            fail()

        @event
        async def later(self):
            await asyncio.sleep(0)
            fail()

        @event
        async def how(self):
            await asyncio.sleep(0)

        @event
        def ping(self):
            return [len(self._client.rooms.members("/chat", name)) for name in (None, "room")]

    return Main


@pytest.mark.parametrize("error", [Odd("oh no"), SystemExit("oh no"), asyncio.CancelledError("oh no")])
def test_no_error_of_a_handler_makes_a_client_deaf(connect, socket_server, told, error):
    socket = connect(serve(socket_server, told, raising(error)))
    for name in ("/broken", "/chat"):
        with pytest.raises(ChannelError, match="internal error"):
            socket.connect(name)
    with pytest.raises(ChannelError, match="in time"):
        socket.connect("/none", timeout=0.1)
    for name in ("at_once", "later", "how"):
        socket.emit(name)
        assert socket.call("ping") == [0, 0], name


def test_a_cancelled_await_refuses_the_join(connect, socket_server, told):
    class Chat(Base):
        async def on_open(self, request):
            awaited = asyncio.get_running_loop().create_future()
            awaited.cancel()
            await awaited

    class Main(Base):
        endpoints = {"/chat": Chat}  # noqa: RUF012

    socket = connect(serve(socket_server, told, Main))
    with pytest.raises(ChannelError, match="internal error"):
        socket.connect("/chat")


def test_ctrl_c_in_a_handler_is_for_the_whole_program(connect, socket_server, told):
    class Main(Base):
        @event
        def interrupt(self):
            try:
                self._client._handlers._complain("", KeyboardInterrupt())
            except KeyboardInterrupt:
                return "raised"

    assert connect(serve(socket_server, told, Main)).call("interrupt") == "raised"
