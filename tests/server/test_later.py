"""What applications may rely on with clients of any generation, with our own client as the peer."""

from __future__ import annotations

import asyncio
import base64
import queue
import re
import threading
import time
from socket import create_connection

import pytest

from sioclient import AckTimeout, ChannelError, ConnectError, ConnectionLost, HandshakeRejected, NotConnected
from sioclient.server import Refused, SocketConnection, SocketServer, connection, event
from tests.conftest import Recorder
from tests.server.test_official_suites import PATHS, Peer, connects, hears, says
from tests.waiting import eventually, taken

OPEN = re.compile("0.*")

pytestmark = pytest.mark.usefixtures("no_thread_left")


@pytest.fixture(params=[1, 4, 5])
def revision(request):
    return request.param


@pytest.fixture(params=["websocket", "xhr-polling"])
def transport(request):
    return request.param


@pytest.fixture
def told():
    return queue.Queue()


@pytest.fixture
def serve(own_socket_server, told):
    """Start a server whose connections find ``told`` on their class."""

    def serve(main, **settings):
        Base.told = told
        return own_socket_server(main, **settings)

    return serve


@pytest.fixture
def peer():
    """Make clients that know nothing of the protocol."""
    made = []

    def make(server):
        settings = server.router.settings
        made.append(Peer(server, (settings.heartbeat_interval, settings.heartbeat_timeout)))
        return made[-1]

    yield make
    for each in made:
        each.close()


class Base(SocketConnection):
    told: queue.Queue

    def tell(self, *what):
        self.told.put(what)


def test_the_application_need_not_know_the_generation(serve, told, connect, revision, recorder):
    class Chat(Base):
        def on_open(self, request):
            self.tell("chat", request.get_argument("name"), request.auth["name"])

    class Main(Base):
        endpoints = {"/chat": Chat}  # noqa: RUF012

        def on_open(self, request):
            self.tell("open", self.revision, request.get_argument("token"))

        def on_close(self, reason):
            self.tell("close", reason)

    server = serve(Main)
    socket = connect(server.port, recorder, params={"token": "x"}, revision=revision)
    socket.connect("/chat", query={"name": "ada"})
    assert taken(told) == ("open", revision, "x")
    assert taken(told) == ("chat", "ada", "ada")
    socket.disconnect()
    assert taken(told)[0] == "close"


def test_calls_both_ways(serve, connect, revision):
    class Main(Base):
        @event
        async def ask(self, *args):
            return await self.call("please", *args)

        @event
        def others(self):
            return "also heard"

    socket = connect(serve(Main).port, revision=revision)
    socket.on("please", lambda *args: args[::-1])
    assert socket.call("ask", 1, [2]) == ([2], 1)
    assert socket.call("ask", 1) == 1
    socket.on("please", lambda *args: None)
    assert socket.call("ask") is None


def test_an_event_whose_name_is_no_identifier(serve, told, connect, revision, caplog):
    class Main(Base):
        @event("user:joined")
        def joined(self, name, *more):
            self.tell(name, *more)
            self.emit("user:joined", name)
            return f"{name} joined"

    heard = queue.Queue()
    socket = connect(serve(Main).port, revision=revision)
    socket.on("user:joined", heard.put)
    assert socket.call("user:joined", "Ada") == "Ada joined"
    assert (taken(told), taken(heard)) == (("Ada",), "Ada")
    socket.emit("joined", "Grace")  # the method's own name is not the event's
    socket.emit("user:joined", "Edith", {"from": "ünï"})
    assert (taken(told), taken(heard)) == (("Edith", {"from": "ünï"}), "Edith")
    assert caplog.text.count("'joined'") == 1


