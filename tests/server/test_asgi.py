"""A router as an application of ASGI, under uvicorn and hypercorn, beside and below Starlette."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import socket
import threading
from contextlib import ExitStack, closing, contextmanager

import hypercorn.asyncio
import hypercorn.config
import pytest
import uvicorn
import websocket
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from sioclient import ConnectError, HandshakeRejected, SocketIO
from sioclient.server import Router, SocketConnection, asgisocket, event
from sioclient.server.engineweb import EngineWebSocket
from tests.conftest import Recorder
from tests.waiting import FAR, PATIENCE, eventually, happened, joined

PAIRS = [(1, name) for name in ("websocket", "xhr-polling", "jsonp-polling", "htmlfile")]
PAIRS += [(revision, name) for revision in (4, 5) for name in ("websocket", "polling")]

CALM = {"heartbeat_interval": FAR, "heartbeat_timeout": FAR}


class Desk(SocketConnection):
    left = threading.Event()

    @event
    def sum(self, a, b):
        self.emit("added", a)
        return a + b

    @event
    def echo(self, value):
        return value

    @event
    def leave(self):
        self.close()

    def on_close(self, reason):
        self.left.set()


@pytest.fixture(autouse=True)
def left():
    Desk.left = threading.Event()
    return Desk.left


@contextmanager
def under_uvicorn(app):
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        eventually(lambda: server.started, "uvicorn")
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        joined(thread, expect=5)


@contextmanager
def under_hypercorn(app):
    bound = socket.create_server(("127.0.0.1", 0))
    config = hypercorn.config.Config()
    config.bind, config.errorlog, config.graceful_timeout = [f"fd://{bound.fileno()}"], None, 0.2
    loops, started, stop = [], threading.Event(), asyncio.Event()

    async def serve():
        loops.append(asyncio.get_running_loop())
        loops[0].call_soon(started.set)
        await hypercorn.asyncio.serve(app, config, shutdown_trigger=stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        happened(started, "hypercorn")
        yield bound.getsockname()[1]
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        joined(thread, expect=5)
        bound.detach()  # hypercorn has closed it


SERVERS = {"uvicorn": under_uvicorn, "hypercorn": under_hypercorn}


@pytest.fixture(params=SERVERS)
def serve(request):
    """Start an application of ASGI under each server; return its port."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(SERVERS[request.param](app))


@pytest.fixture
def serve_once():
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(under_uvicorn(app))


@pytest.mark.parametrize(("revision", "transport"), PAIRS)
def test_every_generation_over_every_transport(serve, revision, transport, left):
    port, recorder = serve(Router(Desk, **CALM).asgi()), Recorder()
    with SocketIO("127.0.0.1", port, recorder, revision=revision, transports=(transport,)) as s:
        assert s.call("sum", 1, 2, timeout=PATIENCE) == 3
        assert recorder.next("added") == ("added", 1)
        big = {"text": "\u00fc\u2028" * 20_000}
        assert s.call("echo", big, timeout=PATIENCE) == big
        if revision > 1:
            assert s.call("echo", b"\0\xff", timeout=PATIENCE) == b"\0\xff"
        assert s.transport_name.endswith(transport)
    happened(left, "the end of the session")


@pytest.mark.parametrize(("revision", "transport"), PAIRS)
def test_a_client_that_is_kicked_hears_it(serve_once, revision, transport, left):
    port = serve_once(Router(Desk, **CALM).asgi())
    with SocketIO("127.0.0.1", port, revision=revision, transports=(transport,)) as s:
        s.emit("leave")
        assert s.wait(PATIENCE) == "server"
    happened(left, "the end of the session")


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_client_that_was_cut_comes_back(serve, transport):
    recorder, seen = Recorder(), {}

    class Cut(Desk):
        @event
        def cut(self):
            seen["first"] = self.session_id
            asyncio.get_running_loop().call_later(0.02, router.cut, self.session_id)

    router = Router(Cut, **CALM)
    port = serve(router.asgi())
    with SocketIO("127.0.0.1", port, recorder, transports=(transport,), reconnection_delay=0.05) as s:
        s.emit("cut")
        recorder.next("reconnect")
        assert s.call("sum", 1, 2, timeout=PATIENCE) == 3
        assert s.session_id != seen["first"]


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("revision", [1, 5])
def test_who_is_not_let_in_is_told(serve, revision, transport):
    port = serve(Router(Desk, authorization=lambda request: False).asgi())
    with pytest.raises(HandshakeRejected) as refused:
        SocketIO("127.0.0.1", port, revision=revision, transports=(transport,))
    assert refused.value.status == 403


