"""Every command against real servers of every generation."""

from __future__ import annotations

import json

import pytest

from sioclient.cli.applications import application
from sioclient.cli.recording import read_recording
from sioclient.server import SocketServer
from tests.cli.conftest import plain_environment, run, type_in
from tests.cli.test_serve import Gone
from tests.conftest import start
from tests.servers import SERVERS

__all__ = ["plain_environment", "run", "type_in"]

NAMES = {
    "0.7.11": ("socket.io 0.7 or 0.8", 1),
    "0.9.19": ("socket.io 0.9", 1),
    "2.5.1": ("socket.io 2.x", 4),
    "4.8.1": ("socket.io 4.5 or later", 5),
    "python-socketio": ("python-socketio 5", 5),
}
"""What detect says of each server, and its revision."""

HELLO = ("hello", [{"a": 1}])
NEWS = ("news", ["weather", {"title": "Sun"}])


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def url(name):
    with start(SERVERS[name]) as server:
        yield f"127.0.0.1:{server.port}"


def test_detect(run, url, name):
    family, revision = NAMES[name]
    assert run("detect", url).out.startswith(f"{family}: revision {revision}")
    (info,) = run("detect", url, "--json").values
    assert (info["family"], info["revision"]) == NAMES[name]


def test_call_and_emit(run, url, name):
    assert run("call", url, "sum", 1, 2) == (0, "3\n", "")
    assert run("call", url, "echo", "é", '{"a": [null]}', "--text", 5).values == [["é", {"a": [None]}, "5"]]
    assert run("call", url, "sum", 1, 2, "-n", "/chat", "-t", "polling").out == "3\n"
    assert run("emit", url, "echo", "@-", "--wait-ack", stdin="1\n2\n3\n") == (0, "", "")
    assert run("emit", "--send", url, "hello").status == 0
    assert run("call", url, "never answered", "--timeout", 0.8).status == 4
    assert run("call", url, "echo", "-b", "\x89").status == (2 if NAMES[name][1] == 1 else 0)


def test_listen(run, url):
    outcome = run("listen", url, "--count", 2, "--emit", "subscribe weather")
    assert (outcome.status, outcome.events) == (0, [HELLO, NEWS])
    outcome = run("listen", url, "-n", "/chat", "--count", 2, "--emit", "subscribe weather")
    assert [value["endpoint"] for value in outcome.values] == ["/chat"] * 2
    outcome = run("listen", url, "--emit", "sum 1 2", "--until-ack")
    assert outcome.values[-1]["ack"] == [3]
    outcome = run("listen", url, "--emit", "'do kick'")
    assert (outcome.status, outcome.events) == (3, [HELLO])
    outcome = run("listen", url, "--emit", "'do kick'", "--emit", "'do cut'", "--event", "nosuch")
    assert (outcome.status, outcome.out) == (3, "")


def test_connect(run, url):
    outcome = run("connect", url, "--for", 0.2, stdin="/ack sum 1 2\nsubscribe weather\n/send hi\n")
    assert outcome.status == 0
    assert NEWS in outcome.events
    assert ("message", ["re:hi"]) in outcome.events


def test_a_session_is_recorded_replayed_and_served(run, url, tmp_path):
    path = tmp_path / "session.jsonl"
    run("connect", url, "--record", path, "--for", 0.2, stdin="/ack sum 1 2\nsubscribe weather\n")
    again = run("replay", url, path, "--speed", 0, "--for", 0.2)
    assert again.status == 0
    assert {name for name, _ in again.events} == {"hello", "news"}
    assert [value["ack"] for value in again.values if "ack" in value] == [[3]]
    app = application("replay", Gone(), read_recording(str(path)), 0)
    with SocketServer(app, port=0) as server:
        outcome = run("connect", server.url, "--for", 0.2, stdin="/ack sum 5 6\nsubscribe weather\n")
    assert [value["ack"] for value in outcome.values if "ack" in value] == [[3]]
    assert outcome.events == [HELLO, NEWS]
    assert run("record", url, tmp_path / "x", "--count", 1).status == 0
    assert json.loads((tmp_path / "x").read_text())["event"] == "hello"


def test_bench(run, url):
    (figures,) = run("bench", url, "sum", 1, 2, "-c", 2, "-d", 0.2, "--at-once", 4).values
    assert figures["events_per_second"] > 0


def test_what_a_peer_sends_is_harmless(run, url):
    nasty = r'"\u001b[31m\u0007\u009b\u202e\u007f"'
    outcome = run("listen", url, "--count", 2, "--emit", f"'do emit' {nasty} {nasty}", "-vv")
    assert outcome.status == 0
    assert (outcome.out + outcome.err).replace("\n", "").isprintable()
    value = json.loads(nasty)
    assert outcome.events[-1] == (value, [value])


def test_refusals_are_status_5(run):
    for words in (["legacy.js"], ["modern.js"]):
        with start(*words, authorize=True) as server:
            outcome = run("call", f"127.0.0.1:{server.port}", "sum", 1, 2, "-q", "token=bad")
            assert (outcome.status, outcome.out, outcome.err.count("\n")) == (5, "", 1)
            assert run("call", f"127.0.0.1:{server.port}", "sum", 1, 2, "-q", "token=x").out == "3\n"


def test_auth_is_for_the_application(run, monkeypatch):
    with start("modern.js", guard=True) as server:
        url = f"127.0.0.1:{server.port}"
        outcome = run("call", url, "sum", 1, 2)
        assert outcome.status == 5
        assert outcome.err.endswith('not authorized {"why": "token"}\n')
        found = run(
            "call", url, "handshake", "--auth", '{"token": "good"}', "-n", "/chat", "-u", "ada:x", "-H", "X-Y: z"
        )
        assert found.values[0]["auth"] == {"token": "good"}
        assert found.values[0]["headers"]["authorization"] == "Basic YWRhOng="
        assert found.values[0]["headers"]["x-y"] == "z"
        monkeypatch.setenv("SIOCLIENT_AUTH", '{"token": "good"}')
        assert run("call", url, "sum", 1, 2).out == "3\n"


def test_msgpack(run):
    with start("modern.js", parser="msgpack") as server:
        url = f"127.0.0.1:{server.port}"
        assert run("call", url, "sum", 1, 2, "--parser", "msgpack").out == "3\n"
        outcome = run("call", url, "sum", 1, 2)
        assert outcome.status == 3
        assert "--parser msgpack" in outcome.err


def test_tls(run, secure):
    port, authority = secure
    url = f"https://localhost:{port}"
    assert run("call", url, "sum", 1, 2, "--cacert", authority).out == "3\n"
    assert run("call", url, "sum", 1, 2, "-k").out == "3\n"
    outcome = run("call", url, "sum", 1, 2)
    assert outcome.status == 3
    assert "See --cacert and -k" in outcome.err
    outcome = run("call", url.replace("https", "http"), "sum", 1, 2)
    assert (outcome.status, outcome.err.count("\n")) == (3, 1)
    assert "https://localhost" in outcome.err
