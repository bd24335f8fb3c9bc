"""The server's URLs, byte for byte as those of socket.io 0.9.19."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
from contextlib import contextmanager
from urllib.parse import quote

import pytest
import websocket

from sioclient.protocol.revisions import revision1
from sioclient.server import SocketConnection, event
from sioclient.server.bodies import PREAMBLE
from tests.servers_py import Task
from tests.waiting import eventually


class Main(SocketConnection):
    def on_open(self, request):
        self.emit("hello")

    @event
    def say(self, *texts):
        for text in texts:
            self.send(text)

    @event
    def kick(self):
        self.close()


HELLO = '5:::{"name":"hello"}'


@pytest.fixture
def server(socket_server):
    return socket_server(Main, polling_duration=0.3)


@pytest.fixture
def ask(raw, server):
    return raw(server)


@contextmanager
def ws(server, session_id, **options):
    connection = websocket.create_connection(
        f"ws://127.0.0.1:{server.port}/socket.io/1/websocket/{session_id}", timeout=20, **options
    )
    try:
        yield connection
    finally:
        connection.shutdown()


def event_frame(name, *args):
    return f"5:::{json.dumps({'name': name, 'args': args})}"


def sessions(server):
    return server.call(lambda: len(server.router._hub.clients))


# Handshake


def test_the_handshake(ask):
    for method, path in (("GET", "/1/"), ("GET", "/1"), ("POST", "/1/"), ("GET", "/1/xhr-polling/")):
        status, headers, body = ask.ask(method, path, b"" if method == "POST" else None)
        assert (status, headers["Content-Type"]) == (200, "text/plain")
        assert body.split(":", 1)[1] == "600:60:websocket,htmlfile,xhr-polling,jsonp-polling"
        assert "Access-Control-Allow-Origin" not in headers
        assert "Server" not in headers
        assert "Etag" not in headers
        assert headers["Connection"] == "keep-alive"


def test_s15_session_ids_have_144_bits(ask):
    ids = {ask.handshake() for _ in range(20)}
    assert len(ids) == 20
    assert {len(name) for name in ids} == {24}  # of 64 characters each


def test_a_session_is_not_taken_for_one_of_a_server_that_counts_bytes(ask):
    opening = revision1()
    assert not opening.dialect.may_count_bytes(opening.read_handshake(200, ask.get("/1/")))


def test_the_handshake_as_a_script(ask):
    status, headers, body = ask.ask("GET", "/1/?jsonp=17")
    assert (status, headers["Content-Type"]) == (200, "application/javascript")
    assert body.startswith('io.j[17]("')
    assert body.endswith(':600:60:websocket,htmlfile,xhr-polling,jsonp-polling");')
    assert ":600:60:" in ask.get("/1/?jsonp=alert(1)")
    assert "alert" not in ask.get("/1/?jsonp=alert(1)")


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("", 200, "Welcome to socket.io."),
        ("/", 200, "Welcome to socket.io."),
        ("/0/", 200, "Welcome to socket.io."),
        ("/2/", 500, "Protocol version not supported."),
        ("/?EIO=4&transport=polling", 200, "Welcome to socket.io."),
    ],
)
def test_paths_that_are_no_handshake(ask, path, status, body):
    response = ask.ask("GET", path)
    assert (response[0], response[2]) == (status, body)


def test_authorization(socket_server, raw):
    async def slowly(request):
        return {"good": True, "bad": False, "text": "not today"}[request.get_argument("token")]

    ask = raw(socket_server(Main, authorization=slowly))
    assert ask.ask("GET", "/1/?token=good")[0] == 200
    for token, status, text in (
        ("bad", 403, "handshake unauthorized"),
        ("text", 500, "handshake error"),
        ("none of them", 500, "handshake error"),
    ):
        response = ask.ask("GET", f"/1/?token={token.replace(' ', '+')}")
        assert (response[0], response[2]) == (status, text)
    assert ask.get("/1/?token=bad&jsonp=4") == 'io.j[4](new Error("handshake unauthorized"));'


def test_s15_origins_at_the_handshake_and_the_websocket(socket_server, raw):
    server = socket_server(Main, origins=("example.org:80",))
    ask, page = raw(server), "http://example.org"
    for headers in ({}, {"Origin": "http://evil.org"}, {"Origin": "null"}):
        status, received, body = ask.ask("GET", "/1/", **headers)
        assert (status, body) == (403, "handshake bad origin")
        assert "Access-Control-Allow-Origin" not in received
    status, headers, body = ask.ask("GET", "/1/", Origin=page)
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, page)
    assert headers["Access-Control-Allow-Credentials"] == "true"
    assert ask.ask("GET", "/1/", Referer=f"{page}/page")[0] == 200
    name = body.split(":")[0]
    for origin in ({"suppress_origin": True}, {"origin": "http://evil.org"}):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused, ws(server, name, **origin):
            pass
        assert refused.value.status_code == 403
    assert ask.get(f"/1/xhr-polling/{name}") == "1::"  # a poll needs the session id only
    with ws(server, name, origin=page) as connection:
        assert connection.recv() == HELLO


def test_a_preflight(ask):
    status, headers, _ = ask.ask("OPTIONS", "/1/", Origin="http://a")
    assert status == 200
    assert headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert headers["Access-Control-Allow-Origin"] == "http://a"


# Polling


def test_xhr_polling(ask):
    name = ask.handshake()
    url = f"/1/xhr-polling/{name}?t=1"
    status, headers, body = ask.ask("GET", url, Origin="http://a")
    assert (status, headers["Content-Type"], body) == (200, "text/plain; charset=UTF-8", "1::")
    assert headers["Connection"] == "keep-alive"
    assert headers["Access-Control-Allow-Origin"] == "http://a"
    assert ask.get(url) == HELLO
    status, headers, body = ask.ask("POST", url, event_frame("say", "a\U0001f600", "\ufffd").encode())
    assert (status, body, headers["Connection"]) == (200, "1", "keep-alive")
    assert ask.get(url) == "\ufffd7\ufffd3:::a\U0001f600\ufffd5\ufffd3:::\ufffd"
    assert ask.get(url) == "8::"  # after the polling duration
    assert ask.post(url, "\ufffd5\ufffd3:1::\ufffd3\ufffd2::") == "1"
    assert ask.get(url) == "6:::1"


def test_jsonp_polling(ask):
    url = f"/1/jsonp-polling/{ask.handshake()}?t=1"
    status, headers, body = ask.ask("GET", f"{url}&i=3")
    assert (status, body) == (200, 'io.j[3]("1::");')
    assert headers["Content-Type"] == "text/javascript; charset=UTF-8"
    assert headers["X-XSS-Protection"] == "0"
    assert ask.get(f"{url}&i=alert(1)") == 'io.j[0]("5:::{\\"name\\":\\"hello\\"}");'
    assert ask.post(url, "d=%228%3A7%3A%3A%22", Content_Type="application/x-www-form-urlencoded") == "1"
    assert ask.get(url) == 'io.j[0]("6:::7");'


def test_htmlfile(server, ask):
    name = ask.handshake()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", f"/socket.io/1/htmlfile/{name}")
    response = connection.getresponse()
    assert response.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert response.headers["Transfer-Encoding"] == "chunked"
    assert response.headers["X-Accel-Buffering"] == "no"
    hello = '<script>_("5:::{\\"name\\":\\"hello\\"}");</script>'
    expected = f'{PREAMBLE}<script>_("1::");</script>{hello}'
    assert response.read(len(expected)).decode() == expected
    assert ask.post(f"/1/htmlfile/{name}", event_frame("say", "</script>")) == "1"
    expected = '<script>_("3:::\\u003c\\/script>");</script>'
    assert response.read(len(expected)).decode() == expected
    connection.sock.close()
    response.close()
    connection.close()
    eventually(lambda: sessions(server) == 0, "the end of the session")


def test_the_end_of_an_htmlfile_ends_the_session(server, ask):
    name = ask.handshake()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", f"/socket.io/1/htmlfile/{name}")
    response = connection.getresponse()
    server.call(lambda: server.router._hub.clients[name]._link._handler.finish())
    assert HELLO.replace('"', '\\"') in response.read().decode()
    eventually(lambda: sessions(server) == 0, "the end of the session")
    connection.close()


def test_several_packets_in_one_post_before_the_first_poll(ask):
    name = ask.handshake()
    assert ask.post(f"/1/xhr-polling/{name}", event_frame("say", "early")) == "1"
    assert ask.get(f"/1/xhr-polling/{name}") == "1::"
    assert ask.get(f"/1/xhr-polling/{name}") == f"\ufffd20\ufffd{HELLO}\ufffd9\ufffd3:::early"


# Sessions that do not exist


def test_a_session_that_does_not_exist(server, ask):
    assert ask.get("/1/xhr-polling/nobody") == "7:::1+0"
    assert ask.get("/1/jsonp-polling/nobody?i=2") == 'io.j[2]("7:::1+0");'
    assert ask.get("/1/htmlfile/nobody") == PREAMBLE + '<script>_("7:::1+0");</script>'
    assert ask.post("/1/xhr-polling/nobody", "3:::x") == "1"
    assert ask.get("/1/xhr-polling/nobody?disconnect") == ""
    with ws(server, "nobody") as connection:
        assert connection.recv() == "7:::1+0"
        assert connection.recv_data()[0] == websocket.ABNF.OPCODE_CLOSE


@pytest.mark.parametrize("path", ["/1/carrier-pigeon/{}", "/1/websocket/{}", "/1/xhr-polling/{}"])
def test_a_transport_not_on_offer_gets_no_response(socket_server, raw, path):
    ask = raw(socket_server(Main, transports=("jsonp-polling",)))
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        ask.get(path.format(ask.handshake()))


def test_a_websocket_url_asked_for_as_a_page(ask):
    assert ask.ask("GET", f"/1/websocket/{ask.handshake()}")[0] == 400


# websocket


def test_a_websocket(server, ask):
    with ws(server, ask.handshake()) as connection:
        assert [connection.recv() for _ in range(2)] == ["1::", HELLO]
        connection.send("8:1::")
        connection.send(b"3:::binary is ignored", websocket.ABNF.OPCODE_BINARY)
        connection.send(event_frame("say", "ü", "\U0001f600"))
        assert [connection.recv() for _ in range(3)] == ["6:::1", "3:::ü", "3:::\U0001f600"]
        connection.send(event_frame("kick"))
        assert connection.recv() == "0::"
        assert connection.recv_data()[0] == websocket.ABNF.OPCODE_CLOSE
    assert sessions(server) == 0


def test_the_end_of_a_websocket_ends_the_session(server, ask):
    name = ask.handshake()
    with ws(server, name) as connection:
        connection.recv()
    eventually(lambda: sessions(server) == 0, "the end of the session")
    assert ask.get(f"/1/xhr-polling/{name}") == "7:::1+0"


def test_packets_for_a_websocket_that_was_reset_are_dropped(server, ask):
    name = ask.handshake()
    with ws(server, name) as connection:
        assert [connection.recv() for _ in range(2)] == ["1::", HELLO]

        def send_after_a_reset():
            """All in one turn of the server's loop, so that nothing tells it of the reset but what it sends."""
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sock.close()
            client = server.router._hub.clients[name]
            client.connections[""].emit("one")
            client.connections[""].emit("two")
            client.flush()

        server.call(send_after_a_reset)
    eventually(lambda: sessions(server) == 0, "the end of the session")


