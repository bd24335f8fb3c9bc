"""Errors are lines that say what to do at a shell; every kind has its exit status."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sioclient
from sioclient import (
    AckTimeout,
    BufferFull,
    ChannelError,
    ConnectError,
    ConnectionLost,
    HandshakeRejected,
    LocalProtocolError,
    WaitTimeout,
    WrongRevision,
)
from sioclient.cli.failures import Missing, UsageError, explained, in_words_of_a_shell, sending
from sioclient.errors import advice


@pytest.mark.parametrize(
    ("error", "status"),
    [
        *((UsageError("x"), 2), (Missing("x"), 2), (LocalProtocolError("x"), 2), (ConnectError("x"), 3)),
        *((WrongRevision("x"), 3), (ConnectionLost("x"), 3), (BufferFull("x"), 3), (AckTimeout("x"), 4)),
        *((WaitTimeout("x"), 4), (HandshakeRejected("x", status=401), 5), (ChannelError("x"), 5)),
        *((OSError("x"), 1), (RuntimeError("x"), 1)),
    ],
)
def test_each_kind_of_error_has_its_status(error, status):
    found, text = explained(error)
    assert found == status
    assert "x" in text


def test_a_namespace_of_which_the_server_says_nothing_is_no_refusal():
    error = ChannelError("x")
    error.timed_out = True
    assert explained(error)[0] == 4


def test_an_error_is_one_line_with_what_the_server_said():
    error = ConnectError("refused:\n  not  today")
    error.data = {"why": "token"}
    assert explained(error) == (3, 'refused: not today {"why": "token"}')
    error.args = ('refused {"why": "token"}',)
    assert explained(error) == (3, 'refused {"why": "token"}')
    assert explained(ConnectError("")) == (3, "ConnectError")


def test_a_fault_of_ours_asks_for_a_report():
    assert explained(RuntimeError("oh"))[1].startswith("a fault of sioclient, please report it (RuntimeError: oh)")
    assert "report" not in explained(OSError("the disk is full"))[1]


def test_a_missing_acknowledgement_says_how_to_wait_longer():
    assert explained(AckTimeout("none within 1 s"))[1].endswith("See --timeout")


@pytest.mark.parametrize(
    ("python", "shell"),
    [
        (advice(401, ""), "it wants other credentials: see -u, --auth, -H, --cookie and -q"),
        (
            advice(403, ""),
            "it does not accept these credentials or this origin: see --auth, -u, -q and -H 'Origin: ...'",
        ),
        (advice(404, ""), "there is no Socket.IO at this path: see --path"),
        (advice(407, ""), "this is the proxy, which wants credentials: see -x"),
        (advice(400, "SSL-enabled server port"), "this port is for https: begin the URL with https://"),
        ('leave it out of the URL and call connect("/chat")', "leave it out of the URL and give -n /chat"),
        ("the server speaks msgpack: give parser='msgpack'", "the server speaks msgpack: give --parser msgpack"),
        ("try https://x:1 (secure=True)", "try https://x:1"),
        ("not accepted. See verify=", "not accepted. See --cacert and -k"),
    ],
)
def test_errors_name_options_as_they_are_typed(python, shell):
    assert in_words_of_a_shell(python) == shell


MEANT_OTHERWISE = {"connect_timeout", "buffer_size", "max_message_size", "query", "secure", "verify", "cert", "timeout"}
MEANT_OTHERWISE |= {"session", "reconnect", "callback", "errback", "msgid", "json"}
"""Options that no command has, or that stand in errors which no command causes."""


def test_no_error_about_a_connection_names_an_option_of_python():
    folder = Path(sioclient.__file__).parent
    sources = [path for path in folder.rglob("*.py") if not {"cli", "server", "aio"} & set(path.parts)]
    texts = [text for path in sources for text in re.findall(r'"([^"\n]*)"', path.read_text(encoding="utf-8"))]
    hints = [text for text in texts if " " in text and re.search(r"(?:see|See|give|leave|use) (\w+)=", text)]
    assert len(hints) > 10
    left = {name for text in hints for name in re.findall(r"\b([a-z_]+)=", in_words_of_a_shell(text))}
    assert left <= MEANT_OTHERWISE | {"auth"}


def test_what_a_generation_cannot_be_told_is_a_usage_error():
    with pytest.raises(UsageError, match="not JSON serializable"), sending():
        raise TypeError("Object of type set is not JSON serializable")
    with pytest.raises(UsageError, match="no text"), sending():
        raise ValueError("no text")
    with pytest.raises(LocalProtocolError), sending():
        raise LocalProtocolError("x")
    with sending():
        pass
