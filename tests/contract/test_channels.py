"""Endpoints against a real socket.io 0.9.19 server."""

from __future__ import annotations

import pytest

from sioclient import ChannelError, LocalProtocolError, NotConnected
from tests.conftest import Recorder
from tests.waiting import eventually


@pytest.fixture(params=["websocket", "xhr-polling"])
def transport(request):
    return request.param


def test_a_channel_has_the_same_verbs(connect, legacy, recorder):
    socket = connect(legacy)
    channel = socket.connect("/chat", recorder)
    assert recorder.next() == ("connect",)
    assert recorder.socket is channel
    assert recorder.next() == ("hello", {"a": 1})
    assert channel.call("echo", 1) == 1
    channel.emit("echo", "x")
    assert recorder.next() == ("echoed", "x")
    channel.send("m")
    assert recorder.next() == ("message", None, "re:m")
    channel.emit("echo", 2, callback=lambda value: recorder.told.put(("callback", value)))
    assert recorder.next() == ("callback", 2)
    assert channel.connected
    assert socket.channels == {"/chat": channel}


def test_channels_and_the_socket_do_not_hear_each_other(connect, legacy, recorder):
    other = Recorder()
    socket = connect(legacy, recorder)
    channel = socket.connect("/chat", other)
    socket.emit("do emit", "x", "socket")
    channel.emit("do emit", "x", "channel")
    assert recorder.next("x") == ("x", "socket")
    assert other.next("x") == ("x", "channel")
    assert socket.call("echo", 1) == channel.call("echo", 1)
    assert recorder.told.empty()
    assert other.told.empty()


def test_an_ack_on_a_channel(connect, legacy):
    class Obliging(Recorder):
        def on_please(self, *args):
            return "A", "B"

    handler = Obliging()
    connect(legacy).connect("/chat", handler).emit("do ask", "please")
    assert handler.next("answer") == ("answer", ["A", "B"])


def test_a_name_with_spaces_and_accents_and_a_query(connect, legacy):
    channel = connect(legacy).connect("/a space+é", query={"a": "b c", "d": ["1", "2"]})
    assert channel.call("echo", 1) == 1


@pytest.mark.parametrize("endpoint", ["/refused", "/broken"])
def test_a_refused_endpoint(connect, legacy, endpoint):
    socket = connect(legacy)
    with pytest.raises(ChannelError, match="refused"):
        socket.connect(endpoint)
    assert socket.channels == {}
    assert socket.call("echo", 1) == 1


def test_an_endpoint_that_the_server_does_not_have(connect, legacy):
    socket = connect(legacy)
    with pytest.raises(ChannelError, match="does the server have"):
        socket.connect("/nosuch", timeout=0.2)
    assert socket.channels == {}


def test_one_connection_per_endpoint(connect, legacy):
    socket = connect(legacy)
    channel = socket.connect("/chat")
    with pytest.raises(ChannelError, match="already"):
        socket.connect("/chat")
    assert channel.call("echo", 1) == 1


def test_a_channel_can_be_connected_again(connect, legacy, recorder):
    socket = connect(legacy)
    first = socket.connect("/chat", recorder)
    first.disconnect()
    first.disconnect()
    recorder.next("disconnect")
    with pytest.raises(ChannelError, match="connect it again"):
        first.emit("echo", 1)
    with pytest.raises(ChannelError, match="connect it again"):
        first.call("echo", 1)
    second = socket.connect("/chat")
    assert second is first
    assert second.call("echo", 1) == 1
    assert socket.channels == {"/chat": second}


def test_leaving_a_channel_fails_its_pending_acknowledgements(connect, legacy, recorder):
    channel = connect(legacy).connect("/chat")
    channel.emit("do nothing", callback=print, errback=lambda error: recorder.told.put((error,)))
    channel.disconnect()
    assert "disconnected" in str(recorder.next()[0])


def test_a_kick_from_a_channel_leaves_the_rest(connect, legacy, recorder):
    main = Recorder()
    socket = connect(legacy, main)
    channel = socket.connect("/chat", recorder)
    channel.emit("do kick")
    recorder.next("disconnect")
    assert not channel.connected
    with pytest.raises(ChannelError):
        channel.emit("echo", 1)
    assert socket.call("echo", 1) == 1


def test_connecting_in_a_handler(connect, legacy):
    chat = Recorder()

    class Joining(Recorder):
        def on_start(self):
            self.channel = self.socket.connect("/chat", chat)
            self.told.put(("joined", self.channel.call("echo", 5)))

    handler = Joining()
    connect(legacy, handler).emit("do emit", "start")
    assert handler.next("joined") == ("joined", 5)
    assert chat.next() == ("connect",)
    assert chat.next() == ("hello", {"a": 1})


def test_a_refusal_in_a_handler(connect, legacy):
    class Joining(Recorder):
        def on_start(self):
            self.socket.connect("/refused")

    handler = Joining()
    connect(legacy, handler).emit("do emit", "start")
    assert isinstance(handler.next("exception")[2], ChannelError)


def test_names_that_cannot_be(connect, legacy):
    socket = connect(legacy)
    for name in ("", "/a:b", "/a\nb", "/a?b=c", "/\ud83d"):
        with pytest.raises(LocalProtocolError):
            socket.connect(name)
    with pytest.raises(TypeError):
        socket.connect(5)
    with pytest.raises(TypeError, match="object, not its class"):
        socket.connect("/chat", Recorder)
    with pytest.raises(TypeError, match="subclass of Handler"):
        socket.connect("/chat", object())
    with pytest.raises(LocalProtocolError, match="control"):
        socket.connect("/chat", query="a=\n")
    assert socket.connect("/chat").call("echo", 1) == 1


def test_after_the_end_there_are_no_channels(connect, legacy, recorder):
    socket = connect(legacy)
    channel = socket.connect("/chat", recorder)
    socket.disconnect()
    eventually(lambda: not channel.connected)
    assert recorder.next("disconnect") == ("disconnect",)
    with pytest.raises((ChannelError, NotConnected)):
        channel.emit("x")
    with pytest.raises(NotConnected):
        socket.connect("/other")