def test_text_that_is_not_utf8_ends_a_websocket(server, ask):
    with ws(server, ask.handshake()) as connection:
        connection.send(b"\xff\xff", websocket.ABNF.OPCODE_TEXT)
        eventually(lambda: sessions(server) == 0, "the end of the session")


# Ends


@pytest.mark.parametrize("path", ["/1/xhr-polling/{}?disconnect", "/1//{}/?disconnect=1"])
def test_disconnecting_by_url(socket_server, raw, path):
    server = socket_server(Main)
    ask = raw(server)
    name = ask.handshake()
    ask.get(f"/1/xhr-polling/{name}")
    ask.get(f"/1/xhr-polling/{name}")
    poll = Task(ask.get, f"/1/xhr-polling/{name}")
    eventually(lambda: link_of(server, name), "the poll")
    assert ask.get(path.format(name)) == ""
    assert poll.result() == "0::"
    assert ask.get(f"/1/xhr-polling/{name}") == "7:::1+0"


def test_a_join_and_a_disconnect_in_one_post(server, ask):
    name = ask.handshake()
    assert ask.get(f"/1/xhr-polling/{name}") == "1::"
    assert ask.post(f"/1/xhr-polling/{name}", "\ufffd11\ufffd1::/unknown\ufffd3\ufffd0::") == "1"
    assert ask.get(f"/1/xhr-polling/{name}") == "7:::1+0"
    assert sessions(server) == 0


