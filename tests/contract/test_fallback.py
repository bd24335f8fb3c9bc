"""The next transport, where the first does not work."""

from __future__ import annotations

import logging
import re

import pytest

from tests.conftest import start
from tests.servers import SERVERS
from tests.servers_py import Peer, Server, hand_over

pytestmark = pytest.mark.usefixtures("no_thread_left")


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.INFO, "sioclient")
    return caplog


@pytest.mark.fronts
def test_a_server_whose_websocket_is_of_another_draft(connect, recorder, told):
    with start(SERVERS["0.7.11"]) as server:
        socket = connect(server.port, recorder, transports=("websocket", "xhr-polling"))
        assert socket.transport_name == "xhr-polling"
        assert recorder.next() == ("open", "xhr-polling")
        assert socket.call("echo", 1) == 1
        assert socket.call("sessions") == 1  # both tried the same one
    assert "websocket did not open: the server did not accept the websocket" in told.text


@pytest.mark.fronts
def test_transports_that_the_server_does_not_offer_are_not_tried(connect, told):
    with start("legacy.js", socketio={"transports": ["jsonp-polling", "htmlfile"]}) as server:
        socket = connect(server.port, transports=("websocket", "xhr-polling", "jsonp-polling", "htmlfile"))
        assert socket.transport_name == "jsonp-polling"
    assert "did not open" not in told.text


@pytest.mark.fronts
def test_the_order_is_the_users(connect, legacy):
    assert connect(legacy, transports=("htmlfile", "websocket")).transport_name == "htmlfile"


@pytest.mark.fronts
def test_a_silent_transport_leaves_time_for_the_next(connect, told):
    def serve(peer: Peer) -> None:
        request = peer.read_head()
        if re.match("/socket.io/1/[?]", request.target):
            peer.answer(200, b"sid:60:60:websocket,htmlfile,xhr-polling")
        elif "xhr-polling" in request.target and len(server.requests) == 4:
            peer.reply("1::")
        else:
            hand_over(peer)

    with Server(serve) as server:
        socket = connect(
            server.port, transports=("websocket", "htmlfile", "xhr-polling"), connect_timeout=1.5, reconnect=False
        )
        assert socket.transport_name == "xhr-polling"
        assert "websocket did not open: the server did not respond to the upgrade" in told.text
        assert "htmlfile did not open:" in told.text
        sessions = {request.target.split("/")[4].split("?")[0] for request in server.requests[1:4]}
        assert sessions == {"sid"}
