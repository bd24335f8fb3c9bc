"""A session: the connection of a command, its namespaces, and what it hears."""

from __future__ import annotations

import queue

import pytest

from sioclient import ConnectError, ConnectionLost
from sioclient.cli.failures import UsageError
from sioclient.cli.options import add_connection_options
from sioclient.cli.parser import Parser
from sioclient.cli.session import Session, connected, namespaces, target
from sioclient.cli.stderr import Notes
from sioclient.server import SocketConnection, SocketServer, event
from tests.waiting import eventually, taken

TOLD = "sioclient: the server reports an error: internal error\n"


class Root(SocketConnection):
    """Says hello and does what a test wants."""

    def get_endpoint(self, path):
        return {"/chat": Root, "/refused": Refusing}.get(path)

    def on_open(self, request):
        self.emit("hello", self.endpoint)
        self.send("hi")

    @event
    def headers(self):
        return dict(self.request.headers)

    @event
    def report(self):
        raise ValueError

    @event
    def leave(self):
        self.close()


class Refusing(SocketConnection):
    def on_open(self, request):
        return False


@pytest.fixture(scope="module")
def port():
    with SocketServer(Root, port=0, revisions=(1,)) as server:
        yield server.port


@pytest.fixture
def options():
    def typed(*words):
        parser = Parser("try", "", "", "", "")
        add_connection_options(parser, several_namespaces=True)
        found = parser.parse(list(words))
        found.notes = Notes()
        return found

    return typed


@pytest.fixture
def heard():
    return queue.SimpleQueue()


def hears(heard):
    return lambda *event: heard.put(event)


def test_the_default_namespace_is_heard_from_the_first_packet_on(port, options, heard):
    with connected(f":{port}", options(), hears(heard)) as (session, (channel,)):
        assert channel is session.socket
        assert taken(heard) == ("", "hello", [""])
        assert taken(heard) == ("", "message", ["hi"])
        session.check()
    assert not session.socket.connected


def test_namespaces_are_heard_alone(port, options, heard):
    with connected(f":{port}", options("-n", "chat?a=b"), hears(heard)) as (session, (channel,)):
        assert channel.endpoint == "/chat"
        assert taken(heard) == ("/chat", "hello", ["/chat"])
        assert taken(heard) == ("/chat", "message", ["hi"])
        assert list(session.channels) == ["", "/chat"]
        session.check()
    assert heard.empty()


def test_several_namespaces_and_the_default_one(port, options, heard):
    with connected(f":{port}", options("-n", "/", "-n", "/chat"), hears(heard)) as (_, channels):
        assert [channel.endpoint for channel in channels] == ["", "/chat"]
        assert {taken(heard)[0] for _ in range(4)} == {"", "/chat"}
    assert namespaces(None) == [""]
    assert namespaces("chat") == ["/chat"]


def test_whoever_joins_is_greeted(port, options):
    greeted = queue.SimpleQueue()
    with connected(f":{port}", options("-n", "/", "-n", "/chat"), greet=greeted.put):
        assert [taken(greeted).endpoint for _ in range(2)] == ["", "/chat"]


def test_nobody_need_hear(port, options):
    with target(f":{port}", options("-n", "/chat")) as channel:
        assert channel.call("headers", timeout=5)


def test_credentials_for_http_stand_beside_those_for_the_application(port, options):
    with connected(f":{port}", options("-u", "ada:é")) as (_, (channel,)):
        assert channel.call("headers", timeout=5)["Authorization"] == "Basic YWRhOuk="
    with pytest.raises(ConnectError, match=r"came with socket\.io 3"):
        Session(f":{port}", options("-u", "ada:é", "--auth", "{}")).open()
    with pytest.raises(ConnectError, match=r"came with socket\.io 3"):
        Session(f":{port}", options("--auth", "{}")).open()


def test_what_the_options_cannot_be_is_a_usage_error(options):
    with pytest.raises(UsageError, match="there is no transport called 'x'"):
        Session("localhost", options("-t", "x"))
    with pytest.raises(UsageError, match="no host in the address"):
        Session("http://", options())


def test_the_end_by_the_server_is_told(port, options):
    with connected(f":{port}", options("-n", "/chat")) as (session, (channel,)):
        channel.emit("leave")
        eventually(lambda: not channel.is_wanted)
        with pytest.raises(ConnectionLost, match="the server ended /chat"):
            session.check()
        session.socket.emit("leave")
        eventually(lambda: session.socket.ended)
        with pytest.raises(ConnectionLost, match="the server ended the connection"):
            session.check()


def test_the_reason_why_it_did_not_come_back_is_told(options):
    with SocketServer(Root, port=0, revisions=(1,)) as server:
        session = Session(server.url, options())
        session.open()
    eventually(lambda: session.socket.ended)
    with pytest.raises(ConnectError, match="gave up after 1 attempt to"):
        session.check()
    session.socket.disconnect()


def test_errors_of_the_server_are_told_to_a_person(port, options, capsys):
    with connected(f":{port}", options("-n", "/", "-n", "/chat")) as (_, channels):
        for number, channel in enumerate(channels, 1):
            channel.emit("report")
            eventually(lambda: TOLD in capsys.readouterr().err, f"error {number}")
