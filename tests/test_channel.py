"""The verbs of a channel and its way to the user's functions, over a server in memory."""

from __future__ import annotations

import logging

import pytest

from sioclient.channel import Channel, check_handler
from sioclient.errors import AckTimeout, ChannelError, LocalProtocolError
from sioclient.handler import Handler
from sioclient.protocol.notices import Answered, JoinFailed, Notice, Retrying, Unanswered
from sioclient.protocol.packets import Error, Event, Json, Message
from tests.conftest import PATIENCE, Recorder, eventually
from tests.memory import make_connection


@pytest.fixture
def handler():
    return Recorder()


@pytest.fixture
def channel(server, handler):
    """The default channel of an open connection; notices come to it as they do to a SocketIO."""

    def deliver(notice: Notice) -> None:
        if isinstance(notice, (Answered, Unanswered)):
            notice.waiter.channel._deliver(notice)
        elif getattr(notice, "endpoint", None) == "":
            channel._deliver(notice)

    connection = make_connection(server, deliver)
    channel = Channel(connection, "", handler, None)
    channel._joined = connection.default_endpoint
    connection.open()
    assert handler.next() == ("connect",)
    yield channel
    connection.disconnect()


def test_emit_and_send(channel, server):
    channel.emit("x", 1, "two")
    channel.send("text")
    channel.send(["json"])
    assert server.link.sent == ['5:::{"name":"x","args":[1,"two"]}', "3:::text", '4:::["json"]']


def test_a_callback_is_called_with_the_values_of_the_answer(channel, server, handler):
    server.answers["5:1+"] = ['6:::1+["a","b"]']
    server.answers["3:2+"] = ["6:::2"]
    channel.emit("x", lambda *args: handler.told.put(args))
    channel.send("m", lambda *args: handler.told.put(("sent", *args)))
    assert handler.next() == ("a", "b")
    assert handler.next() == ("sent",)


def test_an_errback_is_called_when_there_is_no_answer(channel, handler, caplog):
    caplog.set_level(logging.DEBUG)
    channel.emit("silent", callback=print, timeout=0.01)
    channel.emit("x", errback=lambda error: handler.told.put((error,)), timeout=0.02)
    assert isinstance(handler.next()[0], AckTimeout)
    assert "no acknowledgement for 'silent'" in caplog.text


def test_an_answer_for_which_there_is_only_an_errback_is_just_taken(channel, server):
    server.answers["5:1+"] = ["6:::1"]
    server.answers["5:2+"] = ["6:::2"]
    channel.emit("x", errback=print)
    assert channel.call("fence") is None


def test_ack_gets_what_was_sent_with_a_msgid(channel, server, handler):
    server.answers["5:7+"] = ['6:::7+["a"]']
    channel.emit("x", msgid=7)
    assert handler.next() == ("ack", 7, "x", ["a"])


@pytest.mark.parametrize(("answer", "value"), [("6:::1", None), ("6:::1+[5]", 5), ("6:::1+[5,6]", (5, 6))])
def test_call_returns_nothing_one_or_several(channel, server, answer, value):
    server.answers["5:1+"] = [answer]
    assert channel.call("x", timeout=PATIENCE) == value


def test_events_reach_functions_then_the_method_then_the_catch_all(server, channel, handler):
    handler.on_a_b = lambda *args: handler.told.put(("method", *args))
    first = channel.on("a b", lambda *args: handler.told.put(("function", *args)))

    @channel.once("a b")
    def once(*args):
        handler.told.put(("once", *args))

    server.push('5:::{"name":"a b","args":[1]}', '5:::{"name":"other"}', '5:::{"name":"a b"}')
    assert [handler.next() for _ in range(4)] == [("function", 1), ("once", 1), ("method", 1), ("other",)]
    assert [handler.next() for _ in range(2)] == [("function",), ("method",)]
    channel.off("a b", print)
    channel.off("a b", first)
    server.push('5:::{"name":"a b","args":[[1,2]]}')
    assert handler.next() == ("method", [1, 2])