def test_a_call_that_fails(serve, told, connect, revision):
    class Main(Base):
        async def on_open(self, request):
            try:
                await self.call("too early")
            except NotConnected:
                self.tell("too early")

        @event
        async def ask(self, timeout):
            self.tell("asked")
            try:
                await self.call("please", timeout=timeout)
            except (AckTimeout, ConnectionLost) as error:
                self.tell(type(error))

        def ask_by_callback(self, **options):
            self.emit("please", callback=self.tell, errback=lambda error: self.tell("back", type(error)), **options)

        @event
        def plainly(self, timeout):
            self.emit("please", callback=self.tell, timeout=timeout)
            self.ask_by_callback(timeout=timeout)

    socket = connect(serve(Main).port, revision=revision)
    assert taken(told) == ("too early",)
    socket.on("please", lambda *args: time.sleep(0.4))
    socket.emit("ask", 0.05)
    assert [taken(told), taken(told)] == [("asked",), (AckTimeout,)]
    socket.emit("plainly", 0.05)
    assert taken(told) == ("back", AckTimeout)
    socket.emit("ask", None)
    assert taken(told) == ("asked",)
    socket.disconnect()
    assert taken(told) == (ConnectionLost,)


def test_what_comes_during_a_call_keeps_its_order(serve, told, connect, revision):
    class Main(Base):
        @event
        async def ask(self):
            self.tell(await self.call("please"))

        @event
        def note(self, number):
            self.tell(number)

    socket = connect(serve(Main).port, revision=revision)

    def reply():
        for number in range(300):
            socket.emit("note", number)
        return "reply"

    socket.on("please", reply)
    socket.emit("ask")
    assert [taken(told) for _ in range(301)] == [("reply",), *[(number,) for number in range(300)]]


def test_a_refusal_with_data(serve, connect, revision):
    class Secret(Base):
        async def on_open(self, request):
            raise Refused("not you", {"code": 7})

    class Main(Base):
        endpoints = {"/secret": Secret}  # noqa: RUF012

        def on_open(self, request):
            return Refused("not today") if request.get_argument("bad") else None

    server = serve(Main)
    socket = connect(server.port, revision=revision)
    with pytest.raises(ChannelError, match="not you" if revision != 4 else "code") as refused:
        socket.connect("/secret")
    assert refused.value.data == ({"code": 7} if revision > 1 else None)
    with pytest.raises((ChannelError, HandshakeRejected), match="not today"):
        connect(server.port, params={"bad": "1"}, revision=revision)


def test_a_room_of_every_generation(serve, connect, told, transport, caplog):
    class Main(Base):
        def on_open(self, request):
            self.join("room")

        @event
        def say(self, *args):
            self.to("room", include_self=True).emit("said", *args)
            self.to("room", include_self=True).send("to all")

    server = serve(Main)
    heard, sockets = [], [connect(server.port, revision=number) for number in (1, 4, 5)]
    for socket in sockets:
        socket.on("said", lambda *args: heard.append(args))
        socket.on("message", heard.append)
    sockets[2].emit("say", "text", b"bytes")
    eventually(lambda: len(heard) == 5, "what two of them can have, and what all can")
    assert (heard.count(("text", b"bytes")), heard.count("to all")) == (2, 3)
    assert "left out the clients of revision 1 in a room: revision 1 (socket.io 0.7 to 0.9) has no bytes" in caplog.text
    assert "or give the server convert_bytes=" in caplog.text
    with pytest.raises(TypeError):
        server.call(server.router.to("room").emit, "x", object())
    with pytest.raises(Exception, match="not JSON"):
        server.call(server.router.to("room", except_=None).emit, "x", float("nan"))


def test_bytes_for_the_oldest_clients(serve, connect):
    class Main(Base):
        @event
        def get(self, kind):
            value = {"deep": [b"\1\2", (b"\3",)]}
            if kind == "ack":
                return (value,)
            self.send(value) if kind == "message" else self.emit("got", value, 1)
            return None

    def convert(data):
        return base64.b64encode(data).decode()

    text = {"deep": ["AQI=", ["Aw=="]]}
    socket, heard = connect(serve(Main, convert_bytes=convert).port, revision=1), []
    socket.on("got", lambda *args: heard.append(args))
    socket.on("message", heard.append)
    assert socket.call("get", "ack") == text
    socket.call("get", "event")
    socket.call("get", "message")
    eventually(lambda: heard == [(text, 1), text], "both")


