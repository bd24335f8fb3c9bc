"""Events, messages and acknowledgements against a real socket.io 0.9.19 server."""

from __future__ import annotations

import json

import pytest

from sioclient import AckTimeout, Handler, LocalProtocolError
from tests.conftest import Recorder
from tests.waiting import eventually


@pytest.fixture(params=["websocket", "xhr-polling"])
def transport(request):
    return request.param


VALUES = [
    "plain",
    "",
    "with : colons + pluses \n newlines \0 and NUL",
    "ünïcode and \U0001f600 astral \U0001f601",
    "\u2028\u2029\ufffd",
    0,
    -1.5,
    1e20,
    True,
    None,
    [],
    [1, [2, [3]]],
    {"nested": {"list": [1, 2, {"x": None}]}},
]


def test_the_server_greets(connect, legacy, recorder, transport):
    connect(legacy, recorder)
    assert [recorder.next() for _ in range(3)] == [("open", transport), ("connect",), ("hello", {"a": 1})]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_every_value_survives_there_and_back(connect, legacy, value):
    assert connect(legacy).call("echo", value) == value


def test_several_values_come_back_as_a_tuple_and_none_as_none(connect, legacy):
    socket = connect(legacy)
    assert socket.call("echo", 1, "two", [3]) == (1, "two", [3])
    assert socket.call("echo") is None


def test_an_event_reaches_the_method_of_its_name(connect, legacy):
    class Echo(Recorder):
        def on_a_fine_day(self, *args):
            self.told.put(("fine", *args))

    handler = Echo()
    connect(legacy, handler).emit("do emit", "a fine day", "A", "B")
    assert handler.next("fine") == ("fine", "A", "B")


@pytest.mark.fronts
def test_a_lone_list_is_spread_over_several_arguments(connect, legacy):
    class Points(Recorder):
        def on_point(self, x, y):
            self.told.put(("point", x, y))

        def on_list(self, items):
            self.told.put(("list", items))

    handler = Points()
    socket = connect(legacy, handler)
    socket.emit("do emit", "point", [1, 2])
    socket.emit("do emit", "point", 3, 4)
    socket.emit("do emit", "list", [5, 6])
    assert handler.next("point") == ("point", 1, 2)
    assert handler.next("point") == ("point", 3, 4)
    assert handler.next("list") == ("list", [5, 6])


def test_functions_come_before_the_method_and_in_order(connect, legacy):
    calls = []

    class Both(Handler):
        def on_tick(self, value):
            calls.append(("method", value))

    socket = connect(legacy, Both())

    @socket.on("tick")
    def first(value):
        calls.append(("first", value))

    socket.once("tick", lambda value: calls.append(("once", value)))
    socket.emit("do emit", "tick", 1)
    socket.emit("do emit", "tick", 2)
    eventually(lambda: len(calls) == 5)
    assert calls == [("first", 1), ("once", 1), ("method", 1), ("first", 2), ("method", 2)]
    socket.off("tick", first)
    socket.emit("do emit", "tick", 3)
    eventually(lambda: ("method", 3) in calls)
    assert ("first", 3) not in calls


def test_off_without_a_function_forgets_all(connect, legacy, recorder):
    socket = connect(legacy, recorder)
    socket.on("tick", lambda *args: recorder.told.put(("heard",)))
    socket.off("tick")
    socket.off("never registered")
    socket.emit("do emit", "tick", 1)
    assert recorder.next("tick") == ("tick", 1)


def test_messages_of_both_kinds(connect, legacy, recorder):
    socket = connect(legacy, recorder)
    socket.send("text \U0001f600")
    socket.send({"a": [1]})
    socket.send("")
    assert recorder.next("message") == ("message", None, "re:text \U0001f600")
    assert recorder.next("message") == ("message", None, {"re": {"a": [1]}})
    assert recorder.next("message") == ("message", None, "re:")


def test_an_event_called_message_is_a_message(connect, legacy, recorder):
    socket = connect(legacy, recorder)
    for args in (["one"], [], [1, 2]):
        socket.emit("do emit", "message", *args)
    assert recorder.next("message") == ("message", None, "one")
    assert recorder.next("message") == ("message", None)
    assert recorder.next("message") == ("message", None, 1, 2)


def test_callbacks_get_the_values_of_the_acknowledgement(connect, legacy, recorder):
    socket = connect(legacy)
    socket.emit("echo", 1, 2, lambda *args: recorder.told.put(args))
    assert recorder.next() == (1, 2)
    socket.emit("echo", 3, callback=lambda *args: recorder.told.put(args))
    assert recorder.next() == (3,)
    socket.send("m", lambda *args: recorder.told.put(args))
    assert recorder.next() == ("got", "m")
    socket.send([1], callback=lambda *args: recorder.told.put(args))
    assert recorder.next() == ("got", [1])


def test_msgid_comes_back_in_ack(connect, legacy, recorder):
    connect(legacy, recorder).emit("echo", "x", msgid=123)
    assert recorder.next("ack") == ("ack", 123, "echo", ["x"])


@pytest.mark.fronts
def test_an_acknowledgement_that_does_not_come_times_out(connect, legacy, recorder):
    socket = connect(legacy)
    socket.emit("do nothing", callback=print, errback=lambda error: recorder.told.put((error,)), timeout=0.1)
    assert isinstance(recorder.next()[0], AckTimeout)
    with pytest.raises(AckTimeout):
        socket.call("do nothing", timeout=0.1)
    assert socket.call("echo", "still here") == "still here"


@pytest.mark.parametrize(("returned", "values"), [(None, []), ("A", ["A"]), (("A", "B"), ["A", "B"]), ([1], [[1]])])
def test_what_a_handler_returns_is_acknowledged(connect, legacy, returned, values):
    class Obliging(Recorder):
        def on_please(self, value):
            return returned

    handler = Obliging()
    connect(legacy, handler).emit("do ask", "please", "x")
    assert handler.next("answer") == ("answer", values)