def get(port, path, method="GET", body=None, **headers):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode()


def test_beside_another_application(left):
    told = []

    class Life:
        async def __aenter__(self):
            told.append("begun")

        async def __aexit__(self, *_):
            told.append(("ended", left.is_set()))

    page = Route("/about", lambda request: PlainTextResponse("a page"))
    other = Starlette(routes=[page], lifespan=lambda app: Life())
    with ExitStack() as stack:
        port = stack.enter_context(under_uvicorn(Router(Desk, **CALM).asgi(other)))
        assert get(port, "/about") == (200, "a page")
        assert get(port, "/nosuch") == (404, "Not Found")
        s = stack.enter_context(SocketIO("127.0.0.1", port, reconnect=False, transports=("polling",)))
        assert s.call("sum", 1, 2) == 3
    assert told[0] == "begun"
    assert told[-1] == ("ended", True)


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize(("mount", "path"), [("/", ""), ("/deep", "/deep"), ("/socket.io", "")])
def test_below_another_application(serve_once, mount, path, transport):
    port = serve_once(Starlette(routes=[Mount(mount, app=Router(Desk, **CALM).asgi())]))
    for revision in (1, 5):
        with SocketIO(f"http://127.0.0.1:{port}{path}", revision=revision, transports=(transport,)) as s:
            assert s.call("sum", 1, 2, timeout=PATIENCE) == 3


def test_alone_there_is_nothing_else(serve):
    assert get(serve(Router(Desk).asgi()), "/about")[0] == 404


@pytest.mark.parametrize("path", ["/about", "/socket.io/1/"])
def test_s15_a_body_for_nobody_causes_no_record(path, caplog):
    scope = {"method": "POST", "path": path}
    scope["headers"] = [(b"host", b"x"), (b"content-type", b"multipart/form-data")]
    body = {"type": "http.request", "body": b"a=b"}
    begun, *_ = asyncio.run(carried(Router(Desk, revisions=(5,)).asgi(), scope, body))
    assert begun["status"] in (400, 404)
    assert caplog.records == []


def test_a_session_that_was_polled_goes_on_over_a_websocket(serve):
    port = serve(Router(Desk, **CALM).asgi())
    sid = json.loads(get(port, "/socket.io/?EIO=4&transport=polling")[1][1:])["sid"]
    url = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket&sid={sid}"
    with closing(websocket.create_connection(url, timeout=PATIENCE)) as probing:
        probing.send("2probe")
        assert probing.recv() == "3probe"
        probing.send("5")
        probing.send("40")
        assert probing.recv().startswith("40{")
        probing.send('421["sum",1,2]')
        assert [probing.recv(), probing.recv()] == ['42["added",1]', "431[3]"]


def test_what_is_too_large_is_refused(serve):
    port = serve(Router(Desk, max_message_size=1000, **CALM).asgi())
    sid = get(port, "/socket.io/1/")[1].split(":")[0]
    assert get(port, f"/socket.io/1/xhr-polling/{sid}", "POST", "x" * 2000)[0] in (400, 413)
    url = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
    with closing(websocket.create_connection(url, timeout=PATIENCE)) as one:
        assert one.recv().startswith("0{")
        one.send("4" * 2000)
        frame = one.recv_frame()
        assert frame.opcode == websocket.ABNF.OPCODE_CLOSE
        assert int.from_bytes(frame.data[:2], "big") == 1009


def test_transports_that_are_not_offered(serve):
    port = serve(Router(Desk, transports=("xhr-polling",)).asgi())
    sid = get(port, "/socket.io/1/")[1].split(":")[0]
    assert get(port, f"/socket.io/1/htmlfile/{sid}")[0] == 400
    with pytest.raises(websocket.WebSocketException):
        websocket.create_connection(f"ws://127.0.0.1:{port}/socket.io/1/websocket/{sid}")


