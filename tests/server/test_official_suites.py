"""The cases of the official protocol test suites for servers, as data, driven against our server.

The suites are in socketio/socket.io: docs/engine.io-protocol/v3-test-suite and v4-test-suite, and
docs/socket.io-protocol/v5-test-suite. A case is what its client does and sees, step by step. In the steps, SID is the
id of the session that polling has opened; what is expected is a text, bytes, or a pattern.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from contextlib import suppress

import pytest
import websocket

from sioclient.server import SocketConnection, event
from sioclient.server.sessionbase import LinkKind
from tests.waiting import FAR, PATIENCE, eventually

INTERVAL, TIMEOUT = 0.3, 0.6
PATHS = {3: "/socket.io/?EIO=3&transport=", 4: "/socket.io/?EIO=4&transport="}
BINARY = bytes([4, 5, 6])
ATTACHED = '[{0}{{"_placeholder":true,"num":0}},{{"_placeholder":true,"num":1}}]'


class Application(SocketConnection):
    """The application that the suites ask for."""

    def on_open(self, request):
        self.emit("auth", dict(request.auth))

    @event
    def message(self, *args):
        self.emit("message-back", *args)

    @event("message-with-ack")
    def acknowledge(self, *args):
        return args


class Main(Application):
    endpoints = {"/custom": Application}  # noqa: RUF012


# The steps. Each is a function of the peer.


def opens(query="", *, engine=4, pattern=None):
    """Open a session by polling."""

    def step(peer):
        status, body = peer.request("GET", f"{PATHS[engine]}polling{query}")
        assert status == 200
        assert re.fullmatch(pattern or r"0\{.*\}" if engine == 4 else r"\d+:0\{.*", body.decode())
        fields = json.loads(re.search(r"\{.*?\}", body.decode())[0])
        assert fields["upgrades"] == ["websocket"]
        assert (fields["pingInterval"], fields["pingTimeout"]) == tuple(round(time * 1000) for time in peer.times)
        assert fields.get("maxPayload") == (1_000_000 if engine == 4 else None)
        peer.sid, peer.engine = fields["sid"], engine

    return step


def asks(method, path, status, body=None, sent=None):
    """Make a request, and see the status and the body."""

    def step(peer):
        seen, found = peer.request(method, path.replace("SID", peer.sid), sent)
        assert seen == status, found
        if body is not None:
            assert matches(found, body)

    return step


def polls(body=None, status=200):
    return lambda peer: asks("GET", f"{PATHS[peer.engine]}polling&sid=SID", status, body)(peer)


def posts(sent, body="ok", status=200):
    return lambda peer: asks("POST", f"{PATHS[peer.engine]}polling&sid=SID", status, body, sent)(peer)


def meanwhile(step):
    """Begin a poll, and take the steps that follow while the server holds it."""

    def start(peer):
        thread = threading.Thread(target=lambda: peer.outcomes.append(step(peer)))
        thread.start()
        peer.threads.append(thread)
        is_carried(LinkKind.POLL)(peer)

    return start


def is_carried(kind):
    """Wait until the server knows what carries the session: it reads its connections in no order."""
    return lambda peer: eventually(lambda: peer.carrier() is kind, f"{kind} as what carries the session")


def joins(peer):
    """Wait for the steps that were taken meanwhile."""
    count = len(peer.threads)
    while peer.threads:
        peer.threads.pop().join(PATIENCE)
    assert len(peer.outcomes) == count


def gives_up_a_poll(peer):
    connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=PATIENCE)
    connection.request("GET", f"{PATHS[peer.engine]}polling&sid={peer.sid}")
    is_carried(LinkKind.POLL)(peer)
    connection.close()
    eventually(lambda: peer.carrier() is not LinkKind.POLL, "the end of the poll")


def connects(path="", name="ws", engine=4):
    """Open a websocket."""

    def step(peer):
        url = f"ws://127.0.0.1:{peer.port}{path or PATHS[engine] + 'websocket'}".replace("SID", peer.sid)
        peer.sockets[name] = websocket.create_connection(url, timeout=PATIENCE)

    return step


def does_not_connect(path):
    """See that no websocket opens at a path."""
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    upgrade["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="

    def step(peer):
        assert peer.request("GET", path.replace("SID", peer.sid), headers=upgrade)[0] == 400

    return step


def says(*frames, name="ws"):
    def step(peer):
        for frame in frames:
            (peer.sockets[name].send_binary if isinstance(frame, bytes) else peer.sockets[name].send)(frame)

    return step


def hears(*expected, name="ws"):
    def step(peer):
        for frame in expected:
            assert matches(peer.sockets[name].recv(), frame)

    return step


def is_closed(name="ws"):
    """The server closes the websocket, whatever it says before."""

    def step(peer):
        with suppress(websocket.WebSocketConnectionClosedException, ConnectionError):
            while peer.sockets[name].recv():
                pass

    return step


def is_forgotten(peer):
    """Poll, but send no ping and no pong, until the server does not know the session."""
    path = f"{PATHS[peer.engine]}polling&sid={peer.sid}"
    eventually(lambda: peer.request("GET", path)[0] == 400, "the end of the session")


def matches(found, expected):
    if isinstance(expected, re.Pattern):
        text = found.decode() if isinstance(found, bytes) else found
        return expected.fullmatch(text) is not None
    found = found.decode() if isinstance(found, bytes) and isinstance(expected, str) else found
    assert found == expected
    return True


class Peer:
    """A client that knows nothing of the protocol."""

    def __init__(self, server, times):
        self.server, self.port, self.sid, self.engine, self.times = server, server.port, "", 4, times
        self.sockets, self.threads, self.outcomes = {}, [], []

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def carrier(self):
        """Return what carries the session, as the server sees it; None: it knows no such session."""
        client = self.server.call(self.server.router._hub.clients.get, self.sid)
        return client and client.session.link

    def close(self):
        for socket in self.sockets.values():
            socket.close(timeout=0)
            socket.shutdown()


OPEN = re.compile(r'0\{"sid":"[\w-]+","upgrades":\[\],"pingInterval":\d+,"pingTimeout":\d+(,"maxPayload":1000000)?\}')
JOINED = re.compile(r'40(/custom,)?\{"sid":"[\w-]+"\}')
UPGRADED = [opens(), connects(PATHS[4] + "websocket&sid=SID"), says("2probe"), hears("3probe")]
WEBSOCKET = [connects(), hears(OPEN)]
JOINS = [*WEBSOCKET, says("40"), hears(JOINED, '42["auth",{}]')]


def bad_requests(engine):
    """Return the requests that no session can be opened with."""
    path = f"/socket.io/?EIO={engine}"
    wrong = [asks("GET", path, 400), asks("GET", path + "&transport=abc", 400)]
    wrong += [asks(method, PATHS[engine] + "polling", 400) for method in ("POST", "PUT")]
    return wrong


ANY_ENGINE = [
    asks("GET", "/socket.io/?transport=polling", 400),
    asks("GET", "/socket.io/?EIO=abc&transport=polling", 400),
    does_not_connect("/socket.io/?transport=websocket"),
    does_not_connect("/socket.io/?EIO=abc&transport=websocket"),
]

CASES = {
    # Engine.IO 4, in the halves of the suites of Engine.IO and of Socket.IO
    "handshake, polling": [opens()],
    "handshake, polling: invalid requests": bad_requests(4),
    "handshake: invalid EIO": ANY_ENGINE,
    "handshake, websocket": WEBSOCKET,
    "handshake, websocket: invalid transport": [
        does_not_connect("/socket.io/?EIO=4"),
        does_not_connect("/socket.io/?EIO=4&transport=abc"),
    ],
    "message, polling: one packet": [opens(), posts("40"), polls(re.compile('40.*\x1e42\\["auth",{}\\]'))],
    "message, polling: several packets": [
        opens(),
        posts('40\x1e42["message",1]\x1e42["message",2]'),
        polls(re.compile('40[^\x1e]*\x1e42\\["auth",{}\\]\x1e42\\["message-back",1\\]\x1e42\\["message-back",2\\]')),
    ],
    "message, polling: text and binary": [
        opens(),
        posts('40\x1e451-["message",{"_placeholder":true,"num":0}]\x1ebAQIDBA=='),
        polls(re.compile('40.*\x1e42.*\x1e451-\\["message-back",{"_placeholder":true,"num":0}\\]\x1ebAQIDBA==')),
    ],
    "message, polling: invalid packet": [opens(), posts("abc", re.compile(".*"), 400), polls(status=400)],
    "message, polling: duplicate polls": [
        opens(),
        meanwhile(polls("1")),
        polls(status=400),
        joins,
        polls(status=400),
    ],
    "message, polling: cancelled poll": [opens(), gives_up_a_poll, polls(status=400)],
    "message, websocket: invalid packet": [*WEBSOCKET, says("abc"), is_closed()],
    "heartbeat, polling": [opens(), *[polls("2"), posts("3")] * 3],
    "heartbeat, polling: time-out": [opens(), is_forgotten],
    "heartbeat, websocket": [*WEBSOCKET, *[hears("2"), says("3")] * 3],
    "heartbeat, websocket: time-out": [*WEBSOCKET, is_closed()],
    "close, polling": [opens(), meanwhile(polls("6")), posts("1"), joins, polls(status=400)],
    "close, websocket": [*WEBSOCKET, says("1"), is_closed()],
    "upgrade": [
        *UPGRADED,
        polls("6"),
        says("5", "40", '42["message","hello"]'),
        hears(JOINED, '42["auth",{}]', '42["message-back","hello"]'),
    ],
    "upgrade: no request with the same sid": [
        *UPGRADED,
        says("5"),
        is_carried(LinkKind.STREAM),
        polls(status=400),
        says("40"),
        hears(JOINED),
    ],
    "upgrade: no second websocket with the same sid": [
        *UPGRADED,
        says("5"),
        is_carried(LinkKind.STREAM),
        does_not_connect(PATHS[4] + "websocket&sid=SID"),
        says("40"),
        hears(JOINED),
    ],
    # Engine.IO 3
    "3: handshake, polling": [opens(engine=3)],
    "3: handshake, polling: invalid requests": bad_requests(3),
    "3: handshake, websocket": [connects(engine=3), hears(OPEN, "40", '42["auth",{}]')],
    "3: handshake, websocket: invalid transport": [
        does_not_connect("/socket.io/?EIO=3"),
        does_not_connect("/socket.io/?EIO=3&transport=abc"),
    ],
    "3: message, polling: several packets": [
        opens(engine=3),
        posts('15:42["message",1]15:42["message",2]'),
        polls(re.compile(r'20:42\["message-back",1\]20:42\["message-back",2\]')),
    ],
    "3: message, polling: base64": [
        opens("&b64=1", engine=3),
        posts('45:451-["message",{"_placeholder":true,"num":0}]10:b4AQIDBA=='),
        polls(re.compile(r'50:451-\["message-back",.*\]10:b4AQIDBA==')),
    ],
    "3: message, polling: invalid packet": [
        opens(engine=3),
        posts("abc", re.compile(".*"), 400),
        polls(status=400),
    ],
    "3: message, websocket: invalid packet": [connects(engine=3), hears(OPEN), says("abc"), is_closed()],
    "3: heartbeat, polling": [opens(engine=3), *[posts("1:2"), polls("1:3")] * 3],
    "3: heartbeat, polling: time-out": [opens(engine=3), is_forgotten],
    "3: heartbeat, websocket": [connects(engine=3), hears(OPEN, "40", re.compile(".*")), *[says("2"), hears("3")] * 3],
    "3: heartbeat, websocket: time-out": [connects(engine=3), is_closed()],
    "3: close, websocket": [connects(engine=3), says("1"), is_closed()],
    # Socket.IO 5
    "connect: main namespace": JOINS,
    "connect: main namespace with a payload": [
        *WEBSOCKET,
        says('40{"token":"123"}'),
        hears(JOINED, '42["auth",{"token":"123"}]'),
    ],
    "connect: custom namespace": [*WEBSOCKET, says("40/custom,"), hears(JOINED, '42/custom,["auth",{}]')],
    "connect: custom namespace with a payload": [
        *WEBSOCKET,
        says('40/custom,{"token":"abc"}'),
        hears(JOINED, '42/custom,["auth",{"token":"abc"}]'),
    ],
    "connect: unknown namespace": [
        *WEBSOCKET,
        says("40/random"),
        hears('44/random,{"message":"Invalid namespace"}'),
    ],
    "connect: invalid handshake": [*WEBSOCKET, says("4abc"), is_closed()],
    "connect: no handshake": [connects(), is_closed()],
    "disconnect: main namespace": [*JOINS, says("41", "40"), hears(JOINED, '42["auth",{}]')],
    "disconnect: custom namespace": [
        *JOINS,
        says("40/custom"),
        hears(JOINED, '42/custom,["auth",{}]'),
        says("41/custom", '42["message","message to main namespace"]'),
        hears('42["message-back","message to main namespace"]'),
    ],
    "message: plain text": [
        *JOINS,
        says('42["message",1,"2",{"3":[true]}]'),
        hears('42["message-back",1,"2",{"3":[true]}]'),
    ],
    "message: binary attachments": [
        *JOINS,
        says("452-" + ATTACHED.format('"message",'), bytes([1, 2, 3]), BINARY),
        hears("452-" + ATTACHED.format('"message-back",'), bytes([1, 2, 3]), BINARY),
    ],
    "message: plain text with an ack": [
        *JOINS,
        says('42456["message-with-ack",1,"2",{"3":[false]}]'),
        hears('43456[1,"2",{"3":[false]}]'),
    ],
    "message: binary attachments with an ack": [
        *JOINS,
        says("452-789" + ATTACHED.format('"message-with-ack",'), bytes([1, 2, 3]), BINARY),
        hears("462-789" + ATTACHED.format(""), bytes([1, 2, 3]), BINARY),
    ],
    "message: invalid packet type": [*JOINS, says("4abc"), is_closed()],
    "message: invalid payload": [*JOINS, says("42{}"), is_closed()],
    "message: invalid ack id": [*JOINS, says('42abc["message-with-ack",1]'), is_closed()],
}


def times_of(case):
    """Return seconds between heartbeats, and for the client to take one: no ping comes where none is awaited."""
    if case.endswith("time-out"):
        return INTERVAL, TIMEOUT
    return (INTERVAL, FAR) if "heartbeat" in case else (FAR, FAR)


@pytest.mark.parametrize("case", CASES)
def test_a_case_of_the_suites(own_socket_server, case):
    interval, timeout = times = times_of(case)
    settings = {"heartbeat_interval": interval, "heartbeat_timeout": timeout, "max_message_size": 1_000_000}
    if case == "connect: no handshake":
        settings["handshake_timeout"] = 0.4
    peer = Peer(own_socket_server(Main, **settings), times)
    try:
        for step in CASES[case]:
            step(peer)
    finally:
        peer.close()
