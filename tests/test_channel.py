"""The verbs of a channel and its way to the user's functions, over a server in memory."""

from __future__ import annotations

import logging
import threading
import weakref

import pytest

from sioclient.channel import Channel
from sioclient.errors import AckTimeout, ChannelError, ConnectionLost, LocalProtocolError
from sioclient.protocol.notices import Ended, JoinFailed, Retrying
from sioclient.protocol.packets import Error, Event, Json, Message
from tests.conftest import Recorder
from tests.interrupts import Interrupt
from tests.memory import look_again_after
from tests.waiting import PATIENCE, eventually, happened


@pytest.fixture
def handler():
    return Recorder()


@pytest.fixture
def kept():
    """The channels that something holds because they may still hear something."""
    return set()


@pytest.fixture
def channel(connection, handler, kept):
    """The default channel of an open connection; notices come to it as they do to a SocketIO."""
    channel = Channel(connection, "", handler, None, kept, connection.default_endpoint(None))
    connection.default_endpoint(weakref.ref(channel))
    connection.open()
    assert handler.next("connect")
    return channel


@pytest.fixture
def chat(connection, channel, kept):
    """A channel that is not joined yet."""
    return Channel(connection, "/chat", None, channel, kept)


def test_emit_and_send(channel, server):
    channel.emit("x", 1, "two")
    channel.send("text")
    channel.send(["json"])
    assert server.link.sent == ['5:::{"name":"x","args":[1,"two"]}', "3:::text", '4:::["json"]']


def test_a_callback_gets_the_values_of_the_acknowledgement(channel, server, handler):
    server.replies["5:1+"] = ['6:::1+["a","b"]']
    server.replies["3:2+"] = ["6:::2"]
    channel.emit("x", lambda *args: handler.told.put(args))
    channel.send("m", lambda *args: handler.told.put(("sent", *args)))
    assert handler.next() == ("a", "b")
    assert handler.next() == ("sent",)


def test_an_errback_gets_why_there_is_no_acknowledgement(channel, handler, caplog):
    caplog.set_level(logging.DEBUG)
    channel.emit("silent", callback=print, timeout=0.01)
    channel.emit("x", errback=lambda error: handler.told.put((error,)), timeout=0.02)
    assert isinstance(handler.next()[0], AckTimeout)
    assert "no acknowledgement for 'silent'" in caplog.text


def test_an_ack_needs_no_callback(channel, server):
    server.replies["5:1+"] = ["6:::1"]
    server.replies["5:2+"] = ["6:::2"]
    channel.emit("x", errback=print)
    assert channel.call("fence") is None


def test_ack_gets_what_was_sent_with_a_msgid(channel, server, handler):
    server.replies["5:7+"] = ['6:::7+["a"]']
    channel.emit("x", msgid=7)
    assert handler.next() == ("ack", 7, "x", ["a"])


@pytest.mark.parametrize(("ack", "value"), [("6:::1", None), ("6:::1+[5]", 5), ("6:::1+[5,6]", (5, 6))])
def test_call_returns_nothing_one_or_several(channel, server, ack, value):
    server.replies["5:1+"] = [ack]
    assert channel.call("x", timeout=PATIENCE) == value


def test_events_reach_functions_the_method_or_the_catch_all(server, channel, handler):
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
    ("frame", "returned", "ack"),
    [
        ('5:1+::{"name":"x"}', None, "6:::1"),
        ('5:1::{"name":"x"}', "A", '6:::1+["A"]'),
        ('5:1+::{"name":"x"}', ("A", "B"), '6:::1+["A","B"]'),
        ("3:1+::m", [1], "6:::1+[[1]]"),
        ("4:1+::5", None, "6:::1"),
        ("3:1::m", "not asked for", "6:::1"),
    ],
)
def test_what_is_returned_is_acknowledged(channel, server, handler, frame, returned, ack):
    handler.unknown_event = lambda name, args: returned
    handler.on_message = lambda number, message: returned
    server.push(frame, '5:9+::{"name":"fence"}')
    eventually(lambda: any(frame.startswith("6:::9") for frame in server.link.sent))
    assert server.link.sent[0] == ack


def test_the_first_value_returned_is_acknowledged(channel, server, handler):
    channel.on("x", lambda: None)
    channel.on("x", lambda: "second")
    channel.on("x", lambda: "third")
    server.push('5:1+::{"name":"x"}', "3:::next")
    assert handler.next("message")
    assert server.link.sent == ['6:::1+["second"]']


def test_a_function_that_raises_acknowledges_nothing(channel, server, handler):
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

    server.replies["5:1+"] = ["6:::1"]
    channel.emit("x", fail)
    assert handler.next()[:2] == ("exception", "x")


def test_a_returned_value_that_is_not_json_is_reported(channel, server, handler):
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


def test_reports_reach_functions_and_methods(channel, handler):
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
        channel.deliver(notice)
    assert told == [("error", "reason", "advice"), ("error", "not any more", ""), ("retry", 1, 0.5)]
    assert [handler.next() for _ in range(3)] == [
        ("error", "reason", "advice"),
        ("error", "not any more", ""),
        ("retry", 1),
    ]


def test_packets_of_every_kind_are_delivered(channel, handler):
    for packet in (Message("m"), Json([1]), Event("e", [2])):
        channel.deliver(packet)
    assert [handler.next() for _ in range(3)] == [("message", None, "m"), ("message", None, [1]), ("e", 2)]


def test_a_channel_that_was_never_joined_can_be_left(chat):
    chat.disconnect()
    assert (chat.connected, chat.is_wanted, chat.id, chat.recovered) == (False, False, None, False)


