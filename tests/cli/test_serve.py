"""sioclient serve: the commands and its applications."""

from __future__ import annotations

import io
import json
import sys
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from sioclient import AckTimeout, ChannelError, SocketIO
from sioclient.cli.applications import Printer, application, routes
from sioclient.cli.output import Closed, Output
from sioclient.recordings import Recorded
from sioclient.server import SocketServer
from tests.conftest import Recorder
from tests.waiting import eventually


class Gone:
    """An output that nobody reads."""

    def value(self, value):
        raise Closed


@pytest.fixture
def serving():
    """Serve an application; return its URL and what it printed."""
    servers = []

    def start(what, recorded=(), speed=1.0):
        printed = io.StringIO()
        app = application(what, Output(printed, colours=False), list(recorded), speed)
        server = SocketServer(app, port=0, routes=routes(what)).__enter__()
        servers.append(server)
        return server.url, lambda: [json.loads(line) for line in printed.getvalue().splitlines()]

    yield start
    for server in servers:
        server.__exit__()


def test_echo_sends_everything_back(serving, recorder):
    url, printed = serving("echo")
    with SocketIO(url, handler=recorder) as s:
        s.emit("any", 1, {"a": 2})
        assert recorder.next("any") == ("any", 1, {"a": 2})
        assert s.call("any", 1, 2, timeout=5) == (1, 2)
        s.send("text")
        assert recorder.next("message") == ("message", None, "text")
        s.emit("message", [1])
        assert recorder.next("message") == ("message", None, [1])
        s.emit("message")
        assert recorder.next("message") == ("message", None, None)
        assert s.connect("/x").call("any", 1, timeout=5) == 1
        got = []
        s.send("text", got.append)
        eventually(lambda: got == ["text"])
    lines = [(line["event"], line["args"], line["endpoint"], line["client"]) for line in printed()]
    assert lines == [
        *(("any", [1, {"a": 2}], "", 1), ("any", [1, 2], "", 1), ("message", ["text"], "", 1)),
        *(("message", [[1]], "", 1), ("message", [None], "", 1), ("any", [1], "/x", 1), ("message", ["text"], "", 1)),
    ]


def test_clients_have_numbers(serving):
    url, printed = serving("echo")
    for _ in range(2):
        with SocketIO(url) as s:
            s.connect("/x").disconnect()
            s.call("any", timeout=5)
    assert [line["client"] for line in printed()] == [1, 2]


def test_the_example_knows_what_the_readme_asks(serving, recorder):
    url, _ = serving("example")

    class Named(Recorder):
        def on_what_is_your_name(self):
            return "Ada", "Lovelace"

    handler = Named()
    with SocketIO(url, handler=handler) as s:
        assert handler.next("hello") == ("hello", {"a": 1})
        assert s.call("sum", 1, 2, timeout=5) == 3
        assert s.call("introduce yourself", "to me", timeout=5) == ("Ada", "Lovelace")
        s.send({"a": 1})
        assert handler.next("message") == ("message", None, {"re": {"a": 1}})
        got = []
        s.send("x", lambda *args: got.append(args))
        eventually(lambda: got == [("got", "x")])
        s.emit("echo", 5)
        assert handler.next("echoed") == ("echoed", 5)
        s.emit("do emit", 5, "x")
        assert handler.next("5") == ("5", "x")
        s.emit("do ask for data", "what is your name")
        assert handler.next("answer") == ("answer", ["Ada", "Lovelace"])
        s.emit("subscribe", "weather")
        assert handler.next("news") == ("news", "weather", {"title": "Sun"})
        with pytest.raises(AckTimeout):
            s.call("never answered", timeout=0.05)
        assert s.connect("/chat").call("sum", 1, 2, timeout=5) == 3
        with pytest.raises(ChannelError):
            s.connect("/no such place", timeout=0.1)


def test_the_chat_has_a_page(serving):
    url, printed = serving("chat")
    with urlopen(url) as page:
        assert page.status == 200
    with SocketIO(url) as s:
        assert s.call("nickname", "ada", timeout=5) is False
    assert printed()[0]["event"] == "nickname"
    other, _ = serving("echo")
    with pytest.raises(HTTPError, match="404") as caught:
        urlopen(other)
    caught.value.close()