def test_a_function_for_one_time_that_is_gone_meanwhile_is_not_called(channel, server, handler):
    channel.once("x", lambda: handler.told.put(("once",)))
    listeners = channel._listeners["x"]

    class Emptied(list):
        def remove(self, listener):
            raise ValueError("another thread was faster")

    channel._listeners["x"] = Emptied(listeners)
    server.push('5:::{"name":"x"}', "3:::next")
    assert handler.next() == ("x",)
    assert handler.next() == ("message", None, "next")


def test_reserved_names_are_only_unknown_events(channel, server, handler, caplog):
    channel.on("connect", lambda socket: handler.told.put(("spoofed",)))
    server.push('5:::{"name":"connect","args":[1]}', '5:::{"name":"connect","args":[2]}')
    assert [handler.next() for _ in range(2)] == [("connect", 1), ("connect", 2)]
    assert caplog.text.count("reserved") == 1


@pytest.mark.parametrize(
    ("args", "message"), [('"args":["one"]', "one"), ('"args":[1,2]', [1, 2]), ('"args":[]', None)]
)
def test_an_event_called_message_is_a_message(channel, server, handler, args, message):
    server.push('5:3+::{"name":"message",' + args + "}")
    assert handler.next() == ("message", 3, message)


@pytest.mark.parametrize(
    ("frame", "returned", "answer"),
    [
        ('5:1+::{"name":"x"}', None, "6:::1"),
        ('5:1::{"name":"x"}', "A", '6:::1+["A"]'),
        ('5:1+::{"name":"x"}', ("A", "B"), '6:::1+["A","B"]'),
        ("3:1+::m", [1], "6:::1+[[1]]"),
        ("4:1+::5", None, "6:::1"),
        ("3:1::m", "not asked for", "6:::1"),
    ],
)
def test_what_is_returned_answers(channel, server, handler, frame, returned, answer):
    handler.unknown_event = lambda name, args: returned
    handler.on_message = lambda number, message: returned
    server.push(frame, '5:9+::{"name":"fence"}')
    eventually(lambda: any(frame.startswith("6:::9") for frame in server.link.sent))
    assert server.link.sent[0] == answer


def test_the_first_value_returned_is_the_answer(channel, server, handler):
    channel.on("x", lambda: None)
    channel.on("x", lambda: "second")
    channel.on("x", lambda: "third")
    server.push('5:1+::{"name":"x"}', "3:::next")
    assert handler.next("message")
    assert server.link.sent == ['6:::1+["second"]']


def test_a_function_that_raises_answers_nothing_and_the_others_run(channel, server, handler):
    def fail():
        raise KeyError("x")

    channel.on("x", fail)
    channel.on("x", lambda: handler.told.put(("second",)))
    server.push('5:1+::{"name":"x"}', "3:::next")
    assert handler.next()[:2] == ("exception", "x")
    assert handler.next() == ("second",)
    assert handler.next("message")
    assert server.link.sent == []


def test_a_callback_that_raises_is_reported(channel, server, handler):
    def fail():
        raise KeyError("x")

    server.answers["5:1+"] = ["6:::1"]
    channel.emit("x", fail)
    assert handler.next()[:2] == ("exception", "x")


def test_an_answer_that_is_not_json_is_reported(channel, server, handler):
    handler.unknown_event = lambda name, args: object()
    handler.on_message = lambda number, message: float("nan")
    server.push('5:1+::{"name":"x"}', "3:2+::m")
    kind, event, error = handler.next()
    assert (kind, event, type(error)) == ("exception", "x", TypeError)
    kind, event, error = handler.next()
    assert (kind, event, type(error)) == ("exception", "message", LocalProtocolError)


def test_an_on_exception_that_raises_is_logged(channel, server, handler, caplog):
    def fail(*args):
        raise RuntimeError("in on_exception")

    handler.on_exception = fail
    handler.on_bad = fail
    server.push('5:::{"name":"bad"}', "3:::next")
    assert handler.next("message")
    assert "in on_exception" in caplog.text


