"""The verbs of a channel and its way to the user's functions, over a server in memory."""

from __future__ import annotations

import gc
import logging
import threading
import time
import weakref

import pytest

from sioclient.channel import Channel
from sioclient.errors import AckTimeout, ChannelError, ConnectionLost, LocalProtocolError, WaitTimeout
from sioclient.fronts.channels import Channels
from sioclient.fronts.waiter import Unheard
from sioclient.handler import Handler
from sioclient.protocol.notices import Ended, JoinFailed, Left, Retrying, Unacknowledged
from sioclient.protocol.packets import Error, Event, Json, Message
from tests.conftest import Recorder
from tests.interrupts import Interrupt
from tests.memory import look_again_after, make_connection
from tests.waiting import PATIENCE, eventually, happened


@pytest.fixture
def handler():
    return Recorder()


@pytest.fixture
def kept():
    """What holds channels that are wanted, or may still hear something."""
    return Channels()


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


def is_empty(channels):
    return not channels.kept() and not channels._hearing


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
    assert "no acknowledgement of 'silent' came from the server within 0.01 s" in caplog.text


def test_an_ack_needs_no_callback(channel, server):
    server.replies["5:1+"] = ["6:::1"]
    server.replies["5:2+"] = ["6:::2"]
    channel.emit("x", errback=print)
    assert channel.call("fence") is None


def test_emit_and_send_can_be_written_again(channel, server, handler):
    server.replies |= {"5:1::": ["6:::1"], "3:2::": ["6:::2"], "5:3+": ["6:::3+[4]"]}
    channel.emit("x", retries=1, timeout=PATIENCE)
    channel.send("m", retries=1, timeout=PATIENCE)
    channel.emit("x", lambda *args: handler.told.put(args), retries=1, timeout=PATIENCE)
    assert handler.next() == (4,)
    channel.emit("y", retries=0)
    channel.send("m", retries=0)
    written_again = ['5:1::{"name":"x"}', "3:2::m", '5:3+::{"name":"x"}']
    assert server.link.sent == [*written_again, '5:::{"name":"y"}', "3:::m"]


def test_a_packet_that_was_written_again_in_vain_is_a_warning(channel, caplog):
    channel.emit("x", retries=1, timeout=0.01)
    expected = "no acknowledgement of 'x' from the server: it was written twice, and given 0.01 s each time"
    eventually(lambda: ("WARNING", expected) in [(one.levelname, one.getMessage()) for one in caplog.records])
    channel.emit("y", print, retries=1, timeout=0.01)
    expected = expected.replace("'x'", "'y'")
    eventually(lambda: ("WARNING", expected) in [(one.levelname, one.getMessage()) for one in caplog.records])


def test_who_forgot_a_channel_hears_nothing_of_what_was_written_again(caplog):
    caplog.set_level(logging.DEBUG)
    Unheard(lambda: None, "x").deliver(Unacknowledged(None, AckTimeout("late")))
    assert not caplog.records


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


def test_an_event_of_the_nine_is_for_on_event_alone(channel, server, handler):
    channel.on("connect", lambda socket: handler.told.put(("spoofed",)))
    server.push('5:::{"name":"connect","args":[1]}')
    assert handler.next() == ("connect", 1)
    channel.on_event("connect", lambda *args: handler.told.put(("event", *args)))

    @channel.on_event("disconnect")
    def heard(*args):
        handler.told.put(("decorated", *args))

    server.push('5:::{"name":"connect","args":[2]}', '5:::{"name":"disconnect","args":[3]}')
    assert [handler.next() for _ in range(2)] == [("event", 2), ("decorated", 3)]


def test_an_event_called_error_reaches_on_error(channel, server, handler):
    channel.on("error", lambda *args: handler.told.put(("function", *args)))
    server.push('5:::{"name":"error","args":["method_access_denied","no"]}')
    assert [handler.next() for _ in range(2)] == [
        ("function", "method_access_denied", "no"),
        ("error", "method_access_denied", "no"),
    ]


