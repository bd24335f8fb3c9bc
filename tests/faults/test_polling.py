"""The faults that only polling knows: real servers forget who does not poll, and say nothing while they wait."""

from __future__ import annotations

import time

import pytest

from sioclient import SocketIO
from tests.conftest import Recorder, start
from tests.faults.conftest import told

OLD = ["0.9.19", "0.8.7", "0.7.11"]


@pytest.mark.parametrize("transport", ["xhr-polling", "jsonp-polling"])
@pytest.mark.parametrize("version", OLD)
def test_f52_idle_polls_are_not_taken_for_a_dead_server(version: str, transport: str, recorder: Recorder) -> None:
    """The server says nothing for four seconds, and announces that it is dead after one."""
    times = {"heartbeat timeout": 1, "heartbeat interval": 2, "close timeout": 1, "polling duration": 4}
    with (
        start("legacy.js", version=version, socketio=times) as server,
        SocketIO("127.0.0.1", server.port, recorder, transports=(transport,)) as socket,
    ):
        session = socket.session_id
        time.sleep(3.2)
        assert socket.call("echo", 1) == 1
        assert socket.session_id == session
        assert "close" not in told(recorder)
