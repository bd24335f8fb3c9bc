"""The revisions on Engine.IO; the grammars of their packets have tests of their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import ConnectError, HandshakeRejected, LocalProtocolError, WrongRevision
from sioclient.protocol.framing import Pong
from sioclient.protocol.jsontext import JsonText
from sioclient.protocol.packets import (
    Ack,
    Close,
    Connect,
    Disconnect,
    Event,
    Heartbeat,
    Json,
    Malformed,
    Message,
    Noop,
    Ponged,
)
from sioclient.protocol.revisions import Handshake, engine_alone, revision4, revision5

OPENINGS = [revision4(), revision5(), engine_alone(3), engine_alone(4)]
OPENING4, OPENING5, _, OPENING_E4 = OPENINGS
DIALECTS = [opening.dialect for opening in OPENINGS]
FOUR, FIVE, ENGINE3, ENGINE4 = DIALECTS
OPEN_PACKET = '0{"sid":"x","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":100}'
HANDSHAKE = Handshake("x", 45.0, None, ("websocket",), ping_interval=25.0)


def test_a_dialect_has_a_number_and_names_its_servers():
    assert [dialect.number for dialect in DIALECTS] == [4, 5, 3, 4]
    assert "2.x" in FOUR.servers
    assert "4.x" in FIVE.servers
    assert "engine.io 1.x" in ENGINE3.servers
    assert "6.x" in ENGINE4.servers


def test_paths_name_the_engine_and_the_transport():
    assert [request.path for request in OPENING4.requests("socket.io")] == ["/socket.io/?EIO=3&transport=polling"]
    assert OPENING5.requests("a/b")[0].path == "/a/b/?EIO=4&transport=polling"
    assert OPENING5.direct_path("socket.io", "websocket") == "/socket.io/?EIO=4&transport=websocket"
    assert OPENING5.direct_path("socket.io", "xhr-polling") is None
    assert OPENING4.transport_path("socket.io", "xhr-polling", "a&b") == (
        "/socket.io/?EIO=3&transport=polling&sid=a%26b"
    )
    unknown = '{"code":0,"message":"Transport unknown"}'
    assert OPENING5.fallback_path("socket.io", unknown) == "/socket.io/?EIO=4&transport=websocket"
    assert OPENING5.fallback_path("socket.io", "no") is None


def test_only_a_websocket_is_probed():
    assert OPENING5.probe("websocket") == ("2probe", "3probe", "5")
    assert OPENING5.probe("xhr-polling") is None


def test_who_asks_to_join_and_who_sends_the_pings():
    assert [dialect.asks_to_join for dialect in DIALECTS] == [False, True, False, False]
    assert [dialect.heartbeats_unprompted for dialect in DIALECTS] == [True, False, True, False]
    assert [dialect.pongs_once for dialect in DIALECTS] == [False, True, False, True]
    assert FOUR.encode(Heartbeat()) == "2"
    assert FIVE.encode(Heartbeat()) == "3"


def test_a_parser_is_that_of_the_packets_alone():
    pytest.importorskip("msgpack")
    four, five = revision4(parser="msgpack").dialect, revision5(parser="msgpack").dialect
    event, end = b"\x83\xa4type\x02\xa4data\x91\xa1x\xa3nsp\xa1/", b"\x82\xa4type\x01\xa3nsp\xa1/"
    assert four.encode(Event("x")) == (b"\4" + event,)
    assert five.encode(Event("x")) == (event,)
    assert five.decoder()([event, "2"]) == [Event("x"), Heartbeat()]
    assert four.disconnect_packets("xhr-polling") == ('4{"type":1,"nsp":"/"}', "1")
    assert five.disconnect_packets("xhr-polling") == (end, "1")
    assert five.disconnect_packets("websocket") == ()


def test_only_who_asks_to_join_is_advised_if_that_fails():
    assert "parser='msgpack'" in FIVE.join_advice
    assert not any(dialect.join_advice for dialect in (FOUR, ENGINE3, ENGINE4))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_times_of_heartbeats(dialect):
    assert dialect.dead_after(HANDSHAKE, "xhr-polling") == 46.0
    assert dialect.dead_after(Handshake("x", None, None, ()), "xhr-polling") is None
    assert dialect.heartbeat_every(HANDSHAKE) == (25.0 if dialect.heartbeats_unprompted else 35.0)
    assert not dialect.needs_fence("websocket")
    assert not dialect.may_count_bytes(Handshake("x" * 20, None, None, ()))
    assert not dialect.reads_ahead(Handshake("a" * 32, None, None, ()))
    assert dialect.fence(1, reads_ahead=False) == ()
    assert dialect.posts_beside("websocket", HANDSHAKE) is None
    hectic = Handshake("x", 0.0, None, ("websocket",), ping_interval=0.0)
    assert dialect.heartbeat_every(hectic) == 0.1, "or a heartbeat thread would do nothing else"


@pytest.mark.parametrize(
    ("dialect", "frame", "packet"),
    [
        (FOUR, "3", Noop()),
        (FOUR, "3probe", Noop()),
        (FIVE, "2", Heartbeat()),
        (FIVE, "6", Noop()),
        (FOUR, "1", Close()),
        (FOUR, "40", Connect()),
        (FIVE, '40{"sid":"x"}', Connect(data={"sid": "x"})),
        (FIVE, '42["x"]', Event("x")),
        (ENGINE3, "4x", Message("x")),
        (ENGINE4, b"x", Message(b"x")),
        (ENGINE3, b"\4x", Message(b"x")),
        (ENGINE4, "0", Connect()),
        (FIVE, Pong(b"x"), Ponged(b"x")),
    ],
)
def test_decoding(dialect, frame, packet):
    assert dialect.decoder()([frame]) == [packet]


@pytest.mark.parametrize(
    ("dialect", "frame"),
    [
        (FOUR, "2"),
        (FIVE, "3"),
        (FIVE, "5"),
        (FIVE, "0"),
        (FIVE, ""),
        (FIVE, "x"),
        (FOUR, b"\1"),
        (FOUR, ":::"),
        (FOUR, "94103"),
        (FOUR, "99:"),
    ],
)
def test_a_malformed_frame(dialect, frame):
    assert isinstance(dialect.decoder()([frame])[0], Malformed)


@given(st.text() | st.binary())
def test_anything_is_a_packet_or_malformed(frame):
    for dialect in DIALECTS:
        (packet,) = dialect.decoder()([frame])
        assert packet is not None


@pytest.mark.parametrize(
    ("dialect", "packet", "encoded"),
    [
        (FIVE, Event("x"), '42["x"]'),
        (FIVE, Connect(), "40"),
        (FIVE, Ack(1), "431[]"),
        (FIVE, Disconnect("/chat"), "41/chat,"),
        (FOUR, Event("x", [b"y"]), ('451-["x",{"_placeholder":true,"num":0}]', b"\4y")),
        (FIVE, Event("x", [b"y"]), ('451-["x",{"_placeholder":true,"num":0}]', b"y")),
        (ENGINE3, Message(b"y"), (b"\4y",)),
        (ENGINE4, Message(""), "4"),
        (ENGINE4, Json([1]), "4[1]"),
        (ENGINE4, Json(["\x1e"]), '4["\\u001e"]'),
        (ENGINE3, Message("a\x1eb"), "4a\x1eb"),
    ],
)
def test_encoding(dialect, packet, encoded):
    assert dialect.encode(packet) == encoded


def test_only_polling_needs_packets_to_disconnect():
    for dialect in DIALECTS:
        assert dialect.disconnect_packets("websocket") == ()
    assert FOUR.disconnect_packets("xhr-polling") == FIVE.disconnect_packets("xhr-polling") == ("41", "1")
    assert ENGINE3.disconnect_packets("xhr-polling") == ENGINE4.disconnect_packets("xhr-polling") == ("1",)
    assert [opening.close_packet for opening in OPENINGS] == ["1"] * 4


def test_every_decoder_reads_one_session():
    first, second = FIVE.decoder(), FIVE.decoder()
    assert first(['42["a"]', '451-["x",{"_placeholder":true,"num":0}]']) == [Event("a"), Noop()]
    assert second(['42["y"]']) == [Event("y")]
    assert first([b"z"]) == [Event("x", [b"z"])]


def test_engine_io_alone_has_no_endpoints():
    assert FIVE.check_endpoint("/chat") == "/chat"
    with pytest.raises(LocalProtocolError, match="no endpoints"):
        ENGINE4.check_endpoint("/chat")


def test_the_framing_has_the_limit_of_the_server():
    handshake = OPENING5.read_handshake(200, OPEN_PACKET)
    frames = ["4" + "x" * 60] * 2
    assert len(list(OPENING5.framing("xhr-polling", handshake).bodies(frames))) == 2
    assert len(list(OPENING5.framing("xhr-polling", HANDSHAKE).bodies(frames))) == 1
    assert OPENING5.framing("websocket", None).decode_payload("2\x1e3") == ["2", "3"]


@pytest.mark.parametrize("opening", OPENINGS)
def test_a_handshake_has_its_opening_and_dialect(opening):
    for handshake in (
        opening.read_open_packet([OPEN_PACKET]),
        opening.read_handshake(200, opening.framing("xhr-polling", None).encode_payload([OPEN_PACKET])),
    ):
        assert (handshake.opening, handshake.dialect) == (opening, opening.dialect)
        assert handshake.text.endswith(OPEN_PACKET)


def test_a_websocket_opens_a_session():
    handshake = OPENING5.read_open_packet([OPEN_PACKET, "40"])
    assert (handshake.session_id, handshake.transports, handshake.frames) == ("x", ("websocket",), ("40",))
    assert OPENING5.doubt([OPEN_PACKET]) is None
    for frame in ("40", b"0{}", "0[]", "", '0{"sid":"x"}'):
        with pytest.raises(ConnectError, match=r"not a Socket\.IO server"):
            OPENING5.read_open_packet([frame])


def test_the_open_packet_of_engine_io_alone_is_a_join():
    assert OPENING_E4.read_handshake(200, OPEN_PACKET + "\x1e4early").frames == ("0", "4early")
    assert OPENING_E4.read_open_packet([OPEN_PACKET]).frames == ("0",)


@pytest.mark.parametrize(
    ("opening", "status", "body", "error"),
    [
        (OPENING5, 200, "97:0{", WrongRevision),
        (OPENING4, 200, OPEN_PACKET, WrongRevision),
        (OPENING5, 200, "sid:60:60:websocket", WrongRevision),
        (OPENING5, 400, '{"code":5,"message":"Unsupported protocol version"}', WrongRevision),
        (OPENING5, 403, "no", HandshakeRejected),
        (OPENING5, 200, "<html>", ConnectError),
        (OPENING5, 200, '0{"sid":"x"}', ConnectError),
        (OPENING5, 200, '0{"sid":"x","pingInterval":1e9,"pingTimeout":1}', ConnectError),
        (OPENING5, 200, "", ConnectError),
        (OPENING4, 200, "5:", ConnectError),
    ],
)
def test_a_handshake_that_fails(opening, status, body, error):
    with pytest.raises(ConnectError) as caught:
        opening.read_handshake(status, body)
    assert type(caught.value) is error


def test_the_json_module_of_the_user_is_used():
    class Loud:
        def dumps(self, obj):
            return '"dumped"'

        def loads(self, s):
            return ["loaded", s]

    for opening in (revision4(JsonText(Loud())), revision5(JsonText(Loud()))):
        assert opening.dialect.encode(Event("x")) == '42"dumped"'
        assert opening.dialect.decoder()(['42["x"]']) == [Event("loaded", ['["x"]'])]
    assert engine_alone(4, JsonText(Loud())).dialect.encode(Json(1)) == '4"dumped"'