def test_disconnecting_by_packet(server, ask):
    name = ask.handshake()
    ask.get(f"/1/xhr-polling/{name}")
    assert ask.post(f"/1/xhr-polling/{name}", "0::") == "1"
    assert ask.get(f"/1/xhr-polling/{name}") == "7:::1+0"


def test_a_kick_between_two_polls_comes_with_the_next(ask):
    name = ask.handshake()
    ask.get(f"/1/xhr-polling/{name}")
    ask.get(f"/1/xhr-polling/{name}")
    ask.post(f"/1/xhr-polling/{name}", event_frame("kick"))
    assert ask.get(f"/1/xhr-polling/{name}") == "0::"
    assert ask.get(f"/1/xhr-polling/{name}") == "7:::1+0"


def test_packets_after_a_kick_are_dropped(ask):
    name = ask.handshake()
    ask.get(f"/1/xhr-polling/{name}")
    ask.get(f"/1/xhr-polling/{name}")
    frames = event_frame("kick"), event_frame("say", "too late"), "3:::too late"
    ask.post(f"/1/xhr-polling/{name}", "".join(f"\ufffd{len(frame)}\ufffd{frame}" for frame in frames))
    assert ask.get(f"/1/xhr-polling/{name}") == "0::"


# Switching, as 0.9.19 does