def test_a_client_that_goes_away_during_a_poll(serve, left):
    port = serve(Router(Desk, **CALM).asgi())
    s = SocketIO("127.0.0.1", port, revision=5, transports=("polling",))
    s.disconnect()
    happened(left, "the end of the session")


def test_a_server_that_stops_ends_the_sessions(left):
    with under_uvicorn(Router(Desk, **CALM).asgi()) as port:
        s = SocketIO("127.0.0.1", port, transports=("websocket",), reconnect=False)
        assert s.call("sum", 1, 2) == 3
    happened(left, "the end of the session")
    with pytest.raises(ConnectError):
        SocketIO("127.0.0.1", port)
    s.disconnect()


async def carried(app, scope, *messages, takes=lambda message: True):
    """Have a server that is made of these messages carry an application; return what it sends."""
    sent, coming = [], list(messages)

    async def receive():
        return coming.pop(0) if coming else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)
        if not takes(message):
            await asyncio.Event().wait()

    usual = {"type": "http", "method": "GET", "path": "/socket.io/1/", "headers": [(b"host", b"x")]}
    await asyncio.wait_for(app({**usual, **scope}, receive, send), PATIENCE)
    return sent


NOTHING = {"type": "http.request"}


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_http_2_has_no_header_about_the_connection(version):
    begun, *_ = asyncio.run(carried(Router(Desk).asgi(), {"http_version": version}, NOTHING))
    assert begun["status"] == 200
    assert (b"connection" in dict(begun["headers"])) is (version == "1.1")


def test_a_request_that_is_none_is_refused():
    begun, end = asyncio.run(carried(Router(Desk).asgi(), {"headers": [(b"host", b"a b")]}, NOTHING))
    assert (begun["status"], end["more_body"]) == (400, False)


def test_a_websocket_is_refused_where_that_has_no_response():
    app = Router(Desk, authorization=lambda request: False).asgi()
    scope = {"type": "websocket", "path": "/socket.io/", "query_string": b"EIO=4&transport=websocket"}
    assert asyncio.run(carried(app, scope, {"type": "websocket.connect"})) == [{"type": "websocket.close"}]


def test_a_client_that_goes_away_in_its_body():
    part = {"type": "http.request", "body": b"5", "more_body": True}
    scope = {"method": "POST", "path": "/socket.io/1/xhr-polling/x"}
    assert asyncio.run(carried(Router(Desk).asgi(), scope, part, {"type": "http.disconnect"})) == []


def test_a_client_that_does_not_read_its_response():
    app, scope = Router(Desk, close_timeout=0.05).asgi(), {"path": "/socket.io/1/xhr-polling/x"}
    sent = asyncio.run(carried(app, scope, NOTHING, takes=lambda message: "body" not in message))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


def test_a_client_that_does_not_read_its_websocket(monkeypatch):
    monkeypatch.setattr(asgisocket, "CLOSE_TIME", 0.05)
    app = Router(Desk, max_message_size=10).asgi()
    scope = {"type": "websocket", "path": "/socket.io/", "query_string": b"EIO=4&transport=websocket"}
    large = {"type": "websocket.receive", "bytes": b"x" * 11}
    comes = ({"type": "websocket.connect"}, large, large)
    sent = asyncio.run(carried(app, scope, *comes, takes=lambda message: message["type"] == "websocket.accept"))
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send"]


def test_a_fault_of_the_server_ends_a_websocket(monkeypatch, caplog):
    monkeypatch.setattr(EngineWebSocket, "on_message", lambda self, message: 1 / 0)
    scope = {"type": "websocket", "path": "/socket.io/", "query_string": b"EIO=4&transport=websocket"}
    comes = ({"type": "websocket.connect"}, {"type": "websocket.receive", "text": "40"})
    with caplog.at_level(logging.ERROR, "sioclient.server"):
        sent = asyncio.run(carried(Router(Desk).asgi(), scope, *comes))
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert "a request failed" in caplog.text


def test_the_life_of_the_server():
    comes = ({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    sent = asyncio.run(carried(Router(Desk).asgi(), {"type": "lifespan"}, *comes))
    assert sent == [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]
