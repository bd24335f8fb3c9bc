"""sioclient detect."""

from __future__ import annotations

import pytest

from sioclient import ServerInfo
from sioclient.cli.detect import described


def test_a_server_is_described_in_a_line(run, url, old_url):
    family = "socket.io 4.5 or later: revision 5, Engine.IO 4"
    times = "a heartbeat each 25 s, within 85 s"
    assert run("detect", url).out == f"{family}; transports xhr-polling, websocket; {times}\n"
    outcome = run("detect", old_url)
    assert (outcome.status, outcome.err) == (0, "")
    transports = "websocket, htmlfile, xhr-polling, jsonp-polling"
    assert outcome.out == f"socket.io 0.7 to 0.9: revision 1; transports {transports}; a heartbeat within 60 s\n"


def test_all_of_it_is_had_as_json(run, url):
    (info,) = run("detect", url, "--json").values
    assert info["revision"] == 5
    assert info["transports"] == ["xhr-polling", "websocket"]


def test_what_is_no_server_is_said(run):
    outcome = run("detect", "127.0.0.1:1")
    assert (outcome.status, outcome.out) == (3, "")
    assert outcome.err.startswith("sioclient: http://127.0.0.1:1 refused the connection")
    assert outcome.err.count("\n") == 1


def test_what_cannot_be_asked_is_a_usage_error(run):
    assert run("detect", "ftp://x").status == 2


@pytest.mark.parametrize(
    ("info", "text"),
    [
        (
            ServerInfo(5, 4, (), 25, 45, "x"),
            "x: revision 5, Engine.IO 4; no transport; a heartbeat each 25 s, within 45 s",
        ),
        (ServerInfo(1, None, ("a",), None, None, "x"), "x: revision 1; transports a; no heartbeats"),
    ],
)
def test_what_a_server_may_leave_out(info, text):
    assert described(info) == text