def silent(server, path):
    """Send a GET and return the open connection, without waiting for a response."""
    connection = socket.create_connection(("127.0.0.1", server.port), 20)
    connection.sendall(f"GET /socket.io{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return connection


def link_of(server, name):
    return server.call(lambda: server.router._hub.clients[name]._link)


def test_a_websocket_takes_over_from_a_poll(socket_server, raw):
    server = socket_server(Main)
    ask = raw(server)
    name = ask.handshake()
    ask.get(f"/1/xhr-polling/{name}")
    ask.get(f"/1/xhr-polling/{name}")
    with silent(server, f"/1/xhr-polling/{name}") as poll:
        eventually(lambda: link_of(server, name), "the poll")
        with ws(server, name) as connection:
            ask.post(f"/1/xhr-polling/{name}", event_frame("say", "by post"))
            assert connection.recv() == "3:::by post"  # no second connect packet
            connection.send(event_frame("kick"))
            assert connection.recv() == "0::"
        assert poll.recv(100) == b""  # without a response


def test_a_poll_takes_over_from_a_websocket(socket_server, raw):
    server = socket_server(Main)
    ask = raw(server)
    name = ask.handshake()
    with ws(server, name) as connection:
        assert [connection.recv() for _ in range(2)] == ["1::", HELLO]
        stream = link_of(server, name)
        poll = Task(ask.get, f"/1/xhr-polling/{name}")
        eventually(lambda: link_of(server, name) is not stream, "the poll")
        connection.send(event_frame("say", "for the poll"))
        assert poll.result() == "3:::for the poll"
        connection.close()
        assert ask.post(f"/1/xhr-polling/{name}", event_frame("say", "again")) == "1"
        assert ask.get(f"/1/xhr-polling/{name}") == "3:::again"


def test_the_newest_poll_wins_and_older_ones_are_closed(socket_server, raw):
    server = socket_server(Main)
    ask = raw(server)
    name = ask.handshake()
    ask.get(f"/1/xhr-polling/{name}")
    ask.get(f"/1/xhr-polling/{name}")
    polls = []

    def links():
        return server.call(lambda: len(server.router._hub.clients[name]._links))

    for number in range(12):
        polls.append(silent(server, f"/1/xhr-polling/{name}"))
        before = number
        eventually(
            lambda before=before: (
                server.call(lambda: len(server.router._hub.clients[name]._links)) >= min(before + 1, 8)
            ),
            "the poll",
        )
    assert polls[0].recv(100) == b""
    ask.post(f"/1/xhr-polling/{name}", event_frame("say", "x"))
    eventually(lambda: link_of(server, name) is None, "the response")
    for poll in polls:
        poll.close()


MARK = "Xq7<script>'\"Zk3"


@pytest.mark.parametrize(
    "path",
    [
        "/1/?jsonp={0}",
        "/1/?jsonp=0&{0}={0}",
        "/{0}/",
        "/1/{0}/id",
        "/1/xhr-polling/{0}",
        "/1/jsonp-polling/{0}?i={0}",
        "/1/htmlfile/{0}",
        "/1/websocket/{0}",
        "/1/xhr-polling/{0}?disconnect={0}",
        "/1/xhr-polling/nobody/{0}",
        "/../{0}",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PUT"])
def test_s15_nothing_of_a_request_is_reflected(ask, method, path):
    names = ("Referer", "Cookie", "User-Agent", "X-Forwarded-For", "Content-Type", "X-Mark")
    with contextlib.suppress(http.client.RemoteDisconnected, ConnectionResetError):
        body = MARK.encode() if method == "POST" else None
        status, headers, text = ask.ask(method, path.format(quote(MARK)), body, **dict.fromkeys(names, MARK))
        for part in ("Xq7", "Zk3"):
            assert part not in f"{status} {headers} {text}"
        assert "html" not in headers["Content-Type"] or status >= 400 or "htmlfile" in path
        assert headers["X-Content-Type-Options"] == "nosniff" or "/../" in path


def test_s15_an_origin_is_named_in_its_header_only(ask):
    status, headers, text = ask.ask("GET", "/1/", Origin="http://Xq7.example")
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "http://Xq7.example")
    del headers["Access-Control-Allow-Origin"]
    assert "Xq7" not in f"{headers} {text}"