@pytest.mark.parametrize(
    ("args", "message"), [('"args":["one"]', ("one",)), ('"args":[1,2]', (1, 2)), ('"args":[]', ())]
)
def test_an_event_called_message_is_a_message(channel, server, handler, args, message):
    channel.on("message", lambda *args: handler.told.put(("function", *args)))
    server.push('5:3+::{"name":"message",' + args + "}")
    assert [handler.next() for _ in range(2)] == [("function", *message), ("message", 3, *message)]


def test_a_message_that_is_a_list_is_spread_over_several_arguments(channel, server, handler):
    channel.on("message", lambda user, text: handler.told.put(("function", user, text)))
    server.push('4:::["ada","hello"]')
    assert [handler.next() for _ in range(2)] == [("function", "ada", "hello"), ("message", None, ["ada", "hello"])]


def test_the_catch_all_hears_what_nobody_else_does(channel, server, handler):
    @channel.on("*")
    def catch(name, *args):
        handler.told.put(("*", name, *args))
        return "heard"

    channel.on("x", lambda *args: handler.told.put(("x", *args)))
    server.push('5:::{"name":"x","args":[1]}', '5:1+::{"name":"open","args":[2,3]}')
    assert [handler.next() for _ in range(2)] == [("x", 1), ("*", "open", 2, 3)]
    eventually(lambda: server.link.sent == ['6:::1+["heard"]'])


def test_on_any_sees_every_event_first(channel, server, handler):
    @channel.on_any
    def see(name, *args):
        handler.told.put(("any", name, *args))

    channel.on("x", lambda *args: handler.told.put(("x", *args)))
    server.push('5:::{"name":"x","args":[1]}', "3:::text", "4:::[2]", '5:::{"name":"connect"}')
    assert [handler.next() for _ in range(8)] == [
        ("any", "x", 1),
        ("x", 1),
        ("any", "message", "text"),
        ("message", None, "text"),
        ("any", "message", [2]),
        ("message", None, [2]),
        ("any", "connect"),
        ("connect",),
    ]
    channel.deliver(Retrying(1, 0.5, ChannelError("no")))
    assert handler.next() == ("retry", 1)
    channel.off_any(see)
    server.push('5:::{"name":"x"}')
    assert handler.next() == ("x",)


def test_an_on_any_that_raises_is_reported(channel, server, handler):
    channel.on_any(lambda: None)
    server.push('5:1+::{"name":"y","args":[1]}')
    kind, event, error = handler.next()
    assert (kind, event, "was called with 'y', 1" in str(error)) == ("exception", "y", True)
    assert handler.next() == ("y", 1)


def test_on_any_outgoing_sees_every_event_that_is_sent(channel, server):
    server.replies["5:1+"] = ["6:::1"]
    told = []
    see = channel.on_any_outgoing(lambda *args: told.append(args))
    channel.emit("a", 1, lambda: None)
    channel.emit("b", volatile=True)
    channel.send("text")
    channel.send([1])
    server.replies["5:2+"] = ["6:::2"]
    channel.call("c", 2)
    assert told == [("a", 1), ("b",), ("message", "text"), ("message", [1]), ("c", 2)]
    channel.off_any(see)
    channel.emit("d")
    assert len(told) == 5


def test_unknown_event_acknowledges_nothing(channel, server, handler):
    handler.unknown_event = lambda name, args: handler.told.put(("unknown", name)) or "value"
    server.push('5:1+::{"name":"x"}', '5:2+::{"name":"x"}')
    assert [handler.next() for _ in range(2)] == [("unknown", "x")] * 2
    assert server.link.sent == []