def test_a_channel_from_join_to_leave(chat, kept, server):
    server.replies["1::/chat"] = ["1::/chat"]
    chat.join("?a=b", PATIENCE, None)
    assert (chat.connected, chat.is_wanted, kept) == (True, True, {chat})
    chat.emit("x")
    chat.disconnect()
    assert not chat.is_wanted
    with pytest.raises(ChannelError, match="connect it again"):
        chat.send("x")
    assert server.link.sent == ["1::/chat:?a=b", '5::/chat:{"name":"x"}', "0::/chat"]
    eventually(lambda: not kept)


def test_a_channel_that_is_refused_is_let_go(chat, kept, server):
    server.replies["1::/chat"] = ["7::/chat:no"]
    with pytest.raises(ChannelError, match="no"):
        chat.join("", PATIENCE, None)
    assert not chat.is_wanted
    eventually(lambda: not kept)


def test_interrupted_join_can_be_made_again(connection, channel, kept, server, monkeypatch):
    """Wherever Ctrl-C strikes: a channel that nobody holds would keep its name for as long as the connection."""
    look_again_after(0.2, monkeypatch)
    server.replies["1::/chat"] = ["1::/chat"]
    number, raised_at = 0, ""
    while raised_at is not None:
        interrupt = Interrupt(number)
        interrupt.run(lambda: Channel(connection, "/chat", None, channel, kept).join("", PATIENCE, None))
        number, raised_at = number + 1, interrupt.raised_at
        if raised_at is not None:
            again = Channel(connection, "/chat", None, channel, kept)
            again.join("", PATIENCE, None)
            again.disconnect()
            eventually(lambda: not kept, f"the end of the channels after Ctrl-C at {raised_at}")
    assert number > 30


def test_a_channel_that_cannot_be_asked_for_is_let_go(connection, channel, chat, kept, server):
    server.replies["1::/chat"] = ["1::/chat"]
    chat.join("", PATIENCE, None)
    second = Channel(connection, "/chat", None, channel, kept)
    with pytest.raises(ChannelError, match="connected already"):
        second.join("", PATIENCE, None)
    assert kept == {chat}


def test_wrong_arguments_are_explained(channel, server):
    for wrong, expected in (
        (lambda: channel.emit("x", print, callback=print), "two callbacks"),
        (lambda: channel.emit("x", callback=5), "callback must be a function, not int"),
        (lambda: channel.emit("x", errback=5), "errback must be a function, not int"),
        (lambda: channel.emit("x", timeout=5), "give callback="),
        (lambda: channel.emit("x", timeout="5"), "timeout must be a number"),
        (lambda: channel.emit("x", print, timeout="5"), "timeout must be a number"),
        (lambda: channel.emit("x", print, volatile=True), "volatile"),
        (lambda: channel.emit(None), "name must be text"),
        (lambda: channel.send("x", 5), "callback must be a function, not int"),
        (lambda: channel.call("x", timeout="5"), "timeout must be a number"),
        (lambda: channel.on(5), "name must be text"),
        (lambda: channel.on("x", 5), "must be a function, not int"),
        (lambda: setattr(channel, "handler", 5), "handler must be"),
    ):
        with pytest.raises(TypeError, match=expected):
            wrong()
    assert server.link.sent == []


def test_a_volatile_event_is_written_now_or_never(channel, server, handler):
    channel.emit("x", volatile=True)
    first, may_come_back = server.link, threading.Event()
    server.plan.append(lambda attempt: happened(may_come_back))
    server.push(ConnectionLost("cut"))
    handler.next("disconnect")
    channel.emit("y", volatile=True)
    channel.emit("z")
    may_come_back.set()
    handler.next("reconnect")
    assert first.sent == ['5:::{"name":"x"}']
    eventually(lambda: server.link.sent == ['5:::{"name":"z"}'])


def test_another_handler_may_take_the_place(channel, server, handler):
    channel.handler = second = Recorder()
    server.push("3:::m")
    assert second.next() == ("message", None, "m")
    assert channel.handler is second


def test_what_newer_servers_say_of_a_channel(connection, channel):
    joined = connection.default_endpoint(None)
    assert (channel.id, channel.recovered) == (None, False)
    joined.joined({"sid": "s", "pid": "p"})
    assert (channel.id, channel.recovered) == ("s", False)
    joined.joined({"sid": "s", "pid": "p"})
    assert channel.recovered
    joined.joined({"sid": 5})
    assert (channel.id, channel.recovered) == (None, False)


@pytest.mark.parametrize(("error", "text"), [(None, "as wanted"), (ConnectionLost("cut"), "cut")])
def test_the_end_is_logged_with_its_reason(channel, caplog, error, text):
    caplog.set_level(logging.INFO, "sioclient")
    channel.deliver(Ended(error))
    assert caplog.messages == [f": the connection has ended: {text}"]


def test_malformed_packets_are_logged_as_what_they_are(channel, server, handler, caplog):
    server.push("gar\nbage %s", "3:::m")
    handler.next("message")
    assert r"dropped 1 malformed packets, the last: 'gar\nbage %s' (" in caplog.text


def test_a_refusal_is_told_with_its_data(channel, handler):
    told = []
    channel.on("connect_error", lambda *args: told.append(args))
    error = ChannelError("the server refused '/x': no")
    error.data = {"a": 1}
    channel.deliver(JoinFailed("", error, again=False, reason="no"))
    assert told == [("no", {"a": 1})]