def test_what_on_message_returns_is_acknowledged(connect, legacy):
    class Obliging(Recorder):
        def on_message(self, id, message):
            super().on_message(id, message)
            return f"{message}?"

    handler = Obliging()
    socket = connect(legacy, handler)
    socket.emit("do ask message", "really")
    assert handler.next("message")[2] == "really"
    assert handler.next("answer") == ("answer", ["really?"])
    socket.emit("do ask plainly")
    assert handler.next("message") == ("message", 77, "plain")


@pytest.mark.fronts
def test_a_handler_that_raises_acks_nothing_and_ends_nothing(connect, legacy, caplog):
    class Clumsy(Recorder):
        def on_please(self, value):
            raise KeyError(value)

        def on_exit(self):
            raise SystemExit(3)

    handler = Clumsy()
    socket = connect(legacy, handler)
    socket.emit("do ask", "please", "x")
    assert handler.next("exception")[1] == "please"
    socket.emit("do emit", "exit")
    assert isinstance(handler.next("exception")[2], SystemExit)
    assert socket.call("echo", "alive") == "alive"
    assert handler.told.empty()


def test_by_default_an_exception_is_logged_with_its_traceback(connect, legacy, caplog):
    class Clumsy(Handler):
        def on_please(self, value):
            raise KeyError("the reason")

    socket = connect(legacy, Clumsy())
    socket.emit("do emit", "please", "x")
    eventually(lambda: "the reason" in caplog.text)
    assert "Traceback" in caplog.text


def test_an_event_of_the_nine_is_logged_once_if_nobody_hears_it(connect, legacy, caplog):
    socket = connect(legacy)
    for name in ["connect", "disconnect", "open", "close", "retry", "reconnect", "error", "exception"] * 2:
        socket.emit("do emit", name, "spoof")
    assert socket.call("echo", "fence") == "fence"
    eventually(lambda: caplog.text.count("a name of the connection's own: on_event() hears it") == 6)


def test_large_messages_both_ways(connect, legacy, recorder):
    socket = connect(legacy, recorder)
    text = "0123456789abcdef" * 65536
    assert socket.call("echo", text) == text
    for size in (125, 126, 65400, 65600, 3_000_000):
        socket.emit("do send big", size)
        assert recorder.next("big") == ("big", "x" * size)


def test_thousands_of_acknowledged_events_in_order(connect, legacy, transport):
    socket = connect(legacy)
    acks, many = [], 10_000 if transport == "websocket" else 1000
    for first in range(0, many, 100):
        for number in range(first, first + 100):
            socket.emit("echo", number, acks.append)
        assert socket.call("echo", "fence") == "fence"
    assert acks == list(range(many))


def test_a_burst_arrives_whole_and_in_order(connect, legacy):
    numbers = []
    socket = connect(legacy)
    socket.on("n", numbers.append)
    socket.emit("do burst", "n", 3000)
    eventually(lambda: len(numbers) == 3000)
    assert numbers == list(range(3000))


def test_emitting_from_a_handler(connect, legacy):
    class Replying(Recorder):
        def on_ping_me(self, number):
            self.socket.emit("echo", number)

    handler = Replying()
    socket = connect(legacy, handler)
    socket.emit("do emit", "ping me", 7)
    assert handler.next("echoed") == ("echoed", 7)


def test_calling_in_a_handler_defers_what_arrives_meanwhile(connect, legacy):
    class Calling(Recorder):
        def on_start(self):
            self.socket.emit("do burst", "n", 3)
            self.told.put(("answer", self.socket.call("echo", "in the handler")))

    handler = Calling()
    socket = connect(legacy, handler)
    socket.emit("do emit", "start")
    handler.next("hello")
    assert [handler.next() for _ in range(4)] == [("answer", "in the handler"), ("n", 0), ("n", 1), ("n", 2)]


def test_a_call_in_a_handler_times_out(connect, legacy):
    class Calling(Recorder):
        def on_start(self):
            self.socket.call("do nothing", timeout=0.1)

    handler = Calling()
    connect(legacy, handler).emit("do emit", "start")
    assert isinstance(handler.next("exception")[2], AckTimeout)


@pytest.mark.fronts
def test_another_json_module(connect, legacy):
    class Spaced:
        @staticmethod
        def dumps(value):
            return json.dumps(value, ensure_ascii=False, indent=1).encode()

        loads = staticmethod(json.loads)

    assert connect(legacy, json=Spaced).call("echo", {"ü": "\U0001f600"}) == {"ü": "\U0001f600"}


@pytest.mark.fronts
def test_bad_arguments_raise_before_anything_is_sent(connect, legacy):
    socket = connect(legacy)
    for wrong in (
        lambda: socket.emit(None),
        lambda: socket.emit("x", object()),
        lambda: socket.emit("x", print, callback=print),
        lambda: socket.emit("x", callback="print"),
        lambda: socket.emit("x", timeout=3),
        lambda: socket.emit("x", callback=print, timeout="3"),
        lambda: socket.call("x", timeout="3"),
        lambda: socket.on(None, print),
        lambda: socket.on("x", 5),
    ):
        with pytest.raises(TypeError):
            wrong()
    for wrong in (
        lambda: socket.emit("x", float("nan")),
        lambda: socket.emit("x", msgid=0),
        lambda: socket.emit("x", msgid="1"),
        lambda: socket.send("half a pair \ud83d"),
    ):
        with pytest.raises(LocalProtocolError):
            wrong()
    with pytest.raises(ValueError, match="above 0"):
        socket.call("x", timeout=0)
    assert socket.call("notes") == []