def test_a_message_that_nobody_hears_is_not_acknowledged(channel, server, handler):
    channel.handler = Handler()
    server.push("3:1+::m", '5:2+::{"name":"message"}', '5:3+::{"name":"error"}')
    channel.on("fence", lambda: handler.told.put(("fence",)))
    server.push('5:::{"name":"fence"}')
    handler.next("fence")
    assert server.link.sent == []


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
    channel.on("x", lambda: returned)
    channel.on("fence", lambda: None)
    handler.on_message = lambda number, message: returned
    server.push(frame, '5:9+::{"name":"fence"}')
    eventually(lambda: any(frame.startswith("6:::9") for frame in server.link.sent))
    assert server.link.sent[0] == ack


def test_a_packet_can_be_acknowledged_later(channel, server, handler):
    packets, deliver = [], channel.deliver
    channel.deliver = lambda notice: packets.append(notice) if isinstance(notice, Event) else deliver(notice)
    server.push('5:9+::{"name":"x"}')
    eventually(lambda: packets)
    channel.acknowledge(packets[0], ("a", "b"))
    eventually(lambda: server.link.sent == ['6:::9+["a","b"]'])


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


def test_wrong_arity_says_what_the_function_was_called_with(channel, server, handler):
    server.replies["5:1+"] = ['6:::1+["a",2]']
    handler.on_y = lambda: None
    channel.on("x", lambda value: None)
    server.push('5:::{"name":"x","args":[1,"b"]}', '5:::{"name":"y","args":[3]}')
    channel.emit("z", lambda value: None)
    texts = [str(handler.next("exception")[2]) for _ in range(3)]
    for text, expected in zip(
        texts, ["was called with 1, 'b': ", "was called with 3: ", "called with 'a', 2: "], strict=True
    ):
        assert expected in text


def test_a_callback_that_raises_is_reported(channel, server, handler):
    def fail():
        raise KeyError("x")

    server.replies["5:1+"] = ["6:::1"]
    channel.emit("x", fail)
    assert handler.next()[:2] == ("exception", "x")


def test_a_returned_value_that_is_not_json_is_reported(channel, server, handler):
    handler.on_x = lambda: object()
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


def test_a_log_that_raises_keeps_no_function_from_its_event(channel, server, raising_log):
    heard = []
    channel.on("x", lambda: 1 / 0)
    channel.on("x", lambda: heard.append("second"))
    channel.on("connect", lambda socket: heard.append("again"))
    server.push('5:::{"name":"x"}', ConnectionLost("cut"))
    eventually(lambda: heard == ["second", "again"])


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
    chat.give(None, "?a=b", None)
    chat.open(PATIENCE)
    assert (chat.connected, chat.is_wanted, kept.kept(), kept.hears(chat)) == (True, True, [chat], True)
    chat.emit("x")
    chat.close()
    assert not chat.is_wanted
    with pytest.raises(ChannelError, match="connect it again"):
        chat.send("x")
    assert server.link.sent == ["1::/chat:?a=b", '5::/chat:{"name":"x"}', "0::/chat"]
    eventually(lambda: is_empty(kept))


def test_a_channel_that_is_refused_may_be_opened_again(chat, kept, server):
    server.replies["1::/chat"] = ["7::/chat:no"]
    with pytest.raises(ChannelError, match="no"):
        chat.open(PATIENCE)
    assert not chat.is_wanted
    eventually(lambda: not kept.hears(chat))
    server.replies["1::/chat"] = ["1::/chat"]
    chat.open(PATIENCE)
    assert chat.connected


def test_functions_and_handler_stay_from_one_time_to_the_next(chat, server, handler):
    server.replies["1::/chat"] = ["1::/chat", '5::/chat:{"name":"hello"}']
    chat.on("hello", lambda: handler.told.put(("function",)))
    chat.give(own := Recorder(), None, None)
    for _ in range(3):
        chat.open()
        assert own.next() == ("connect",)
        assert handler.next() == ("function",)
        chat.disconnect()
        assert own.next() == ("disconnect",)


