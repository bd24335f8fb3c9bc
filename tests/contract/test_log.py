"""The log against real servers: every packet at DEBUG with secrets masked, the life of a connection at INFO."""

from __future__ import annotations

import logging

import pytest

from tests.conftest import start
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("no_thread_left")

SECRET = "s3cret"


@pytest.fixture(scope="module")
def modern():
    with start("modern.js", guard=False) as server:
        yield server.port


@pytest.fixture(params=["websocket", "xhr-polling"])
def transport(request):
    return request.param


@pytest.mark.fronts
def test_packets_of_revision_5_are_shown_at_debug(connect, modern, transport, caplog):
    caplog.set_level(logging.DEBUG, "sioclient")
    s = connect(modern, auth={"token": SECRET}, params={"token": SECRET}, headers={"Authorization": SECRET})
    session_id, socket_id = s.session_id, s.id
    assert s.call("sum", 1, 2) == 3
    s.emit("echo", "a\x1b[31m\nb")
    eventually(lambda: any('< 42["echoed",' in text for text in caplog.messages))
    s.disconnect()
    assert "> 40***" in caplog.messages
    assert "< 40***" in caplog.messages
    assert '> 421["sum",1,2]' in caplog.messages
    assert "< 431[3]" in caplog.messages
    assert r'> 42["echo","a\u001b[31m\nb"]' in caplog.messages
    for secret in (SECRET, session_id, socket_id):
        assert secret not in caplog.text


@pytest.mark.fronts
def test_packets_of_revision_1_are_shown_at_debug(connect, legacy, transport, caplog):
    caplog.set_level(logging.DEBUG, "sioclient")
    s = connect(legacy)
    session_id = s.session_id
    s.connect("/chat", query={"token": SECRET}).disconnect()
    assert s.call("sum", 1, 2) == 3
    s.disconnect()
    assert "> 1::/chat:?***" in caplog.messages
    assert '> 5:1+::{"name":"sum","args":[1,2]}' in caplog.messages
    assert "< 6:::1+[3]" in caplog.messages
    for secret in (SECRET, session_id):
        assert secret not in caplog.text


@pytest.mark.parametrize("generation", ["legacy", "modern"])
@pytest.mark.fronts
def test_life_of_a_connection_is_told_at_info(generation, connect, request, transport, caplog):
    caplog.set_level(logging.INFO, "sioclient")
    port, revision = request.getfixturevalue(generation), 1 if generation == "legacy" else 5
    s = connect(port)
    s.emit("do cut")
    eventually(lambda: caplog.text.count(": connected over") == 2)
    s.disconnect()
    address = f"http://127.0.0.1:{port}/socket.io/: "
    life = [text.removeprefix(address)[:40] for text in caplog.messages if text.startswith(address)]
    connected = f"connected over {transport}, revision {revision}"
    assert (life[0], life[3]) == (connected, connected)
    assert life[1].startswith("disconnected: transport closed")
    assert life[2].startswith("attempt 1 in 0.")
    assert life[4] == "disconnected: client"
    assert life[5].startswith("the connection has ended")