def test_what_is_volatile_is_forgotten_between_two_polls(serve, told, peer, connect, revision):
    class Main(Base):
        @event
        def hear(self):
            self.emit("news", 1, volatile=True)
            self.others.emit("news", 2, volatile=True)
            self.to("room").emit("news", 3, volatile=True)
            return True

    server = serve(Main)
    socket, heard = connect(server.port, revision=revision), []
    socket.on("news", heard.append)
    poller = peer(server)
    _, body = poller.request("GET", f"{PATHS[3]}polling&b64=1")
    session_id = body.decode().partition('"sid":"')[2].partition('"')[0]
    eventually(lambda: len(server.call(lambda: dict(server.router.clients))) == 2, "both")
    # By polling, the own poll may be between two as well when the first one is sent.
    eventually(lambda: socket.call("hear") and heard, "the own one")
    server.call(server.router.broadcast, "", "later")
    assert b"news" not in poller.request("GET", f"{PATHS[3]}polling&sid={session_id}")[1]
    assert set(heard) == {1}


# Who joins another endpoint than the default one


class Chat(Base):
    async def on_open(self, request):
        await asyncio.sleep(0)
        self.tell("chat", request.auth)


class Porter(Base):
    endpoints = {"/chat": Chat, "/late": Chat}  # noqa: RUF012

    async def on_open(self, request):
        await asyncio.sleep(0)
        self.tell("open", request.auth)
        self.emit("nobody hears")
        if request.auth.get("bad"):
            raise Refused("bad", 7)
        if request.auth.get("slow"):
            await asyncio.sleep(0.05)

    def on_close(self, reason):
        self.tell("close", reason)


def test_the_default_endpoint_is_asked_about_who_joins_another(serve, told, peer):
    client = peer(serve(Porter))
    for step in (connects(), hears(OPEN), says('40/chat,{"bad":1}')):
        step(client)
    hears('44/chat,{"message":"bad","data":7}')(client)
    says('40/chat,{"slow":1}', '40/late,{"a":1}', "40/none")(client)
    joined = [client.sockets["ws"].recv() for _ in range(3)]
    assert [text.partition("{")[0] for text in joined] == ["40/chat,", "40/late,", "44/none,"]
    assert [taken(told) for _ in range(4)] == [
        ("open", {"bad": 1}),
        ("open", {"slow": 1}),
        ("chat", {"slow": 1}),
        ("chat", {"a": 1}),
    ]
    client.close()
    assert taken(told) == ("close", "socket end")


def test_a_porter_that_cannot_be_made(serve, told, peer, caplog):
    class Broken(Base):
        def __init__(self):
            raise RuntimeError("oh no")

    client = peer(serve(Broken))
    for step in (connects(), says("40/chat,")):
        step(client)
    client.sockets["ws"].recv()
    hears('44/chat,{"message":"internal error"}')(client)
    assert "oh no" in caplog.text


# Requests


def test_a_websocket_whose_probe_is_wrong_is_closed(serve, peer):
    server = serve(Base)
    for frames in (["2other"], ["5"], ["2probe", "2probe"]):
        client = peer(server)
        body = client.request("GET", f"{PATHS[4]}polling")[1].decode()
        client.sid = body.partition('"sid":"')[2].partition('"')[0]
        connects(PATHS[4] + "websocket&sid=SID")(client)
        says(*frames)(client)
        while client.sockets["ws"].recv():
            pass


def test_a_probe_that_takes_too_long_is_closed(serve, peer, monkeypatch):
    monkeypatch.setattr("sioclient.server.engineweb.PROBE_TIME", 0.05)
    server = serve(Base)
    client = peer(server)
    body = client.request("GET", f"{PATHS[4]}polling")[1].decode()
    client.sid = body.partition('"sid":"')[2].partition('"')[0]
    connects(PATHS[4] + "websocket&sid=SID")(client)
    says("2probe")(client)
    hears("3probe")(client)
    while client.sockets["ws"].recv():
        pass
    session = next(iter(server.router._hub.clients.values())).session
    eventually(lambda: not session.is_upgrading, "the end of the upgrade")


def upgraded(client):
    """Have a client upgrade its new session to a websocket; return the path of its polls."""
    body = client.request("GET", f"{PATHS[4]}polling")[1].decode()
    client.sid = body.partition('"sid":"')[2].partition('"')[0]
    connects(PATHS[4] + "websocket&sid=SID")(client)
    for step in (says("2probe"), hears("3probe"), says("5")):
        step(client)
    return f"{PATHS[4]}polling&sid={client.sid}"