def test_open_does_nothing_on_a_channel_that_is_open(chat, server):
    server.replies["1::/chat"] = ["1::/chat"]
    chat.open()
    chat.open()
    chat.open(wait=False)
    assert server.link.sent == ["1::/chat"]


def test_open_need_not_wait(chat, server, handler):
    chat.on("connect", lambda socket: handler.told.put((socket,)))
    chat.open(wait=False)
    assert not chat.connected
    server.push("1::/chat")
    assert handler.next() == (chat,)
    assert chat.connected


def test_a_channel_has_one_handler_and_query_until_it_ends(chat, server):
    server.replies["1::/chat"] = ["1::/chat"]
    first, token = Recorder(), {"token": "x"}
    chat.give(first, "?a=b", None)
    chat.give(first, "?a=b", None)
    chat.give(None, None, None)
    for given in ((Recorder(), None, None), (None, "?a=c", None)):
        with pytest.raises(ChannelError, match=r"the channel '/chat' has another (handler|query) already"):
            chat.give(*given)
    chat.open()
    with pytest.raises(ChannelError, match="handler"):
        chat.give(Recorder(), None, None)
    chat.disconnect()
    chat.give(second := Recorder(), "", None)
    chat.open()
    assert [first.next(), first.next(), second.next()] == [("connect",), ("disconnect",), ("connect",)]
    assert server.link.sent == ["1::/chat:?a=b", "0::/chat", "1::/chat"]
    chat.disconnect()
    chat.give(None, None, token)
    with pytest.raises(LocalProtocolError, match="no auth="):
        chat.open()


def test_a_channel_that_never_joined_may_be_given_another_query_once_it_is_disconnected(chat, server):
    server.replies["1::/chat"] = ["1::/chat"]
    chat.give(None, "?a=b", lambda: 5)
    with pytest.raises(TypeError, match="auth must be"):
        chat.open()
    for given in ((None, "?a=c", None), (None, None, dict)):
        with pytest.raises(ChannelError, match="disconnect it first"):
            chat.give(*given)
    chat.disconnect()
    chat.give(None, "?a=c", None)
    chat.open()
    assert server.link.sent == ["1::/chat:?a=c"]


def test_a_new_handler_hears_nothing_that_was_for_the_one_before(chat, server):
    server.replies["1::/chat"] = ["1::/chat"]
    first, second, go_on = Recorder(), Recorder(), threading.Event()
    begun = threading.Event()
    first.on_slow = lambda: (begun.set(), happened(go_on))
    chat.give(first, None, None)
    chat.open()
    assert first.next() == ("connect",)
    server.push_at_once('5::/chat:{"name":"slow"}', '5::/chat:{"name":"x"}')
    happened(begun)
    chat.disconnect()
    chat.give(second, None, None)
    assert chat.handler is first
    go_on.set()
    eventually(lambda: chat.handler is second)
    assert [first.next() for _ in range(2)] == [("x",), ("disconnect",)]
    assert second.told.empty()


def test_a_channel_that_the_server_closes_is_let_go(chat, kept, server):
    server.replies["1::/chat"] = ["1::/chat"]
    chat.on("x", print)
    assert kept.kept() == [chat]
    chat.open()
    server.push("0::/chat")
    eventually(lambda: is_empty(kept))
    chat.open()
    assert kept.kept() == [chat]


def test_whatever_is_registered_keeps_a_channel(connection, channel, kept):
    for register in (
        lambda chat: chat.on("x", print),
        lambda chat: chat.once("x")(print),
        lambda chat: chat.on_event("x", print),
        lambda chat: chat.on_any(print),
        lambda chat: chat.on_any_outgoing(print),
        lambda chat: setattr(chat, "handler", Handler()),
        lambda chat: chat.give(Handler(), None, None),
    ):
        chat = Channel(connection, "/chat", None, channel, kept)
        assert kept.kept() == []
        register(chat)
        assert kept.kept() == [chat]
        chat.off("x")
        chat.off_any()
        chat.disconnect()
    channel.on("x", print)
    assert kept.kept() == []


