"""The server's side of the later revisions, against the client's."""

from __future__ import annotations

import pytest

from sioclient.protocol.framing import Ping, Pong
from sioclient.protocol.packets import Ack, Close, Connect, Error, Event, Heartbeat, Malformed, Message, Noop
from sioclient.protocol.revisions import revision4, revision5
from sioclient.protocol.revisions.serving import PlainDialect, serving4, serving5, serving_alone

CLIENTS = {4: revision4(), 5: revision5()}
SERVERS = {4: serving4(), 5: serving5()}


def read(number, frame):
    (packet,) = SERVERS[number].decoder()([frame])
    return packet


@pytest.mark.parametrize(
    ("number", "frame", "packet"),
    [
        (4, "40", Connect()),
        (4, "40/chat?a=b&c,", Connect("/chat", "a=b&c")),
        (4, "40/?a=b,", Connect("", "a=b")),
        (5, "40", Connect()),
        (5, '40{"token":1}', Connect(data={"token": 1})),
        (5, '40/chat,{"token":1}', Connect("/chat", data={"token": 1})),
        (5, '42["connect",1]', Event("connect", [1])),
        (5, "437[1]", Ack(7, [1])),
        (4, "2", Heartbeat()),
        (4, "3", Noop()),
        (5, "2", Noop()),
        (5, "3", Heartbeat()),
        (5, "1", Close()),
        (4, "5", Noop()),
        (4, "6", Noop()),
        (5, '42["a","M-abcde"]', Event("a", ["M-abcde"])),
    ],
)
def test_what_clients_say(number, frame, packet):
    assert read(number, frame) == packet


@pytest.mark.parametrize(
    ("number", "frame"), [(4, '44"no"'), (5, '44{"message":"no"}'), (5, "40[1]"), (4, "0{}"), (5, "4abc"), (5, "")]
)
def test_what_no_client_says(number, frame):
    assert isinstance(read(number, frame), Malformed)


@pytest.mark.parametrize("number", [4, 5])
@pytest.mark.parametrize("name", ["", "/chat"])
@pytest.mark.parametrize("data", [None, {"code": 7}])
def test_clients_read_a_refusal(number, name, data):
    frame = SERVERS[number].encode(Error("not you", "", name, data))
    (packet,) = CLIENTS[number].dialect.decoder()([frame])
    assert (packet.endpoint, packet.final) == (name, True)
    assert packet.data == ("not you" if data is None and number == 4 else data)
    if number == 5:
        assert packet.reason == "not you"


@pytest.mark.parametrize("number", [4, 5])
def test_clients_read_a_confirmation(number):
    frame = SERVERS[number].encode(Connect("/chat", data={"sid": "x"}))
    (packet,) = CLIENTS[number].dialect.decoder()([frame])
    assert packet == Connect("/chat", data={"sid": "x"} if number == 5 else None)


def test_clients_read_any_number_of_attachments():
    frames = SERVERS[5].encode(Event("a", [b"x"] * 20))
    assert len(frames) == 21
    assert CLIENTS[5].dialect.decoder()(frames)[-1] == Event("a", [b"x"] * 20)


def test_who_pings():
    assert (SERVERS[4].client_pings, SERVERS[4].heartbeat, SERVERS[4].encode(Heartbeat())) == (True, "3", "3")
    assert (SERVERS[5].client_pings, SERVERS[5].heartbeat, SERVERS[5].encode(Heartbeat())) == (False, "2", "2")


@pytest.mark.parametrize(("frame", "is_one"), [("2", True), ("3", True), ("6", True), ("1", False), ("40", False)])
def test_signs_of_life(frame, is_one):
    assert SERVERS[4].is_sign_of_life(frame) is is_one


@pytest.mark.parametrize("number", [3, 4])
def test_engine_io_without_socket_io(number):
    dialect = serving_alone(number)
    assert (dialect.number, dialect.asks_to_join) == (number, False)
    assert dialect.encode(Message("x")) == "4x"
    assert dialect.decoder()(["4x", "1"]) == [Message("x"), Close()]


def test_plain_websockets():
    dialect = PlainDialect()
    assert (dialect.number, dialect.announces, dialect.client_pings) == (0, False, False)
    assert type(dialect.heartbeat) is Ping
    assert [dialect.encode(Message(data)) for data in ("4x", b"x", "")] == ["4x", (b"x",), ""]
    assert dialect.decoder()(["1", b"x", Pong()]) == [Message("1"), Message(b"x"), Heartbeat()]
    assert [dialect.is_sign_of_life(frame) for frame in ("3", b"", Pong())] == [False, False, True]
