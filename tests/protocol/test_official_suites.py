"""The cases of the official protocol test suites, from the other side.

The suites are in socketio/socket.io: docs/engine.io-protocol/v3-test-suite and v4-test-suite, and
docs/socket.io-protocol/v5-test-suite; for revision 4 there is none, so its cases are those of revision 5 in its own
grammar. They play a client against a server. Here the client is this library, which must send what the suite's client
sends, and the suite's server is a script. ``CASES`` names the test of each case, in this module if no other is given.
The cases of the older parsers (socketio/socket.io-protocol: test/test.js, socketio/engine.io-protocol: test/parser.js)
are vectors.
"""

from __future__ import annotations

import importlib

import pytest

from sioclient.errors import ChannelError, ConnectError, HandshakeRejected
from sioclient.protocol.framing import Ping
from sioclient.protocol.notices import Acknowledged, Connected, Dropped, Ended
from sioclient.protocol.packets import Event, Message
from sioclient.protocol.phases import Phase
from sioclient.protocol.revisions import engine_alone, revision4, revision5

from .driver import event, joined, link, of
from .test_generations import HANDSHAKE, JOINED, connecting, open_client

VECTORS = "tests.protocol.test_vectors_engine:"
POLLING = "tests.transports.test_polling:"
CONNECTOR = "tests.fronts.test_connector:"
NETWORK = "tests.faults.test_network:"
UPGRADE = f"{CONNECTOR}test_session_of_a_handshake_goes_on_over_a_probed_websocket"

CASES = {
    # Engine.IO 3 and 4, and the first half of the suite of Socket.IO 5
    "handshake, polling: opens a session": f"{VECTORS}test_a_handshake",
    "handshake, polling: invalid EIO, transport, method": "test_a_handshake_that_the_server_refuses",
    "handshake, websocket: opens a session": "test_a_websocket_opens_a_session",
    "handshake, websocket: invalid EIO, transport": f"{CONNECTOR}test_error_of_the_only_transport_says_why",
    "message, polling: one packet, several, text and binary": "test_payloads_in_both_directions",
    "message, polling: invalid packet": "test_an_invalid_packet_of_engine_io",
    "message, polling: duplicate polls": f"{NETWORK}test_f14_there_are_never_two_polls_at_once",
    "message, polling: cancelled poll": f"{POLLING}test_a_wake_does_not_give_up_the_poll",
    "message, websocket: text, binary": "test_messages_over_a_websocket",
    "message, websocket: invalid packet": "test_an_invalid_packet_of_engine_io",
    "heartbeat: ping and pong": "test_three_heartbeats",
    "heartbeat: closes upon a time-out": "test_a_time_out",
    "close": "test_closing",
    "upgrade": UPGRADE,
    "upgrade: no poll, no second websocket afterwards": UPGRADE,
    # Socket.IO 5
    "connect: main namespace, with and without a payload": "test_connecting_to_the_main_namespace",
    "connect: custom namespace, with and without a payload": "test_connecting_to_a_custom_namespace",
    "connect: unknown namespace": "test_connecting_to_an_unknown_namespace",
    "connect: invalid handshake": "test_an_invalid_reply_to_a_join",
    "connect: no handshake": "test_no_reply_to_a_join",
    "disconnect: main namespace": "test_disconnecting_from_the_main_namespace",
    "disconnect: custom namespace": "test_disconnecting_from_a_custom_namespace",
    "message: plain text": "test_a_plain_message",
    "message: binary attachments": "test_a_message_with_attachments",
    "message: plain text with an ack": "test_a_plain_message_with_an_ack",
    "message: binary attachments with an ack": "test_a_message_with_attachments_and_an_ack",
    "message: invalid packet type, payload, ack id": "test_an_invalid_packet_of_socket_io",
}

ENGINES = pytest.mark.parametrize("engine", [engine_alone(3), engine_alone(4)], ids=["3", "4"])
OPEN_PACKET = '0{"sid":"x","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}'


@pytest.mark.parametrize("case", CASES)
def test_every_case_has_its_test(case):
    module, _, name = CASES[case].rpartition(":")
    assert callable(getattr(importlib.import_module(module or __name__), name))


# Engine.IO


@ENGINES
def test_a_handshake_that_the_server_refuses(engine):
    (request,) = engine.requests("engine.io")
    assert request.path == f"/engine.io/?EIO={engine.dialect.number}&transport=polling"
    for code, message in ((0, "Transport unknown"), (2, "Bad handshake method"), (3, "Bad request")):
        with pytest.raises(HandshakeRejected, match=message):
            engine.read_handshake(400, f'{{"code":{code},"message":"{message}"}}')


