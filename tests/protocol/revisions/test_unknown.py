from __future__ import annotations

import pytest

from sioclient.errors import ConnectError, HandshakeRejected, LocalProtocolError, NotConnected
from sioclient.protocol.packets import Event, Malformed
from sioclient.protocol.revisions import (
    Handshake,
    Revision1,
    UnknownRevision,
    engine_alone,
    revision4,
    revision5,
)

ONE, FOUR, FIVE = Revision1(), revision4(), revision5()
UNKNOWN = UnknownRevision({"1": lambda: ONE, "3": lambda: FOUR, "4": lambda: FIVE})
ENGINE = UnknownRevision({"3": lambda: engine_alone(3), "4": lambda: engine_alone(4)})
OPEN = '0{"sid":"x","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}'
LIMITED = OPEN.replace("}", ',"maxPayload":1000000}')


def test_what_is_asked():
    assert UNKNOWN.handshakes("socket.io") == (
        ("/socket.io/1/?EIO=4&transport=polling", frozenset()),
        ("/socket.io/?EIO=4&transport=polling", {400, 404}),
        ("/socket.io/?EIO=3&transport=polling", {400}),
    )
    assert ENGINE.handshakes("engine.io") == (
        ("/engine.io/?EIO=4&transport=polling", frozenset()),
        ("/engine.io/?EIO=3&transport=polling", {400}),
    )


@pytest.mark.parametrize(
    ("body", "revision"),
    [
        ("sid:60:60:websocket", ONE),
        ("\ufeffsid:60:60:websocket\n", ONE),
        (f"{len(OPEN)}:{OPEN}", FOUR),
        (f"{len(OPEN)}:{OPEN}2:40", FOUR),
        ("\0" + "".join(map(chr, map(int, str(len(OPEN))))) + "\xff" + OPEN, FOUR),
        (OPEN, FIVE),
        (LIMITED, FIVE),
    ],
)
def test_the_answer_tells_who_is_there(body, revision):
    handshake = UNKNOWN.read_handshake(200, body)
    assert handshake.revision is revision
    assert handshake.session_id in ("sid", "x")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, '{"code":0,"message":"Transport unknown"}', HandshakeRejected),
        (
            400,
            '"The client is using an unsupported version of the Socket.IO or Engine.IO protocols"',
            HandshakeRejected,
        ),
        (403, "handshake unauthorized", HandshakeRejected),
        (404, "no such page", HandshakeRejected),
        (200, "Welcome to socket.io.", ConnectError),
        (200, "<!DOCTYPE html>", ConnectError),
        (200, '0{"sid":5}', ConnectError),
    ],
)
def test_an_answer_that_is_no_handshake(status, body, error):
    with pytest.raises(ConnectError) as caught:
        UNKNOWN.read_handshake(status, body)
    assert type(caught.value) is error
    with pytest.raises(ConnectError) as caught:
        ENGINE.read_handshake(status, body)
    assert type(caught.value) is error


def test_engine_io_alone_has_no_first_revision():
    with pytest.raises(ConnectError, match="not a Socket"):
        ENGINE.read_handshake(200, "sid:60:60:websocket")
    assert ENGINE.read_handshake(200, OPEN).revision.number == 4


@pytest.mark.parametrize(
    ("frames", "is_clear", "revision"),
    [
        ([LIMITED], True, FIVE),
        ([OPEN], False, FIVE),
        ([OPEN, "40"], True, FOUR),
        ([OPEN, "2"], True, FIVE),
    ],
)
def test_a_server_that_has_only_websockets(frames, is_clear, revision):
    assert UNKNOWN.is_opening(frames) is is_clear
    handshake = UNKNOWN.read_opening(frames)
    assert handshake.revision is revision
    assert handshake.frames == tuple(frames[1:])
    refusal = '{"code":0,"message":"Transport unknown"}'
    assert UNKNOWN.last_resort("socket.io", refusal) == "/socket.io/?EIO=4&transport=websocket"
    assert UNKNOWN.last_resort("socket.io", "no") is None
    assert UNKNOWN.framing("websocket", Handshake("", None, None, ())).decode_payload("2") == ["2"]


def test_until_then_nothing_can_be_said():
    assert UNKNOWN.number is None
    with pytest.raises(NotConnected, match="not known"):
        UNKNOWN.encode(Event("x"))
    with pytest.raises(LocalProtocolError, match="no handshake"):
        UNKNOWN.transport_path("socket.io", "websocket", "x")
    assert isinstance(UNKNOWN.decoder()(["40"])[0], Malformed)
    assert UNKNOWN.check_endpoint("whatever") == "whatever"
    assert UNKNOWN.direct_path("socket.io", "websocket") is None
    assert UNKNOWN.probe("websocket") is None
    assert UNKNOWN.dismissal() is None
    assert UNKNOWN.farewell("websocket") == ()
    assert not UNKNOWN.needs_fence("websocket")
    handshake = Handshake("x", 1.0, 1.0, ())
    assert (UNKNOWN.dead_after(handshake), UNKNOWN.beat_every(handshake)) == (None, None)