def test_what_happens_to_the_connection_reaches_functions_and_methods(channel, handler):
    told = []
    for name in ("error", "retry"):
        channel.on(name, lambda *args, name=name: told.append((name, *args)))
    failed = ChannelError("not any more")
    for notice in (
        Error("reason", "advice"),
        JoinFailed("", failed, again=True),
        JoinFailed("", failed, again=False),
        Retrying(1, 0.5, failed),
    ):
        channel._deliver(notice)
    assert told == [("error", "reason", "advice"), ("error", "not any more", ""), ("retry", 1, 0.5)]
    assert [handler.next() for _ in range(3)] == [
        ("error", "reason", "advice"),
        ("error", "not any more", ""),
        ("retry", 1),
    ]


def test_packets_of_every_kind_are_delivered(channel, handler):
    for packet in (Message("m"), Json([1]), Event("e", [2])):
        channel._deliver(packet)
    assert [handler.next() for _ in range(3)] == [("message", None, "m"), ("message", None, [1]), ("e", 2)]


def test_a_channel_that_was_never_joined_does_nothing_when_it_leaves(channel):
    lonely = Channel(channel._connection, "/chat", None, channel)
    lonely.disconnect()
    assert not lonely.connected
    assert not lonely.is_wanted


def test_a_channel_from_join_to_leave(channel, server):
    server.answers["1::/chat"] = ["1::/chat"]
    chat = Channel(channel._connection, "/chat", None, channel)
    joined = chat._connection.join("/chat", "", PATIENCE, lambda endpoint: setattr(chat, "_joined", endpoint))
    chat._connection.wait_for_join(joined)
    assert chat.connected
    chat.emit("x")
    chat.disconnect()
    assert not chat.is_wanted
    with pytest.raises(ChannelError, match="connect it again"):
        chat.send("x")
    assert server.link.sent == ["1::/chat", '5::/chat:{"name":"x"}', "0::/chat"]


def test_wrong_arguments_are_explained(channel, server):
    for wrong, expected in (
        (lambda: channel.emit("x", print, callback=print), "two callbacks"),
        (lambda: channel.emit("x", callback=5), "callback is a function"),
        (lambda: channel.emit("x", errback=5), "errback is a function"),
        (lambda: channel.emit("x", timeout=5), "give callback="),
        (lambda: channel.emit(5), "name is text"),
        (lambda: channel.on(5), "name is text"),
        (lambda: channel.on("x", 5), "is a function"),
        (lambda: check_handler(object()), "subclass of Handler"),
        (lambda: check_handler(Handler), r"Handler\(\)"),
    ):
        with pytest.raises(TypeError, match=expected):
            wrong()
    assert server.link.sent == []


def test_a_volatile_event_is_sent_while_there_is_room_or_not_at_all(channel, server, monkeypatch):
    channel.emit("x", volatile=True)
    monkeypatch.setattr(channel._connection, "is_ready", lambda: False)
    channel.emit("y", volatile=True)
    channel.emit("z")
    assert server.link.sent == ['5:::{"name":"x"}', '5:::{"name":"z"}']
    with pytest.raises(TypeError, match="volatile"):
        channel.emit("x", volatile=True, callback=print)


def test_what_newer_servers_say_of_a_channel(channel):
    assert (channel.id, channel.recovered) == (None, False)
    channel._joined.joined({"sid": "s", "pid": "p"})
    assert (channel.id, channel.recovered) == ("s", False)
    channel._joined.joined({"sid": "s", "pid": "p"})
    assert channel.recovered
    channel._joined.joined({"sid": 5})
    assert (channel.id, channel.recovered) == (None, False)
    assert Channel(channel._connection, "/chat", None, None).id is None


def test_a_refusal_is_told_with_its_data(channel, handler):
    told = []
    channel.on("connect_error", lambda *args: told.append(args))
    error = ChannelError("the server refused '/x': no")
    error.data = {"a": 1}
    channel._deliver(JoinFailed("", error, again=False, reason="no"))
    assert told == [("no", {"a": 1})]