@ENGINES
def test_a_websocket_opens_a_session(engine):
    path = engine.direct_path("engine.io", "websocket")
    assert path == f"/engine.io/?EIO={engine.dialect.number}&transport=websocket"
    handshake = engine.read_open_packet([OPEN_PACKET])
    assert (handshake.session_id, handshake.transports) == ("x", ("websocket",))
    assert (handshake.ping_interval, handshake.heartbeat_timeout, handshake.max_payload) == (0.3, 0.5, 1_000_000)


@pytest.mark.parametrize(
    ("engine", "sent", "received", "data"),
    [
        (3, "6:4hello", "6:4hello", ["hello"]),
        (3, "6:4test16:4test26:4test3", "6:4test16:4test26:4test3", ["test1", "test2", "test3"]),
        (3, b"\0\6\xff4hello\1\5\xff\4\1\2\3\4", "6:4hello10:b4AQIDBA==", ["hello", b"\1\2\3\4"]),
        (4, "4hello", "4hello", ["hello"]),
        (4, "4test1\x1e4test2\x1e4test3", "4test1\x1e4test2\x1e4test3", ["test1", "test2", "test3"]),
        (4, "4hello\x1ebAQIDBA==", "4hello\x1ebAQIDBA==", ["hello", b"\1\2\3\4"]),
    ],
)
def test_payloads_in_both_directions(engine, sent, received, data):
    opening = engine_alone(engine)
    client, framing = open_client(opening, "0"), opening.framing("xhr-polling", HANDSHAKE)
    for value in data:
        client.push(Message(value), 0.0)
    assert list(framing.bodies(client.frames_to_send())) == [sent]
    client.receive(framing.decode_payload(received), 0.0)
    assert client.notices() == [Message(value) for value in data]


@ENGINES
def test_messages_over_a_websocket(engine):
    client = open_client(engine, "0")
    data = b"\1\2\3\4"
    for value, frame in (("hello", "4hello"), (data, b"\4" + data if engine.dialect.number == 3 else data)):
        client.push(Message(value), 0.0)
        assert client.frames_to_send() == [frame]
        client.receive([frame], 0.0)
        assert client.notices() == [Message(value)]


@ENGINES
def test_an_invalid_packet_of_engine_io(engine):
    """The suite's server ends the session; this client drops the packet and reports it."""
    client = open_client(engine, "0")
    client.receive(["abc", "4goes on"], 0.0)
    dropped, message = client.notices()
    assert isinstance(dropped, Dropped)
    assert message == Message("goes on")


@ENGINES
def test_three_heartbeats(engine):
    client = open_client(engine, "0")
    ping, pong = ("2", "3")
    for count in (1, 2, 3):
        now = count * 25.0
        if engine.dialect.number == 3:
            client.handle_timeout(now)
            assert client.frames_to_send() == [ping]
            client.receive([pong], now)
        else:
            client.receive([ping], now)
            client.handle_timeout(now)
            assert client.frames_to_send() == [pong]
    assert client.notices() == []
    assert client.phase is Phase.OPEN


@ENGINES
def test_a_time_out(engine):
    client = open_client(engine, "0")
    for now in (25.0, 45.9, 46.0):
        assert client.phase is Phase.OPEN
        client.handle_timeout(now)
    assert client.phase is Phase.WAITING


@ENGINES
def test_closing(engine):
    client = connecting(engine)
    client.transport_opened(HANDSHAKE, "xhr-polling", 0.0)
    client.receive(["0", "6"], 0.0)  # a noop, with which the server ends a poll, means nothing
    client.disconnect()
    assert client.frames_to_send() == ["1"]
    client = open_client(engine, "0")
    client.receive(["1"], 0.0)
    assert client.phase is Phase.WAITING


# Socket.IO


@pytest.fixture(params=[4, 5])
def number(request):
    return request.param


@pytest.fixture
def client(number):
    return open_client(revision4(), "40") if number == 4 else open_client(revision5(), JOINED)


def confirmation(number, endpoint=""):
    """Return the frame with which the server accepts a join."""
    name = f"{endpoint}," if endpoint else ""
    return f"40{name}" + ('{"sid":"s"}' if number == 5 else "")


@pytest.mark.parametrize(("auth", "sent"), [(None, "40"), ({"token": "123"}, '40{"token":"123"}')])
def test_connecting_to_the_main_namespace(number, auth, sent):
    client = connecting(revision5() if number == 5 else revision4())
    client.endpoints.default.auth = auth
    client.transport_opened(HANDSHAKE, "websocket", 0.0)
    assert client.frames_to_send() == ([sent] if number == 5 else [])  # the older one joins it unasked
    client.receive([confirmation(number), '42["auth",{}]'], 0.0)
    assert client.notices()[1:] == [Connected(""), event("auth", {})]


