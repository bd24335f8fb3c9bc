"""Clients that we did not write, on our server: socket.io-client 0.7 to 0.9 from npm, socketIO-client from PyPI."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import start
from tests.servers import SERVERS
from tests.servers.node import STAMP, find_node, find_old_node
from tests.servers.process import ServerUnavailable
from tests.waiting import PATIENCE

FOLDER = Path(__file__).resolve().parent.parent / "servers"
OF_ENDPOINTS = {"chat connect", "chat hello", "chat disconnect", "on chat", "refused"}


def run(program, *command, asgi=False, **settings):
    """Run a client until it ends, and return what it said."""
    with start(SERVERS["embedded"], authorize=True, asgi=asgi) as server:
        arguments = [*command, str(FOLDER / program), json.dumps({"port": server.port, **settings})]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=3 * PATIENCE, check=False)
    errors = [line for line in done.stderr.splitlines() if line and "is deprecated" not in line]
    assert (done.returncode, errors) == (0, [])
    return [json.loads(line) for line in done.stdout.split("\n") if line]


@pytest.mark.timeout(90)
@pytest.mark.parametrize("asgi", [False, True], ids=["tornado", "uvicorn"])
@pytest.mark.parametrize("transport", ["websocket", "xhr-polling", "jsonp-polling"])
def test_the_javascript_client(transport, asgi):
    node = find_node()
    if node is None or not (STAMP.parent / "socket.io-client-0.9").exists():
        pytest.skip("socket.io-client 0.9.17 is not installed: run python -m tests.servers")
    said = run("old_client.js", str(node.program), transport=transport, asgi=asgi)
    hello = ["hello", {"a": 1}]
    assert [line for line in said if line[0] not in OF_ENDPOINTS | {"n"}] == [
        ["connect", transport],
        hello,
        ["echoed", 1, "ünï : + \u2028 \ufffd \U0001f600", {"a": [None, True]}],
        ["message", "re:text: ünï \U0001f600"],
        ["message", {"re": {"a": ["ü", 1.5]}}],
        ["sum", 5],
        ["acknowledged"],
        ["message", "re:asking"],
        ["answer", ["y", "x", "ü\u2028\ufffd\U0001f600"]],
        ["bad token", "handshake unauthorized"],
        ["disconnect", None],  # the connection was cut, and came back with what was emitted meanwhile
        ["reconnect"],
        ["connect", transport],
        hello,
        ["echoed", "buffered"],
        ["sum", 9],
        ["disconnect", "booted"],
        ["end", 0],
    ]
    assert [line[1] for line in said if line[0] == "n"] == list(range(200))
    on_chat = [["chat connect"], ["chat hello", {"a": 1}], ["on chat"]]
    assert [line for line in said if line[0] in OF_ENDPOINTS - {"refused"}] == [
        *on_chat,
        ["chat disconnect", None],
        *on_chat,
        ["chat disconnect", "booted"],
    ]
    assert [line for line in said if line[0] == "refused"] == [["refused", "unauthorized"]] * 2


@pytest.mark.timeout(90)
@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
@pytest.mark.parametrize("version", ["0.7.11", "0.8.7"])
def test_javascript_clients_before_0_9(version, transport):
    """Their websocket on Node is that of a draft before RFC 6455: the server refuses it, and they poll."""
    try:
        node = find_old_node()
    except ServerUnavailable as problem:
        pytest.skip(str(problem))
    assert run("older_client.js", str(node), version=version, transport=transport) == [
        ["connect", "xhr-polling"],
        ["hello", {"a": 1}],
        ["echoed", 1, "ünï : +", {"a": [None, True]}],
        ["message", "re:text: ünï"],
        ["message", {"re": {"a": ["ü", 1.5]}}],
        ["sum", 5],
        ["answer", ["y", "x", "ü"]],
        ["n"],
        ["chat hello", {"a": 1}],
        ["on chat"],
        ["bad token", "handshake unauthorized"],
        ["disconnect", "booted"],
    ]


CLASSES = {
    "websocket": "_WebsocketTransport",
    "xhr-polling": "_XHR_PollingTransport",
    "jsonp-polling": "_JSONP_PollingTransport",
}


@pytest.mark.timeout(90)
@pytest.mark.parametrize("transport", CLASSES)
def test_the_python_client(transport):
    # It splits payloads at U+FFFD, and decodes those of jsonp-polling twice: such text is not for it.
    text = "plain : + text" if transport == "jsonp-polling" else "ünï : + \u2028"
    said = run("old_client.py", sys.executable, "-W", "ignore", transport=transport, text=text)
    rest = ["echo", "so that the rest has come"]
    assert [line for line in said if line != rest] == [
        ["connect", CLASSES[transport]],
        ["", "hello", {"a": 1}],
        ["sum", 5],
        ["", "echoed", text, [1, None]],
        ["echo", text, {"a": 1}],
        ["message", f"re:{text}"],
        ["message", {"re": {"a": text}}],
        ["answer", ["y", "x"]],
        ["/chat", "hello", {"a": 1}],
        ["sum", 9],
        ["/chat", "echoed", "on chat"],
        ["end"],
    ]
