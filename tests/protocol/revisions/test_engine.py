"""What the revisions on Engine.IO have in common; the grammar of their packets is elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import ConnectError, HandshakeRejected, LocalProtocolError, WrongRevision
from sioclient.protocol.jsontext import JsonText
from sioclient.protocol.packets import Ack, Close, Connect, Disconnect, Event, Heartbeat, Json, Malformed, Message, Noop
from sioclient.protocol.revisions import Handshake, engine_alone, revision4, revision5

FOUR, FIVE, ENGINE3, ENGINE4 = revision4(), revision5(), engine_alone(3), engine_alone(4)
ALL = [FOUR, FIVE, ENGINE3, ENGINE4]
OPEN = '0{"sid":"x","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":100}'
HANDSHAKE = Handshake("x", 45.0, None, ("websocket",), ping_interval=25.0)


def test_they_say_which_revision_they_are_and_who_speaks_it():
    assert [revision.number for revision in ALL] == [4, 5, 3, 4]
    assert "2.x" in FOUR.servers
    assert "4.x" in FIVE.servers
    assert "engine.io 6" in ENGINE4.servers or "6.x" in ENGINE4.servers


def test_paths():
    assert [question.path for question in FOUR.handshakes("socket.io")] == ["/socket.io/?EIO=3&transport=polling"]
    assert FIVE.handshakes("a/b")[0].path == "/a/b/?EIO=4&transport=polling"
    assert FIVE.direct_path("socket.io", "websocket") == "/socket.io/?EIO=4&transport=websocket"
    assert FIVE.direct_path("socket.io", "xhr-polling") is None
    assert FOUR.transport_path("socket.io", "xhr-polling", "a&b") == ("/socket.io/?EIO=3&transport=polling&sid=a%26b")
    unknown = '{"code":0,"message":"Transport unknown"}'
    assert FIVE.last_resort("socket.io", unknown) == "/socket.io/?EIO=4&transport=websocket"
    assert FIVE.last_resort("socket.io", "no") is None


def test_only_a_websocket_is_probed():
    assert FIVE.probe("websocket") == ("2probe", "3probe", "5")
    assert FIVE.probe("xhr-polling") is None


def test_who_asks_and_who_beats():
    assert [revision.asks_to_join for revision in ALL] == [False, True, False, False]
    assert [revision.beats_unprompted for revision in ALL] == [True, False, True, False]
    assert [revision.answers_once for revision in ALL] == [False, True, False, True]
    assert FOUR.encode(Heartbeat()) == "2"
    assert FIVE.encode(Heartbeat()) == "3"


@pytest.mark.parametrize("revision", ALL)
def test_times(revision):
    assert revision.dead_after(HANDSHAKE) == 46.0
    assert revision.dead_after(Handshake("x", None, None, ())) is None
    assert revision.beat_every(HANDSHAKE) == (25.0 if revision.beats_unprompted else 35.0)
    assert not revision.needs_fence("websocket")
    hectic = Handshake("x", 0.0, None, ("websocket",), ping_interval=0.0)
    assert revision.beat_every(hectic) == 0.1, "or a heartbeat thread would do nothing else"
    assert revision.dismissal() == "1"


@pytest.mark.parametrize(
    ("revision", "frame", "packet"),
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
    ],
)
def test_decoding(revision, frame, packet):
    assert revision.decoder()([frame]) == [packet]


@pytest.mark.parametrize(
    ("revision", "frame"),
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
def test_what_is_malformed(revision, frame):
    assert isinstance(revision.decoder()([frame])[0], Malformed)


@given(st.text() | st.binary())
def test_anything_is_a_packet_or_malformed(frame):
    for revision in ALL:
        (packet,) = revision.decoder()([frame])
        assert packet is not None


@pytest.mark.parametrize(
    ("revision", "packet", "encoded"),
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
def test_encoding(revision, packet, encoded):
    assert revision.encode(packet) == encoded


def test_a_websocket_says_goodbye_by_itself():
    for revision in ALL:
        assert revision.farewell("websocket") == ()
    assert FOUR.farewell("xhr-polling") == FIVE.farewell("xhr-polling") == ("41", "1")
    assert ENGINE3.farewell("xhr-polling") == ENGINE4.farewell("xhr-polling") == "1"


def test_what_ends_something_shares_no_body():
    bodies = FIVE.framing("xhr-polling", HANDSHAKE).bodies
    assert list(bodies(["4a", "4b", "41/chat,", "4c", "41", "1"])) == ["4a\x1e4b", "41/chat,", "4c", "41", "1"]
    assert list(bodies([])) == []


def test_no_body_has_more_frames_than_every_server_takes():
    bodies = list(FIVE.framing("xhr-polling", HANDSHAKE).bodies(["42[1]", b"x"] * 20))
    assert [body.count("\x1e") + 1 for body in bodies] == [16, 16, 8]


def test_every_decoder_reads_one_session():
    first, second = FIVE.decoder(), FIVE.decoder()
    assert first(['42["a"]', '451-["x",{"_placeholder":true,"num":0}]']) == [Event("a"), Noop()]
    assert second(['42["y"]']) == [Event("y")]
    assert first([b"z"]) == [Event("x", [b"z"])]


def test_endpoints():
    assert FIVE.check_endpoint("/chat") == "/chat"
    with pytest.raises(LocalProtocolError, match="no endpoints"):
        ENGINE4.check_endpoint("/chat")


@pytest.mark.parametrize("revision", [FIVE, FOUR])
def test_the_bodies_of_a_session_are_as_large_as_the_server_allows(revision):
    body = OPEN if revision is FIVE else f"{len(OPEN)}:{OPEN}"
    framing = revision.framing("xhr-polling", revision.read_handshake(200, body))
    sizes = [(1, 90), (2, 30), (3, 30), (4, 90), (5, 500), (6, 1)]
    bodies = list(framing.bodies([f"4{number}{'x' * size}" for number, size in sizes]))
    assert [len(framing.decode_payload(body)) for body in bodies] == [1, 2, 1, 1, 1]
    assert all(len(body) <= 100 for body in bodies if len(framing.decode_payload(body)) > 1)


def test_the_framing_of_a_session():
    framing = FIVE.framing("xhr-polling", HANDSHAKE)
    assert framing.encode_payload(["2", "3"]) == "2\x1e3"
    assert framing.decode_payload("2\x1e3") == ["2", "3"]
    assert framing.content_type == "text/plain;charset=UTF-8"


def test_a_session_that_a_websocket_opens():
    handshake = FIVE.read_opening([OPEN, "40"])
    assert (handshake.session_id, handshake.transports, handshake.frames) == ("x", ("websocket",), ("40",))
    assert FIVE.is_opening([OPEN])
    for frame in ("40", b"0{}", "0[]", "", '0{"sid":"x"}'):
        with pytest.raises(ConnectError, match=r"not a Socket\.IO server"):
            FIVE.read_opening([frame])


def test_engine_io_alone_is_joined_by_the_opening():
    assert ENGINE4.read_handshake(200, OPEN + "\x1e4early").frames == ("0", "4early")
    assert ENGINE4.read_opening([OPEN]).frames == ("0",)


@pytest.mark.parametrize(
    ("revision", "status", "body", "error"),
    [
        (FIVE, 200, "97:0{", WrongRevision),
        (FOUR, 200, OPEN, WrongRevision),
        (FIVE, 200, "sid:60:60:websocket", WrongRevision),
        (FIVE, 400, '{"code":5,"message":"Unsupported protocol version"}', WrongRevision),
        (FIVE, 403, "no", HandshakeRejected),
        (FIVE, 200, "<html>", ConnectError),
        (FIVE, 200, '0{"sid":"x"}', ConnectError),
        (FIVE, 200, '0{"sid":"x","pingInterval":1e9,"pingTimeout":1}', ConnectError),
        (FIVE, 200, "", ConnectError),
        (FOUR, 200, "5:", ConnectError),
    ],
)
def test_handshakes_that_fail(revision, status, body, error):
    with pytest.raises(ConnectError) as caught:
        revision.read_handshake(status, body)
    assert type(caught.value) is error


def test_the_json_module_of_the_user_is_used():
    class Loud:
        def dumps(self, obj):
            return '"dumped"'

        def loads(self, s):
            return ["loaded", s]

    for revision in (revision4(JsonText(Loud())), revision5(JsonText(Loud()))):
        assert revision.encode(Event("x")) == '42"dumped"'
        assert revision.decoder()(['42["x"]']) == [Event("loaded", ['["x"]'])]
    assert engine_alone(4, JsonText(Loud())).encode(Json(1)) == '4"dumped"'