def test_connecting_to_a_custom_namespace(number, client):
    for endpoint, auth in (("/custom", None), ("/other", {"token": "abc"} if number == 5 else None)):
        client.join(endpoint, "", None, 0.0, auth)
        assert client.frames_to_send() == [f"40{endpoint}," + ('{"token":"abc"}' if auth else "")]
        client.receive([confirmation(number, endpoint), f'42{endpoint},["auth",{{}}]'], 0.0)
        assert client.notices() == [Connected(endpoint), Event("auth", [{}], endpoint)]


def test_connecting_to_an_unknown_namespace(number, client):
    endpoint = client.join("/random", "", None, 0.0)
    assert client.frames_to_send() == ["40/random,"]
    refusal = '{"message":"Invalid namespace"}' if number == 5 else '"Invalid namespace"'
    client.receive([f"44/random,{refusal}"], 0.0)
    assert isinstance(endpoint.error, ChannelError)
    assert "Invalid namespace" in str(endpoint.error)
    assert client.phase is Phase.OPEN


def test_an_invalid_reply_to_a_join():
    client = connecting(revision5())
    link(client, 0.0, "4abc", handshake=HANDSHAKE)
    assert len(of(Dropped, client)) == 1
    client.receive([JOINED], 0.0)
    assert client.phase is Phase.OPEN


def test_no_reply_to_a_join():
    client = connecting(revision5(), connect_timeout=5.0)
    link(client, 0.0, handshake=HANDSHAKE)
    client.handle_timeout(4.9)
    assert client.phase is Phase.JOINING
    client.handle_timeout(5.0)
    (ended,) = of(Ended, client)
    assert isinstance(ended.error, ConnectError)


def test_disconnecting_from_the_main_namespace(number, client):
    client.receive(["41"], 0.0)
    assert client.phase is Phase.CLOSED
    client = connecting(revision5() if number == 5 else revision4())
    client.transport_opened(HANDSHAKE, "xhr-polling", 0.0)
    client.receive([confirmation(number)], 0.0)
    client.frames_to_send()
    client.disconnect()
    assert client.frames_to_send() == ["41", "1"]


def test_disconnecting_from_a_custom_namespace(number, client):
    client.join("/custom", "", None, 0.0)
    client.receive([confirmation(number, "/custom")], 0.0)
    client.leave(joined(client, "/custom"))
    client.push(event("message", "message to main namespace"), 0.0)
    sent = ["40/custom,", "41/custom,", '42["message","message to main namespace"]']
    assert [frame for frame in client.frames_to_send() if not isinstance(frame, Ping)] == sent
    client.notices()
    client.receive(['42["message-back","message to main namespace"]', '42/custom,["late"]'], 0.0)
    assert client.notices() == [event("message-back", "message to main namespace")]


TWO = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'


def attachments(number):
    return [b"\4" + data if number == 4 else data for data in (b"\1\2\3", b"\4\5\6")]


def test_a_plain_message(client):
    args = [1, "2", {"3": [True]}]
    client.push(event("message", *args), 0.0)
    assert client.frames_to_send() == ['42["message",1,"2",{"3":[true]}]']
    client.receive(['42["message-back",1,"2",{"3":[true]}]'], 0.0)
    assert client.notices() == [event("message-back", *args)]


def test_a_message_with_attachments(number, client):
    client.push(event("message", b"\1\2\3", b"\4\5\6"), 0.0)
    assert client.frames_to_send() == [f'452-["message",{TWO}]', *attachments(number)]
    client.receive([f'452-["message-back",{TWO}]', *attachments(number)], 0.0)
    assert client.notices() == [event("message-back", b"\1\2\3", b"\4\5\6")]


def test_a_plain_message_with_an_ack(client):
    client.push(event("message-with-ack", 1, "2", {"3": [False]}, id=456, wants_data=True), 0.0, waiter="waiter")
    assert client.frames_to_send() == ['42456["message-with-ack",1,"2",{"3":[false]}]']
    client.receive(['43456[1,"2",{"3":[false]}]'], 0.0)
    assert client.notices() == [Acknowledged("waiter", [1, "2", {"3": [False]}])]


def test_a_message_with_attachments_and_an_ack(number, client):
    client.push(event("message-with-ack", b"\1\2\3", b"\4\5\6", id=789, wants_data=True), 0.0, waiter="waiter")
    assert client.frames_to_send() == [f'452-789["message-with-ack",{TWO}]', *attachments(number)]
    client.receive([f"462-789[{TWO}]", *attachments(number)], 0.0)
    assert client.notices() == [Acknowledged("waiter", [b"\1\2\3", b"\4\5\6"])]


@pytest.mark.parametrize("frame", ["4abc", "42{}", '42abc["message-with-ack",1,"2",{"3":[false]}]'])
def test_an_invalid_packet_of_socket_io(client, frame):
    client.receive([frame, '42["goes on"]'], 0.0)
    dropped, following = client.notices()
    assert isinstance(dropped, Dropped)
    assert following == event("goes on")