def test_a_websocket_that_took_over_is_not_closed_as_a_probe(serve, peer, monkeypatch):
    monkeypatch.setattr("sioclient.server.engineweb.PROBE_TIME", 0.05)
    client = peer(serve(Base))
    upgraded(client)
    time.sleep(0.1)
    for step in (says("40"), hears(re.compile("40.*"))):
        step(client)


def test_a_session_on_a_websocket_takes_no_posts_and_polls(serve, peer):
    class Main(Base):
        @event
        def echo(self, *args):
            return args

    client = peer(serve(Main))
    path = upgraded(client)
    says("40")(client)
    hears(re.compile("40.*"))(client)
    assert client.request("POST", path, "41")[0] == 400
    assert client.request("GET", path)[0] == 400
    says('420["echo",1]')(client)
    hears("430[1]")(client)


def test_a_websocket_that_is_lost_during_authorization(serve, peer, told, caplog):
    async def authorize(request):
        told.put("asked")
        await go_on.wait()
        told.put("allowed")
        return True

    server = serve(Base, authorization=authorize)
    go_on = server.call(asyncio.Event)
    client = create_connection(("127.0.0.1", server.port))
    client.sendall(
        f"GET {PATHS[4]}websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert taken(told) == "asked"
    client.close()
    time.sleep(0.1)
    server.call(go_on.set)
    assert taken(told) == "allowed"
    eventually(lambda: not server.call(lambda: dict(server.router._hub.clients)), "the end of the session")
    assert not caplog.records


def test_what_is_refused(serve, peer):
    server = serve(Base, transports=("websocket",), origins=("example.org:*",))
    client, upgrade = peer(server), {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    upgrade["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    good = {**upgrade, "Origin": "http://example.org"}
    assert client.request("GET", f"{PATHS[4]}polling")[0] == 400
    assert client.request("GET", f"{PATHS[4]}websocket", headers=upgrade) == (
        403,
        b'{"code":4,"message":"handshake bad origin"}',
    )
    assert client.request("GET", f"{PATHS[4]}websocket", headers={**good, "Sec-WebSocket-Version": "1"})[0] == 426
    assert client.request("GET", f"{PATHS[4]}websocket&sid=x", headers=good)[0] == 400
    assert client.request("GET", f"{PATHS[4]}polling", headers=good)[0] == 400
    assert client.request("GET", f"{PATHS[4]}websocket")[0] == 400
    eventually(lambda: not server.router._hub.clients, "the end of what no websocket came of")


def test_posts_after_the_end(serve, peer):
    server = serve(Base)
    client = peer(server)
    body = client.request("GET", f"{PATHS[4]}polling")[1].decode()
    session_id = body.partition('"sid":"')[2].partition('"')[0]
    path = f"{PATHS[4]}polling&sid={session_id}"
    assert client.request("POST", path, "40") == (200, b"ok")
    assert client.request("POST", path.replace("polling", "polling&j=0"), "x=1")[0] == 200
    assert client.request("POST", path, "40")[0] == 400
    body = client.request("GET", f"{PATHS[4]}polling")[1].decode()
    session_id = body.partition('"sid":"')[2].partition('"')[0]
    path = f"{PATHS[4]}polling&sid={session_id}"
    server.call(server.router._hub.clients[session_id].kick)
    assert client.request("POST", path, "1") == (200, b"ok")
    assert client.request("GET", path)[0] == 400
    assert client.request("OPTIONS", path)[0] == 200


def test_a_page_of_another_origin_cannot_take_over_a_session(serve, peer):
    server = serve(Base, origins=("example.org:*",))
    client, good = peer(server), {"Origin": "http://example.org"}
    body = client.request("GET", f"{PATHS[4]}polling", headers=good)[1].decode()
    session_id = body.partition('"sid":"')[2].partition('"')[0]
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    upgrade["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    path = f"{PATHS[4]}websocket&sid={session_id}"
    assert client.request("GET", path, headers={**upgrade, "Origin": "http://evil.org"})[0] == 403


def test_only_what_is_named_is_served(serve, connect):
    server = serve(Base, revisions=(5,))
    assert connect(server.port).revision == 5
    server = serve(Base, revisions=(4,))
    assert connect(server.port).revision == 4
    server = serve(Base, revisions=(1, 5))
    assert [connect(server.port, revision=number).revision for number in (None, 1)] == [5, 1]
    with pytest.raises(ConnectError, match="Unsupported protocol version"):
        connect(server.port, revision=4)


def test_clients_come_back_when_the_server_does(connect, revision):
    recorder = Recorder()
    with SocketServer(SocketConnection, 0) as server:
        connect(server.port, recorder, revision=revision, reconnection_delay=0.05)
        recorder.next("connect")
    recorder.next("disconnect")
    with SocketServer(SocketConnection, server.port):
        recorder.next("reconnect")


def test_a_websocket_of_a_client_that_cannot_have_bytes(serve, peer):
    class Main(Base):
        @event
        def echo(self, *args):
            self.emit("echoed", *args)

    client = peer(serve(Main))
    connects(f"{PATHS[3]}websocket&b64=1")(client)
    hears(OPEN, "40")(client)
    says('451-["echo",{"_placeholder":true,"num":0}]', "b4AQI=")(client)
    client.sockets["ws"].close(timeout=0)
    client = peer(serve(Main))
    connects(f"{PATHS[3]}websocket&b64=1")(client)
    hears(OPEN, "40")(client)
    says('451-["echo",{"_placeholder":true,"num":0}]', b"\4\1\2")(client)
    hears('451-["echoed",{"_placeholder":true,"num":0}]', "b4AQI=")(client)


def test_a_page_that_polls_with_scripts(serve, peer):
    class Main(Base):
        @event
        def echo(self, *args):
            self.emit("echoed", *args)

    client = peer(serve(Main))
    body = client.request("GET", f"{PATHS[3]}polling&j=2&b64=1")[1].decode()
    assert body.startswith("___eio[2](")
    path = f"{PATHS[3]}polling&j=2&b64=1&sid={body.partition('sid')[2].split(chr(92))[2][1:]}"
    assert client.request("POST", path, "d=14%3A42%5B%22echo%22%2C%5B1%5D%5D") == (200, b"ok")
    assert client.request("GET", path)[1] == b'___eio[2]("16:42[\\"echoed\\",[1]]");'


def test_a_client_that_sends_faster_than_it_is_handled(serve, told, connect, transport):
    class Main(Base):
        @event
        async def note(self, number, text):
            await asyncio.sleep(0.001)
            self.tell(number)

    socket = connect(serve(Main).port, revision=5, buffer_size=10_000)
    for number in range(200):
        socket.emit("note", number, "x" * 5000)
    assert [taken(told) for _ in range(200)] == [(number,) for number in range(200)]


def test_a_call_that_is_given_up(serve, told, connect, revision):
    class Main(Base):
        @event
        async def ask(self, name):
            try:
                await asyncio.wait_for(self.call(name), 0.05)
            except (TimeoutError, asyncio.TimeoutError):
                self.tell("given up")

    socket, later = connect(serve(Main).port, revision=revision), threading.Event()
    socket.on("please", lambda: later.wait(5))
    socket.emit("ask", "please")
    assert taken(told) == ("given up",)
    later.set()
    assert socket.call("ask", "nobody replies") is None
    assert taken(told) == ("given up",)
    socket.disconnect()


def test_an_event_for_all_is_encoded_once_for_each_dialect(serve, connect, monkeypatch):
    server, heard = serve(Base), queue.Queue()
    for revision in (1, 4, 5) * 2:
        connect(server.port, revision=revision).on("news", heard.put)
    encode, encoded = connection._encoded, []
    monkeypatch.setattr(connection, "_encoded", lambda *args: encoded.append(args[1].dialect.number) or encode(*args))
    server.call(server.router.broadcast, "", "news", "for all")
    assert [taken(heard, "the news") for _ in range(6)] == ["for all"] * 6
    assert sorted(encoded) == [1, 4, 5]
