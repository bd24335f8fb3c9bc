"""sioclient connect without a terminal: lines come from a pipe, what comes is printed as by listen."""

from __future__ import annotations

import json
import os
import sys

import pytest

from sioclient.cli.inbox import Inbox
from sioclient.cli.main import main
from sioclient.cli.stdin import read_stdin
from sioclient.server import SocketConnection, SocketServer
from tests.waiting import eventually


def test_lines_are_sent_and_what_comes_is_printed(run, url):
    lines = '/ack sum 1 2\nsubscribe weather\n\n/join /chat\n/ack echo {"a": 1}\n/send hi'
    outcome = run("connect", url, "--for", 0.3, stdin=lines)
    assert (outcome.status, outcome.err) == (0, "")
    assert ("news", ["weather", {"title": "Sun"}]) in outcome.events
    assert ("message", ["re:hi"]) in outcome.events
    acks = {value["id"]: (value["endpoint"], value["ack"]) for value in outcome.values if "ack" in value}
    assert acks == {1: ("", [3]), 3: ("/chat", [{"a": 1}])}


def test_it_ends_with_quit(run, url):
    assert run("connect", url, "--for", 0.1, stdin="/quit\n").status == 0


@pytest.mark.parametrize(
    ("lines", "status", "message"),
    [
        ("/nosuch", 2, "there is no /nosuch: /help says what there is"),
        ("/raw", 2, "-vv shows packets, on stderr"),
        ("/send a b", 2, "/send takes one ARG"),
        ("/leave", 2, "which is left with the connection: /quit"),
        ("/leave /x", 2, "/x was not joined"),
        ("/ack 'never answered'", 4, "no acknowledgement of 'never answered'"),
        ("/join /nosuch", 5, "refused '/nosuch'"),
        ("/help", 0, "EVENT ARG...  "),
    ],
)
def test_what_goes_wrong_has_its_status(run, url, lines, status, message):
    outcome = run("connect", url, "--for", 0.05, "--timeout", 0.8, stdin=lines)
    assert outcome.status == status
    assert message in outcome.err


def test_namespaces_are_joined_and_left(run, url):
    lines = ["/join chat", "/leave", "/ack echo 1", "/join /chat", "/ack echo 2", "/join", "/ack echo 3", "/join chat"]
    outcome = run("connect", url, "--for", 0.05, stdin="\n".join([*lines, "/ack echo 4"]))
    assert outcome.status == 0, outcome.err
    acks = sorted((value["ack"], value["endpoint"]) for value in outcome.values if "ack" in value)
    assert acks == [([1], ""), ([2], "/chat"), ([3], ""), ([4], "/chat")]
    assert run("connect", url, "--for", 0.05, stdin="/join /chat\n/join /\n/leave chat\n/ack echo").status == 0


def test_a_session_is_recorded_with_both_sides(run, url, tmp_path):
    path = tmp_path / "session.jsonl"
    run("connect", url, "--record", path, "--for", 0.2, stdin="/ack sum 1 2\n/send hi\n")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    told = [
        (line.get("event"), line.get("args", line.get("ack")), line.get("sent", False), line.get("id"))
        for line in lines
    ]
    assert ("sum", [1, 2], True, 1) in told
    assert (None, [3], False, 1) in told
    assert ("message", ["hi"], True, None) in told
    assert ("message", ["re:hi"], False, None) in told


def test_the_end_of_the_connection_ends_it(run):
    class Leaving(SocketConnection):
        def on_event(self, name, *args, **kwargs):
            self.close()

    with SocketServer(Leaving, port=0, revisions=(1,)) as server:
        assert run("connect", server.url, "--for", 20, stdin="bye\n").status == 3


def test_who_reads_no_more_ends_it(url, monkeypatch, type_in):
    type_in("")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(["connect", url, "--for", "20"]) == 0


def test_the_standard_input_is_read_beside(monkeypatch):
    reading, writing = os.pipe()
    with os.fdopen(reading) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        box = Inbox()
        read_stdin(box)
        os.write(writing, b"one\r\ntw")
        assert eventually(box.take).line == "one"
        os.write(writing, b"o\n\xffthree")
        assert eventually(box.take).line == "two"
        os.close(writing)
        assert eventually(box.take).line == "\ufffdthree"
        assert eventually(box.take).line is None


def test_a_standard_input_that_cannot_be_read_is_an_error(monkeypatch):
    class Broken:
        def fileno(self):
            return 10**6

    monkeypatch.setattr(sys, "stdin", Broken())
    box = Inbox()
    read_stdin(box)
    with pytest.raises(OSError, match="descriptor"):
        eventually(box.take)
