"""Users of Locust, in this process and with the system's threads: Locust is told not to bring gevent's."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time

import pytest

with pytest.MonkeyPatch.context() as patch:
    patch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")  # else Locust would patch this process, with all tests in it
    pytest.importorskip("locust")

from locust.env import Environment
from locust.exception import LocustError, RescheduleTask, StopUser

from sioclient import (
    AckTimeout,
    ChannelError,
    ConnectError,
    ConnectionLost,
    Handler,
    LocalProtocolError,
    NotConnected,
    event,
)
from sioclient.locust import SocketIOUser, be_quiet, length_of
from sioclient.server import SocketConnection, SocketServer, concurrent
from sioclient.server import event as server_event

from .conftest import eventually


class App(SocketConnection):
    def get_endpoint(self, path):
        return type(self) if path == "/chat" else None

    def on_message(self, message):
        return message

    @server_event
    def sum(self, a, b):
        return a + b

    @server_event
    def tell(self, name, *args):
        self.emit(name, *args)

    @server_event
    def say(self, text):
        self.send(text)

    @concurrent
    @server_event
    async def silent(self):
        import asyncio

        await asyncio.Event().wait()

    @server_event
    def kick(self):
        self.close()


@pytest.fixture(scope="module")
def url():
    with SocketServer(App, 0, revisions=(1,)) as server:
        yield server.url


class Told:
    """What Locust is told."""

    def __init__(self):
        self.requests, self.errors = [], []
        self.environment = Environment()
        self.environment.events.request.add_listener(self.note)
        self.environment.events.user_error.add_listener(lambda exception, **_: self.errors.append(exception))

    def note(self, request_type, name, **more):
        self.requests.append((f"{request_type} {name}", more))

    def rows(self):
        return [row for row, _ in list(self.requests)]

    def of(self, row):
        """Return what was told of a row, which is there once, as soon as it is there."""
        eventually(lambda: row in self.rows(), row)
        (found,) = (more for name, more in list(self.requests) if name == row)
        return found


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def make(told, url):
    """Make users, started unless they are told not to; they stop with the test."""
    made = []

    def make(base=SocketIOUser, starts=True, **attributes):
        kind = type("Visitor", (base,), {"host": url, **attributes})
        user = kind(told.environment)
        made.append(user)
        if starts:
            user.on_start()
        return user

    yield make
    for user in made:
        user.sio.disconnect()


def test_a_user_connects_and_disconnects(told, make):
    user = make()
    assert user.sio.connected
    user.on_stop()
    assert user.sio.ended
    assert told.rows() == ["CONNECT /"]
    more = told.of("CONNECT /")
    assert more["response_time"] > 0
    assert more["exception"] is None


def test_open_of_a_connected_user_is_no_request(told, make):
    user = make()
    user.sio.open()
    user.sio.open(wait=False)
    user.sio.connect("/chat").open(wait=False)
    assert told.rows() == ["CONNECT /", "CONNECT /chat"]


def test_options_are_those_of_the_class(make):
    user = make(sio_options={"transports": "xhr-polling"})
    assert user.sio.transport_name == "xhr-polling"


def test_a_user_without_a_host_says_so(told):
    class Homeless(SocketIOUser):
        pass

    with pytest.raises(LocustError, match="host must be the URL"):
        Homeless(told.environment)


def test_a_user_that_cannot_connect_tries_again_and_stops(told, make, monkeypatch):
    slept = []
    user = make(starts=False, host="http://127.0.0.1:1", connect_attempts=3)
    monkeypatch.setattr(time, "sleep", slept.append)
    with pytest.raises(StopUser):
        user.on_start()
    monkeypatch.undo()
    assert slept[:1] + slept[-1:] == [1, 2]
    assert told.rows() == ["CONNECT /"] * 3
    assert all(isinstance(more["exception"], ConnectError) for _, more in told.requests)


def test_what_is_final_is_not_tried_again(told, make, url):
    user = make(starts=False, host=url, sio_options={"resource": "elsewhere"})
    with pytest.raises(StopUser):
        user.on_start()
    assert told.rows() == ["CONNECT /"]


# Requests


def test_a_call_is_a_request(told, make):
    user = make()
    assert user.sio.call("sum", 1, 2) == 3
    assert user.call("sum", 20, 22) == 42
    rows = [more for row, more in told.requests if row == "CALL sum"]
    assert [more["response"] for more in rows] == [(3,), (42,)]
    assert [more["response_length"] for more in rows] == [3, 4]
    assert all(more["response_time"] > 0 for more in rows)


def test_requests_have_the_context_of_their_user(told, make):
    user = make(context=lambda self: {"who": "Ada"})
    user.sio.call("sum", 1, 2)
    assert told.of("CALL sum")["context"] == {"who": "Ada"}


def test_a_call_without_an_acknowledgement_fails_and_ends_the_task(told, make):
    user = make()
    with pytest.raises(AckTimeout) as raised:
        user.sio.call("silent", timeout=0.05)
    assert isinstance(raised.value, RescheduleTask)
    assert repr(raised.value).startswith("AckTimeout(")
    assert told.of("CALL silent")["exception"] is raised.value
    assert told.of("CALL silent")["response_time"] >= 50


def test_an_emit_with_ack_is_a_request_until_its_acknowledgement(told, make):
    user, got = make(), []
    user.sio.emit("sum", 1, 2, ack=True)
    assert told.of("EMIT sum")["response"] == (3,)
    assert told.of("EMIT sum")["response_time"] > 0
    user.sio.emit("sum", 3, 4, got.append)
    user.sio.emit("sum", 5, 6, callback=got.append, ack=True)
    eventually(lambda: got == [7, 11], "the callbacks")
    assert told.rows().count("EMIT sum") == 3


def test_an_emit_without_an_acknowledgement_fails(told, make):
    user, errors = make(), []
    user.sio.emit("silent", ack=True, timeout=0.05)
    assert isinstance(told.of("EMIT silent")["exception"], AckTimeout)
    user.sio.emit("silent", errback=errors.append, timeout=0.05)
    eventually(lambda: errors, "the errback")
    assert told.rows().count("EMIT silent") == 2


def test_an_emit_without_ack_counts_and_has_no_time(told, make):
    user = make()
    user.sio.emit("tell", "news", "Sun")
    user.sio.send("hello")
    user.sio.send("hello", ack=True)
    assert told.of("SENT tell")["response_time"] is None
    assert told.of("SENT message")["response_time"] is None
    assert told.of("EMIT message")["response"] == ("hello",)


def test_what_is_not_sent_fails(told, make):
    user = make()
    user.sio.disconnect()
    for send in (lambda: user.sio.emit("sum", 1, 2), lambda: user.sio.emit("sum", 1, 2, ack=True)):
        with pytest.raises(NotConnected) as raised:
            send()
        assert isinstance(raised.value, RescheduleTask)
    assert told.rows() == ["CONNECT /", "SENT sum", "EMIT sum"]
    assert not user.sio.requests.awaited


def test_mistakes_of_the_program_are_no_requests(told, make):
    user = make()
    with pytest.raises(LocalProtocolError):
        user.sio.call("sum", b"bytes on socket.io 0.9")
    with pytest.raises(LocalProtocolError):
        user.sio.emit("sum", b"bytes on socket.io 0.9", ack=True)
    with pytest.raises(TypeError, match="volatile"):
        user.sio.emit("sum", ack=True, volatile=True)
    assert told.rows() == ["CONNECT /"]
    assert not user.sio.requests.awaited


def test_rows_of_a_channel_begin_with_its_endpoint(told, make):
    heard = []
    user = make()
    chat = user.sio.connect("/chat", on_news(heard))
    assert chat.call("sum", 1, 2) == 3
    chat.emit("tell", "news", "Sun")
    told.of("RECV /chat news")
    eventually(lambda: heard == ["Sun"], "the event")
    assert told.rows() == ["CONNECT /", "CONNECT /chat", "CALL /chat sum", "SENT /chat tell", "RECV /chat news"]


def on_news(heard):
    class Reader(Handler):
        def on_news(self, *args):
            heard.extend(args)

    return Reader()


def test_a_channel_that_is_refused_is_a_failure(told, make):
    user = make()
    with pytest.raises(ChannelError) as raised:
        user.sio.connect("/nowhere", timeout=0.1)
    assert not isinstance(raised.value, RescheduleTask)
    assert isinstance(told.of("CONNECT /nowhere")["exception"], ChannelError)


# Events


class Listening(SocketIOUser):
    abstract = True

    def __init__(self, environment):
        super().__init__(environment)
        self.heard = []

    def on_news(self, *args):
        self.heard.append(("news", *args))

    @event("user:joined")
    def joined(self, name):
        self.heard.append(("joined", name))

    def on_message(self, id, text):
        self.heard.append(("message", text))

    def unknown_event(self, name, args):
        self.heard.append(("unknown", name))

    def received(self, name, args):
        return 12.5 if name == "news" else None


def test_events_reach_the_methods_of_the_user(told, make):
    user = make(Listening)
    user.sio.call("tell", "news", "Sun")
    user.sio.call("tell", "user:joined", "Ada")
    user.sio.call("say", "hello")
    eventually(lambda: user.heard == [("news", "Sun"), ("joined", "Ada"), ("message", "hello")], "the events")
    assert told.of("RECV news")["response_time"] == 12.5
    assert told.of("RECV news")["response_length"] == len('["Sun"]')
    assert told.of("RECV user:joined")["response_time"] is None
    assert told.of("RECV message")["response"] == ["hello"]


def test_no_event_starts_or_stops_a_user(make):
    user = make(Listening)
    user.sio.call("tell", "start")
    user.sio.call("tell", "stop")
    eventually(lambda: user.heard == [("unknown", "start"), ("unknown", "stop")], "the events")
    assert user.sio.connected


def test_a_method_may_be_marked_for_start(make):
    class Eager(Listening):
        abstract = True

        @event("start")
        def begin(self):
            self.heard.append("begin")

    user = make(Eager)
    user.sio.call("tell", "start")
    eventually(lambda: user.heard == ["begin"], "the event")


def test_what_methods_raise_is_among_the_exceptions_of_locust(told, make):
    def fail(self, *args):
        raise KeyError("mine")

    user = make(on_news=fail, received=fail, on_old=lambda self: self.call("silent", timeout=0.05))
    user.sio.call("tell", "news")
    eventually(lambda: len(told.errors) == 2, "the exceptions of received() and on_news()")
    user.sio.call("tell", "old")
    told.of("CALL silent")
    user.sio.call("sum", 1, 2)
    assert {type(error) for error in told.errors} == {KeyError}


# Losses


def test_a_loss_and_the_return_are_told(told, make):
    user = make(sio_options={"reconnect_when_kicked": True, "reconnection_delay": 0.05})
    user.sio.emit("kick")
    assert isinstance(told.of("LOST /")["exception"], ConnectionLost)
    again = told.of("CONNECT / again")
    assert again["response_time"] > 0
    assert again["exception"] is None


def test_a_connection_that_does_not_come_back_is_a_failure(told, make):
    with SocketServer(App, 0, revisions=(1,)) as server:
        options = {"max_reconnection_attempts": 1, "reconnection_delay": 0.05}
        user = make(host=server.url, sio_options=options)
    assert isinstance(told.of("CONNECT / again")["exception"], ConnectError)
    assert told.rows()[:2] == ["CONNECT /", "LOST /"]
    user.on_stop()


def test_a_user_that_stops_waits_for_acknowledgements(told, make):
    user = make(linger=0.01)
    for number in range(20):
        user.sio.emit("sum", number, 1, ack=True)
    user.on_stop()
    assert told.rows().count("EMIT sum") == 20
    assert all(more["exception"] is None for _, more in told.requests)


def test_what_is_not_acknowledged_at_the_stop_fails(told, make):
    user = make(ack_patience=0.05)
    user.sio.emit("silent", ack=True)
    user.on_stop()
    assert isinstance(told.of("EMIT silent")["exception"], ConnectionLost)


@pytest.mark.parametrize(
    ("values", "length"), [((), 2), (("é",), 5), (({"a": 1}, None), 14), ((b"four",), 7), ((1, [b"x", {2}]), 13)]
)
def test_the_length_of_values(values, length):
    assert length_of(values) == length


def test_locust_itself_runs_a_user(told, make):
    done = threading.Event()

    def ask(self):
        assert self.sio.call("sum", 1, 2) == 3
        done.set()
        raise StopUser

    user = make(starts=False, tasks=[ask])
    user.run()
    assert done.is_set()
    assert user.sio.ended
    assert told.rows() == ["CONNECT /", "CALL sum"]


@pytest.mark.parametrize(("before", "after"), [(logging.NOTSET, logging.WARNING), (logging.DEBUG, logging.DEBUG)])
def test_locust_has_only_warnings_in_its_log(monkeypatch, before, after):
    logger = logging.getLogger("sioclient")
    monkeypatch.setattr(logger, "level", before)
    be_quiet(environment=None)
    assert logger.level == after
    logger.setLevel(logging.NOTSET)  # which also forgets what loggers remember of their levels


def test_without_locust_the_extra_is_named():
    program = "import sys; sys.modules['locust'] = None; import sioclient.locust"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: sioclient.locust needs the package locust: pip install 'sioclient[locust]'"
    )