def test_the_end_of_an_earlier_join_ends_nothing_of_the_next(chat, server):
    server.replies["1::/chat"] = ["1::/chat"]
    chat.open()
    chat.disconnect()
    chat.open()
    news = chat.events("news")
    chat.deliver(Left("/chat"))
    server.push('5::/chat:{"name":"news"}')
    assert next(news) == ("news", [])


def test_a_channel_follows_to_the_connection_that_comes_next(connection, chat, server, notices, kept):
    server.replies["1::/chat"] = ["1::/chat"]
    following = make_connection(server, notices)
    chat.follow(following)
    chat.open()
    chat.follow(following)
    assert chat.connected
    connection.disconnect()
    kept.begin_hearing(chat, connection)  # as while the last notice is on its way
    chat.follow(following)
    kept.end_hearing(chat)
    following.open()
    eventually(lambda: chat.connected)
    chat.emit("x")
    assert server.link.sent == ["1::/chat", '5::/chat:{"name":"x"}']
    following.disconnect()


def test_a_new_handler_is_there_when_a_channel_follows(connection, chat, kept, server, notices):
    server.replies["1::/chat"] = ["1::/chat"]
    chat.open()
    connection.disconnect()
    kept.begin_hearing(chat, connection)  # a notice that nobody ever delivers
    chat.give(handler := Recorder(), None, None)
    assert chat.handler is not handler
    kept.end_hearing(chat)
    chat.follow(make_connection(server, notices))
    assert chat.handler is handler


def test_a_handler_may_be_given_to_a_channel_that_has_none(chat, server):
    server.replies["1::/chat"] = ["1::/chat"]
    chat.open()
    chat.give(handler := Recorder(), None, None)
    assert chat.handler is handler
    server.push('5::/chat:{"name":"x"}')
    assert handler.next() == ("x",)


def test_a_handler_that_is_about_to_take_the_place_may_be_given_again(chat, kept, connection):
    chat.open(wait=False)
    chat.disconnect()
    kept.begin_hearing(chat, connection)  # a notice that is never delivered
    chat.give(handler := Recorder(), None, None)
    chat.open(wait=False)
    chat.give(handler, None, None)
    with pytest.raises(ChannelError, match="another handler"):
        chat.give(Recorder(), None, None)


def test_a_channel_says_where_it_is(chat, server):
    assert repr(chat) == "<Channel '/chat' of the server not connected>"
    server.replies["1::/chat"] = ["1::/chat"]
    chat.open()
    assert repr(chat) == "<Channel '/chat' of the server connected>"


def test_interrupted_join_can_be_made_again(connection, channel, kept, server, monkeypatch):
    """Wherever Ctrl-C strikes: a channel that nobody holds would keep its name for as long as the connection."""
    look_again_after(0.2, monkeypatch)
    server.replies["1::/chat"] = ["1::/chat"]
    number, raised_at = 0, ""
    while raised_at is not None:
        interrupt = Interrupt(number)
        interrupt.run(lambda: Channel(connection, "/chat", None, channel, kept).open(PATIENCE))
        number, raised_at = number + 1, interrupt.raised_at
        if raised_at is not None:
            again = Channel(connection, "/chat", None, channel, kept)
            again.open(PATIENCE)
            again.disconnect()
            eventually(lambda: is_empty(kept), f"the end of the channels after Ctrl-C at {raised_at}")
    assert number > 30


def test_a_channel_that_cannot_be_asked_for_is_let_go(connection, channel, chat, kept, server):
    server.replies["1::/chat"] = ["1::/chat"]
    chat.open(PATIENCE)
    second = Channel(connection, "/chat", None, channel, kept)
    with pytest.raises(ChannelError, match="connected already"):
        second.open(PATIENCE)
    assert not kept.hears(second)
    assert kept.hears(chat)


