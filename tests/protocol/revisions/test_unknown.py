from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from sioclient.errors import ConnectError, HandshakeRejected
from sioclient.protocol.jsontext import JsonText
from sioclient.protocol.packets import Event, Message, Noop
from sioclient.protocol.revisions import any_engine, any_revision

UNKNOWN, ENGINE = any_revision(), any_engine()
OPEN = '0{"sid":"x","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}'
OF_4 = "/socket.io/?EIO=4&transport=websocket"
LIMITED = OPEN.replace("}", ',"maxPayload":1000000}')


def test_the_requests_are_enough_for_every_generation():
    assert UNKNOWN.requests("socket.io") == (
        ("/socket.io/1/?EIO=4&transport=polling", frozenset()),
        ("/socket.io/?EIO=4&transport=polling", {400, 404}),
        ("/socket.io/?EIO=3&transport=polling", {400}),
    )
    assert ENGINE.requests("engine.io") == (
        ("/engine.io/?EIO=4&transport=polling", frozenset()),
        ("/engine.io/?EIO=3&transport=polling", {400}),
    )


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ("sid:60:60:websocket", 1),
        ("\ufeffsid:60:60:websocket\n", 1),
        (f"{len(OPEN)}:{OPEN}", 4),
        (f"{len(OPEN)}:{OPEN}2:40", 4),
        ("\0" + "".join(map(chr, map(int, str(len(OPEN))))) + "\xff" + OPEN, 4),
        (OPEN, 5),
        (LIMITED, 5),
    ],
)
def test_the_response_tells_the_revision(body, number):
    handshake = UNKNOWN.read_handshake(200, body)
    assert handshake.dialect.number == number
    assert handshake.opening.dialect is handshake.dialect
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
def test_a_response_without_a_handshake(status, body, error):
    with pytest.raises(ConnectError) as caught:
        UNKNOWN.read_handshake(status, body)
    assert type(caught.value) is error
    with pytest.raises(ConnectError) as caught:
        ENGINE.read_handshake(status, body)
    assert type(caught.value) is error


def test_engine_io_alone_has_no_revision_1():
    with pytest.raises(ConnectError, match="not a Socket"):
        ENGINE.read_handshake(200, "sid:60:60:websocket")
    assert ENGINE.read_handshake(200, OPEN).dialect.number == 4


@pytest.mark.parametrize(
    ("opening", "frames", "is_clear", "number"),
    [
        (UNKNOWN, [LIMITED], True, 5),
        (UNKNOWN, [OPEN], False, 5),
        (UNKNOWN, [OPEN, "40"], True, 4),
        (UNKNOWN, [OPEN, '4{"type":0,"nsp":"/"}'], True, 4),
        (UNKNOWN, [OPEN, "3"], True, 4),
        (UNKNOWN, [OPEN, '42["early"]', "3", "40"], True, 4),
        (UNKNOWN, [OPEN, "2"], False, 5),
        (ENGINE, [LIMITED], True, 4),
        (ENGINE, [OPEN, "40"], False, 4),
        (ENGINE, [OPEN, "40", "3"], True, 3),
    ],
)
def test_the_first_frames_of_a_websocket_tell_the_revision(opening, frames, is_clear, number):
    doubt = opening.doubt(frames)
    assert (doubt is None) is is_clear
    if doubt is not None:
        assert (doubt.ping, doubt.opening.dialect) == ("2", opening.read_handshake(200, OPEN).dialect)
    handshake = opening.read_open_packet(frames)
    assert handshake.dialect.number == number
    assert handshake.opening.dialect is handshake.dialect
    assert handshake.frames[-len(frames) + 1 :] == tuple(frames[1:]) or len(frames) == 1


def test_a_websocket_is_the_fallback_for_polling():
    refusal = '{"code":0,"message":"Transport unknown"}'
    assert UNKNOWN.fallback_path("socket.io", refusal) == "/socket.io/?EIO=4&transport=websocket"
    assert UNKNOWN.fallback_path("socket.io", "no") is None
    assert UNKNOWN.direct_path("socket.io", "websocket") is None
    assert UNKNOWN.transports == {"websocket": "websocket"}
    assert UNKNOWN.framing("websocket", None).decode_payload("2") == ["2"]


def test_a_websocket_alone_is_found_out_without_a_poll():
    opening, engine = any_revision(only_websocket=True), any_engine(only_websocket=True)
    for each in (opening, engine):
        assert each.direct_path("socket.io", "websocket") == OF_4
        for refusal in ("Unsupported protocol version", '{"code":5,"message":"Unsupported protocol version"}', ""):
            assert each.fallback_path("socket.io", refusal, OF_4) == "/socket.io/?EIO=3&transport=websocket"
            assert each.fallback_path("socket.io", refusal) is None
        assert each.fallback_path("socket.io", "Transport unknown", OF_4) is None
    assert opening.requests("socket.io") == (("/socket.io/1/", frozenset()),)
    assert engine.requests("socket.io") == ()


@pytest.mark.parametrize(("only_websocket", "is_named"), [(False, True), (True, False)])
def test_a_refused_poll_names_what_is_offered(only_websocket, is_named):
    with pytest.raises(HandshakeRejected) as caught:
        any_revision(only_websocket=only_websocket).read_handshake(400, '{"code":0,"message":"Transport unknown"}')
    assert ("it offers no xhr-polling, only websocket" in str(caught.value)) is is_named


def test_no_dialect_is_known_before_the_handshake():
    assert UNKNOWN.dialect is None


def test_every_handshake_of_a_server_has_the_same_dialect():
    first, second = UNKNOWN.read_handshake(200, OPEN), UNKNOWN.read_open_packet([LIMITED])
    assert first.dialect is second.dialect
    assert first.opening is second.opening


def test_the_limit_of_attachments_reaches_the_dialects():
    handshake = any_revision(most_bytes=1).read_handshake(200, OPEN)
    packet, problem = handshake.dialect.decoder()(['451-["x",{"_placeholder":true,"num":0}]', b"xx"])
    assert packet == Noop()
    assert "too large" in problem.problem


def test_the_json_module_of_the_user_reaches_the_dialects():
    loud = JsonText(SimpleNamespace(dumps=lambda value: '"dumped"', loads=json.loads))
    for body in ("sid:60:60:websocket", f"{len(OPEN)}:{OPEN}", OPEN):
        assert "dumped" in any_revision(loud).read_handshake(200, body).dialect.encode(Event("x", [1]))
    assert any_engine(loud).read_handshake(200, OPEN).dialect.decoder()(["4x"]) == [Message("x")]


def test_the_parser_reaches_the_dialects_of_the_later_revisions():
    pytest.importorskip("msgpack")
    opening = any_revision(parser="msgpack")
    assert isinstance(opening.read_handshake(200, "sid:60:60:websocket").dialect.encode(Event("x")), str)
    for body in (f"{len(OPEN)}:{OPEN}", OPEN):
        assert isinstance(opening.read_handshake(200, body).dialect.encode(Event("x")), tuple)


def test_every_revision_is_a_candidate():
    opening = any_revision()
    assert [dialect.number for dialect in opening.candidates] == [1, 4, 5]
    assert opening.candidates[2] is opening.read_handshake(200, OPEN).dialect
