"""A server that sends what a recorded one sent."""

from __future__ import annotations

import logging

import pytest

from sioclient.recordings import Recorded
from sioclient.server import SocketServer, replay
from tests.conftest import Recorder
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("no_thread_left")


def step(name, args, when, endpoint="", *, is_sent=False, ack=None):
    return Recorded(endpoint, name, args, when, is_sent, ack)


@pytest.fixture(params=[1, 4, 5])
def revision(request):
    return request.param


def test_a_recording_is_played_as_the_client_goes_on(own_socket_server, connect, recorder, revision):
    steps = [
        step("hello", [1], 100),
        step("subscribe", ["weather"], 101, is_sent=True, ack=["ok", 2]),
        step("news", ["weather"], 101.01),
        step("message", ["text"], 101.02),
        step("message", ["bye"], 102, is_sent=True),
        step("message", [1, 2], 102),
        step("other", [], 100, "/chat"),
    ]
    server = own_socket_server.replay(steps, 1, revisions=(revision,))
    s = connect(server.port, recorder)
    assert recorder.next("hello") == ("hello", 1)
    s.emit("unheard of")
    assert s.call("subscribe", timeout=5) == ("ok", 2)
    assert recorder.next() == ("news", "weather")
    assert recorder.next() == ("message", None, "text")
    s.send("bye")
    assert recorder.next() == ("message", None, 1, 2)
    assert s.call("subscribe", timeout=5) is None
    chat = Recorder()
    s.connect("/chat", chat)
    assert chat.next("other") == ("other",)
    assert server.wait_for("subscribe") == []


def test_a_file_is_played_without_pauses(own_socket_server, connect, recorder, tmp_path):
    (tmp_path / "x").write_text(
        '{"event": "a", "time": 1}\n{"event": "b", "args": [{"$base64": "AP8="}], "time": 9999}\n'
    )
    connect(own_socket_server.replay(tmp_path / "x").port, recorder)
    assert recorder.next("a") == ("a",)
    assert recorder.next("b") == ("b", b"\0\xff")


def test_it_needs_no_pytest(recorder, connect):
    with SocketServer(replay([step("a", [], 1), step("b", [], 1.01)], 10), port=0) as server:
        connect(server.port, recorder)
        assert recorder.next("b") == ("b",)


def test_a_recording_without_events_plays_nothing(own_socket_server, connect):
    assert connect(own_socket_server.replay([]).port).call("any", timeout=5) is None


def test_what_a_client_cannot_have_is_left_out(own_socket_server, connect, recorder, caplog):
    server = own_socket_server.replay([step("photo", [b"x"], 1), step("next", [], 1)], revisions=(1,))
    with caplog.at_level(logging.WARNING, "sioclient.server"):
        connect(server.port, recorder)
        assert recorder.next("next") == ("next",)
        eventually(lambda: "left out a recorded event" in caplog.text)


def test_what_cannot_be_played_is_said(tmp_path):
    (tmp_path / "x").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="x is no recording: it is no text in UTF-8"):
        replay(str(tmp_path / "x"))
    (tmp_path / "x").write_text("5")
    with pytest.raises(ValueError, match=r"line 1 of .*x is none of a recording"):
        replay(tmp_path / "x")
    with pytest.raises(FileNotFoundError):
        replay(tmp_path / "nosuch")
    with pytest.raises(ValueError, match="speed must be at least 0, not -1"):
        replay([], -1)