async def coroutine(*args): ...


class Awaited(Handler):
    async def on_x(self): ...


def test_wrong_arguments_are_explained(channel, server):
    for wrong, expected in (
        (lambda: channel.emit("x", print, callback=print), "two callbacks"),
        (lambda: channel.emit("x", callback=5), "callback must be a function, not int"),
        (lambda: channel.emit("x", errback=5), "errback must be a function, not int"),
        (lambda: channel.emit("x", timeout=5), "give callback="),
        (lambda: channel.emit("x", retries=3), "retries= needs timeout= too"),
        (lambda: channel.send("x", retries="3"), "retries must be a whole number, not str"),
        (lambda: channel.emit("x", retries=3, timeout=5, volatile=True), "volatile"),
        (lambda: channel.emit("x", timeout="5"), "timeout must be a number"),
        (lambda: channel.emit("x", print, timeout="5"), "timeout must be a number"),
        (lambda: channel.emit("x", print, volatile=True), "volatile"),
        (lambda: channel.emit(None), "name must be text"),
        (lambda: channel.emit("x", callback=coroutine), "callback must be a plain function.*hand it to a loop"),
        (lambda: channel.emit("x", coroutine), "callback must be a plain function.*hand it to a loop"),
        (lambda: channel.emit("x", errback=coroutine), "errback must be a plain function.*hand it to a loop"),
        (lambda: channel.send("x", coroutine), "callback must be a plain function.*hand it to a loop"),
        (lambda: channel.send("x", 5), "callback must be a function, not int"),
        (lambda: channel.call("x", timeout="5"), "timeout must be a number"),
        (lambda: channel.on(None), "name must be text"),
        (lambda: channel.once(None, print), "name must be text"),
        (lambda: channel.on_event(b"x"), "name must be text"),
        (lambda: channel.off(True), "name must be text"),
        (lambda: channel.wait_for(None), "name must be text"),
        (lambda: channel.events("x", None), "name must be text"),
        (lambda: channel.wait_for("x", timeout="5"), "timeout must be a number"),
        (lambda: channel.events("x", timeout="5"), "timeout must be a number"),
        (lambda: channel.on("x", 5), "must be a function, not int"),
        (lambda: channel.on("x")(5), "must be a function, not int"),
        (lambda: channel.on("x", coroutine), "must be a plain function.*hand it to a loop"),
        (lambda: channel.once("x")(coroutine), "must be a plain function.*hand it to a loop"),
        (lambda: channel.on_event("x", coroutine), "must be a plain function.*hand it to a loop"),
        (lambda: channel.on_any(coroutine), "for any event must be a plain function.*hand it to a loop"),
        (lambda: channel.on_any(5), "for any event must be a function, not int"),
        (lambda: channel.on_any_outgoing(coroutine), "that is sent must be a plain function.*hand it to a loop"),
        (lambda: setattr(channel, "handler", Awaited()), "Awaited.on_x must be a plain method.*hand it to a loop"),
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


def test_a_handler_knows_its_channel(channel, chat, handler, server):
    assert handler.socket is channel
    handler.emit("x")
    assert server.link.sent == ['5:::{"name":"x"}']
    assert chat.handler.socket is chat
    channel.handler = second = Recorder()
    assert second.socket is channel


@pytest.mark.parametrize(("reports", "told"), [(True, ["handler", "function"]), (False, [])])
def test_the_end_is_reported_where_nobody_waits_for_it(channel, reports, told):
    class Told(Handler):
        def on_reconnect_failed(self, error):
            heard.append("handler")

    heard, why = [], ConnectionLost("spent")
    channel.on("reconnect_failed", lambda error: heard.append("function") or error is why or heard.append("wrong"))
    channel.handler = Told()
    channel.deliver(Ended(why, reports=reports))
    assert sorted(heard, reverse=True) == told


# wait_for and events


@pytest.mark.parametrize(("args", "value"), [("[]", None), ("[1]", 1), ("[1,2]", (1, 2)), ("[[1,2]]", [1, 2])])
def test_wait_for_returns_what_call_would(channel, server, args, value):
    channel.on_any_outgoing(lambda *_: server.push('5:::{"name":"news","args":' + args + "}"))
    threading.Timer(0.05, channel.emit, ["go"]).start()
    assert channel.wait_for("news", PATIENCE) == value


def test_wait_for_times_out(channel):
    with pytest.raises(WaitTimeout, match=r"'news' did not come from the server within 0.01 s"):
        channel.wait_for("news", 0.01)
    with pytest.raises(ValueError, match="above 0"):
        channel.wait_for("news", 0)


def test_what_is_waited_for_is_acknowledged(channel, server):
    news = channel.events("news")
    server.push('5:1+::{"name":"news","args":[1]}')
    assert next(news) == ("news", [1])
    eventually(lambda: server.link.sent == ["6:::1"])


def test_events_count_from_the_call_on(channel, server, handler):
    news, everything = channel.events("news", "sport"), channel.events(timeout=PATIENCE)
    server.push('5:::{"name":"news","args":[1]}', "3:::m", '5:::{"name":"sport"}')
    handler.next("message")
    assert [next(news) for _ in range(2)] == [("news", [1]), ("sport", [])]
    assert [next(everything) for _ in range(3)] == [("news", [1]), ("message", ["m"]), ("sport", [])]


def test_events_end_with_the_connection(channel, connection, server):
    news = channel.events("news")
    server.push('5:::{"name":"news"}', "0::")
    assert list(news) == [("news", [])]
    assert list(channel.events("news")) == []
    with pytest.raises(ConnectionLost, match=r"the connection to .* ended before 'news' came"):
        channel.wait_for("news")


def test_events_of_a_channel_end_with_it(chat, server):
    server.replies["1::/chat"] = ["1::/chat"]
    chat.open(PATIENCE)
    news = chat.events("news")
    server.push('5::/chat:{"name":"news"}')
    assert next(news) == ("news", [])
    threading.Timer(0.05, chat.disconnect).start()
    assert list(news) == []


def test_events_time_out_each(channel):
    with pytest.raises(WaitTimeout, match=r"'a' or 'b' did not come from the server within 0.01 s"):
        next(channel.events("a", "b", timeout=0.01))


def test_events_that_nobody_holds_are_not_listened_for(channel, server, handler):
    """A channel must not keep for ever what was registered for an iteration that somebody broke off."""
    for begun in (False, True):
        news = channel.events("news")
        if begun:
            server.push('5:::{"name":"news"}')
            assert next(news)
        del news
        gc.collect()
        server.push('5:::{"name":"news","args":[1]}')
        assert handler.next() == ("news", 1)


def test_waiting_in_a_handler_is_refused(channel, server, handler):
    errors = []

    def wait():
        for wrong in (lambda: channel.wait_for("y"), lambda: channel.events("y")):
            with pytest.raises(LocalProtocolError, match="waiting in a handler"):
                wrong()
            errors.append(wrong)

    channel.on("x", wait)
    server.push('5:::{"name":"x"}')
    eventually(lambda: len(errors) == 2)


def test_disconnect_does_not_wait_for_who_has_stopped_asking(channel, connection, server, monkeypatch):
    monkeypatch.setattr("sioclient.threads.watcher.MOST_WAITING", 1)
    monkeypatch.setattr("sioclient.threads.watcher.LOOK", 0.01)
    news, heard = channel.events("news"), []
    channel.on("news", heard.append)
    server.push(*['5:::{"name":"news","args":[1]}'] * 3)
    eventually(lambda: heard == [1])
    before = time.monotonic()
    connection.disconnect()
    assert time.monotonic() - before < 2
    assert list(news) == [("news", [1])]


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