def test_a_recording_is_played(serving, recorder):
    url, printed = serving("replay", [Recorded("", "hello", [1], 100, False, None)])
    with SocketIO(url, handler=recorder) as s:
        assert recorder.next("hello") == ("hello", 1)
        assert s.call("any", timeout=5) is None
        s.send("text")
        eventually(lambda: [line["event"] for line in printed()] == ["any", "message"])


def test_who_reads_no_more_does_not_end_the_server():
    class Client:
        endpoint = session_id = ""

    printer = Printer(Gone())
    printer.show(Client(), "x", [])
    printer.show(Client(), "x", [])
    printer.forget(Client())


@pytest.fixture
def command(run, monkeypatch):
    """Run the command; return what it did, and the server that it would have served with."""

    def start(*words):
        servers = []

        def serve(server):
            servers.append(server)
            with server:
                pass

        monkeypatch.setattr(SocketServer, "run", serve)
        return run("serve", *words), servers

    return start


@pytest.mark.parametrize(
    ("words", "what"), [([], "example"), (["--echo"], "echo"), (["--chat"], "chat"), (["--example"], "example")]
)
def test_the_command_serves_until_the_end(command, words, what):
    outcome, (server,) = command("--port", 0, *words)
    assert (outcome.status, outcome.out) == (0, "")
    assert outcome.err == f"sioclient: serving {what} at http://localhost:{server.port} (Ctrl-C ends it)\n"


@pytest.mark.parametrize(
    ("words", "revisions"), [([], (1, 4, 5)), (["--revisions", "1"], (1,)), (["--revisions=5,4"], (5, 4))]
)
def test_the_command_serves_every_generation_or_those_named(command, words, revisions):
    outcome, (server,) = command("--port", 0, *words)
    assert outcome.status == 0
    assert server.router.settings.revisions == revisions


def test_the_command_serves_a_recording(command, tmp_path):
    (tmp_path / "x").write_text('{"event": "a"}\n')
    assert "serving replay" in command("--port", 0, "--replay", tmp_path / "x")[0].err


def test_bytes_of_a_recording_are_nothing_for_revision_1(command, tmp_path):
    (tmp_path / "x").write_text('{"event": "a", "args": [{"b": [{"$base64": ""}]}]}\n')
    words = ("--port", 0, "--replay", tmp_path / "x")
    outcome, _ = command(*words, "--revisions", "1")
    assert outcome.status == 2
    assert "'a' has bytes in its arguments, which revision 1 cannot carry" in outcome.err
    assert command(*words)[0].status == 0
    (tmp_path / "x").write_text(
        '{"event": "a", "args": [5]}\n{"event": "b", "args": [{"$base64": ""}], "sent": true}\n'
    )
    assert command(*words, "--revisions", "1")[0].status == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--echo", "--chat"], "--echo and --chat are two servers: choose one"),
        (["--port", "99999"], "cannot listen on 127.0.0.1, port 99999"),
        (["--host", "203.0.113.1", "--port", "0"], "cannot listen on 203.0.113.1"),
        (["--replay", "nosuch"], "nosuch cannot be read"),
        (["--revisions", "1,3"], "--revisions: must be out of 1, 4 and 5, such as 1,5, not '1,3'"),
        (["8000"], "'8000' is one word too many: sioclient serve"),
    ],
)
def test_what_cannot_be_served_is_a_usage_error(command, words, message):
    outcome, _ = command(*words)
    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    assert message in outcome.err


def test_without_tornado_it_says_what_to_install(command, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("sioclient.server", "tornado"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "sioclient.cli.applications", raising=False)
    monkeypatch.setitem(sys.modules, "tornado", None)
    outcome, _ = command()
    assert outcome.status == 2
    assert outcome.err.startswith("sioclient: a server needs tornado")
    assert outcome.err.endswith("pip install 'sioclient[server]'\n")
