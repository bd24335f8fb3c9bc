"""WebSocketTransport, against servers whose every byte the test decides."""

from __future__ import annotations

import gc
import json
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import websocket as websocket_client

from sioclient.errors import ConnectError, ConnectionLost, HandshakeRejected
from sioclient.options import Options
from sioclient.protocol.framing import Ping, Pong
from sioclient.transports import framestream
from sioclient.transports import stream as stream_module
from sioclient.transports.http import HttpClient
from sioclient.transports.websocket import WebSocketTransport
from tests.servers_py import (
    BINARY,
    CLOSE,
    LIMIT,
    PING,
    PONG,
    TEXT,
    Frame,
    Peer,
    Request,
    Script,
    Server,
    Task,
    closed_port,
    deaf_port,
    descriptors,
    frame,
    hand_over,
    say_nothing,
    soon,
    switching,
    websocket,
)
from tests.transports.conftest import Authority
from tests.waiting import eventually

PATH = "/socket.io/1/websocket/id"
VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "malformed.json").read_text("ascii"))

Pair = tuple[WebSocketTransport, Peer]


@contextmanager
def client(**options: Any) -> Iterator[HttpClient]:
    http = HttpClient(Options(**options), options.get("auth"))
    http.renew()
    try:
        yield http
    finally:
        http.close()


@contextmanager
def transport(http: HttpClient, limit: int = 2**20) -> Iterator[WebSocketTransport]:
    made = WebSocketTransport(http, limit)
    try:
        yield made
    finally:
        made.abort()
        made.close(0)


@contextmanager
def link(tls: ssl.SSLContext | None = None, limit: int = 2**20, **options: Any) -> Iterator[Pair]:
    """Yield an open websocket and the server's end of it."""
    with Server(websocket, tls=tls) as server, client(**options) as http, transport(http, limit) as ours:
        Task(ours.open, server.url(PATH), soon()).result()
        yield ours, server.next_peer()


@pytest.fixture(params=["ws", "wss"])
def pair(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Pair]:
    with link(authority.good if request.param == "wss" else None, verify=authority.ca_file) as (ours, peer):
        yield ours, peer


def receive(ours: WebSocketTransport) -> list[str | bytes]:
    return Task(ours.recv).result()


def receive_all(ours: WebSocketTransport, count: int) -> list[str | bytes]:
    """Return so many frames, however many came at a time."""
    frames: list[str | bytes] = []
    while len(frames) < count:
        frames += receive(ours)
    return frames


def upgrade_of(path: str = PATH, **options: Any) -> Request:
    """Return the request with which a websocket is opened."""
    with Server(websocket) as server, client(**options) as http, transport(http) as ours:
        ours.open(server.url(path), soon())
        return server.requests[0]


def refusal_of(script: Script, seconds: float = LIMIT) -> ConnectError:
    """Return the error when the server responds like this to the request for a websocket."""
    with Server(script) as server, client() as http, transport(http) as ours:
        task = Task(ours.open, server.url(PATH + "?token=secret"), time.monotonic() + seconds)
        with pytest.raises(ConnectError) as caught:
            task.result()
        assert len(server.requests) == 1, "it asked again"
        assert "secret" not in str(caught.value)
        return caught.value


# The request


def test_the_request_is_an_upgrade_to_a_websocket() -> None:
    request = upgrade_of()
    assert request.raw.startswith(b"GET /socket.io/1/websocket/id HTTP/1.1\r\n")
    assert request.header("Upgrade") == "websocket"
    assert request.header("Connection") == "Upgrade"
    assert request.header("Sec-WebSocket-Version") == "13"
    assert request.header("Sec-WebSocket-Extensions") is None
    assert request.header("Accept-Encoding") == "identity", "a refusal would be shown"


def test_the_host_is_that_of_the_url_with_its_port() -> None:
    with Server(websocket) as server, client() as http, transport(http) as ours:
        ours.open(server.url(PATH, host="localhost"), soon())
        assert server.requests[0].header("Host") == f"localhost:{server.port}"


def test_the_users_host_header_wins() -> None:
    assert upgrade_of(headers={"host": "virtual.example"}).header("Host") == "virtual.example"


def test_no_origin_is_sent_unless_the_user_gives_one() -> None:
    assert upgrade_of().header("Origin") is None
    assert upgrade_of(headers={"Origin": "http://page.example"}).header("Origin") == "http://page.example"


def test_a_users_headers_cannot_break_the_upgrade() -> None:
    request = upgrade_of(headers={"CONNECTION": "close", "accept": "text/plain"})
    assert request.header("Connection") == "Upgrade"
    assert request.header("Accept") == "text/plain"
    with pytest.raises(ValueError, match=r"^headers must not have UPGRADE: the library writes it"):
        upgrade_of(headers={"UPGRADE": "h2c"})


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"X-Key": "k\xe9y", "User-Agent": "mine"}},
        {"headers": {"X-Key": "é".encode()}},
        {"headers": lambda: {"X-Key": "fresh"}},
        {"cookies": {"a": "1", "b": "caf\xe9"}},
        {"auth": ("user", "pass")},
        {"auth": lambda request: request.headers.update({"Authorization": "Bearer x"}) or request},
        {"params": {"token": "a b&c", "n": [1, 2]}},
        {"headers": {"X-Key": "1"}, "cookies": {"a": "1"}, "auth": ("u", "p"), "params": {"q": "é"}},
    ],
    ids=["headers", "bytes", "function", "cookies", "basic", "own auth", "params", "all"],
)
def test_handshake_and_upgrade_carry_the_same(options: dict[str, Any]) -> None:
    def respond(peer: Peer) -> None:
        peer.read_head()
        peer.answer(200, b"id:60:60:websocket")

    with Server(respond, websocket) as server, client(**options) as http, transport(http) as ours:
        http.get(server.url("/socket.io/1/?of=user"), soon())
        ours.open(server.url(PATH + "?of=user"), soon())
        handshake, upgrade = server.requests
    for name in ("Host", "X-Key", "User-Agent", "Cookie", "Authorization"):
        assert handshake.header(name) == upgrade.header(name), name
    assert handshake.target.partition("?")[2] == upgrade.target.partition("?")[2]


def test_a_request_larger_than_the_buffers_is_sent_whole() -> None:
    def accept(peer: Peer) -> None:
        head = bytearray()
        while not head.endswith(b"\r\n\r\n"):
            head += peer.read_some() or peer.read(1)
        peer.send(switching(Request(bytes(head))))

    with Server(accept) as server, client(headers={"X-Large": "x" * 8 * 2**20}) as http, transport(http) as ours:
        Task(ours.open, server.url(PATH), soon()).result()


# Cookies


def _set_cookie(*cookies: str) -> Script:
    def respond(peer: Peer) -> None:
        peer.read_head()
        peer.answer(200, b"id:60:60:websocket", *(f"Set-Cookie: {cookie}" for cookie in cookies))

    return respond


def test_cookies_that_the_handshake_set_are_sent_with_the_upgrade() -> None:
    script = _set_cookie("sticky=node1; Path=/socket.io/", "other=1; Path=/elsewhere/", "safe=1; Secure; Path=/")
    with Server(script, websocket) as server, client(cookies={"mine": "2"}) as http, transport(http) as ours:
        http.get(server.url("/socket.io/1/"), soon())
        ours.open(server.url(PATH), soon())
        cookies = server.requests[1].header("Cookie") or ""
        assert sorted(cookies.split("; ")) == ["mine=2", "sticky=node1"]


def test_a_cookie_of_the_upgrade_reaches_no_other_connection() -> None:
    def accept(peer: Peer) -> None:
        peer.accept("Set-Cookie: account=one; Domain=127.0.0.1", "set-cookie: x=y; domain=localhost")
        hand_over(peer)

    with Server(accept) as server:
        for host in ("127.0.0.1", "127.0.0.1", "localhost"):
            with client() as http, transport(http) as ours:
                ours.open(server.url(PATH, host), soon())
        assert [request.header("Cookie") for request in server.requests] == [None, None, None]
    assert websocket_client._handshake.CookieJar.jar == {}


def test_cookies_of_other_websockets_in_the_process_are_not_sent() -> None:
    jar = websocket_client._handshake.CookieJar
    jar.add("theirs=1; Domain=127.0.0.1")
    try:
        assert upgrade_of().header("Cookie") is None
    finally:
        jar.jar.clear()


# Refusals


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_not_followed(status: int) -> None:
    with Server(websocket) as elsewhere:

        def redirect(peer: Peer) -> None:
            peer.read_head()
            peer.answer(status, b"", f"Location: {elsewhere.url(PATH).replace('http', 'ws')}")

        error = refusal_of(redirect)
        assert elsewhere.connections == 0
    assert isinstance(error, HandshakeRejected)
    assert error.status == status
    assert not error.retryable
    assert elsewhere.url("").replace("http", "ws") in str(error)


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(200, True), (400, False), (401, False), (403, False), (404, False), (500, True), (503, True)],
)
def test_a_refusal_has_its_status_and_body(status: int, retryable: bool) -> None:
    def refuse(peer: Peer) -> None:
        peer.read_head()
        peer.answer(status, "nicht für dich".encode(), "Set-Cookie: a=b; Domain=127.0.0.1", "Retry-After: 7")

    error = refusal_of(refuse)
    assert isinstance(error, HandshakeRejected)
    assert (error.status, error.body, error.retryable) == (status, "nicht für dich", retryable)
    assert error.retry_after == 7
    assert f"status {status}, 'nicht für dich'" in str(error)


def test_a_refusal_without_a_body_has_an_empty_one() -> None:
    def refuse(peer: Peer) -> None:
        peer.read_head()
        peer.send(b"HTTP/1.1 401 Unauthorized\r\n\r\n")

    error = refusal_of(refuse)
    assert isinstance(error, HandshakeRejected)
    assert (error.status, error.body) == (401, "")


def test_the_body_of_a_refusal_may_come_behind_its_head(authority: Authority) -> None:
    def refuse(peer: Peer) -> None:
        peer.read_head()
        peer.answer(401, length=7)  # over TLS, what is sent by itself arrives by itself
        peer.send(b"who you")

    with (
        Server(refuse, tls=authority.good) as server,
        client(verify=authority.ca_file) as http,
        transport(http) as ours,
        pytest.raises(HandshakeRejected) as caught,
    ):
        Task(ours.open, server.url(PATH), soon()).result()
    assert caught.value.body == "who you"


def test_only_the_beginning_of_a_refusals_body_is_kept() -> None:
    def refuse(peer: Peer) -> None:
        peer.read_head()
        peer.answer(403, b"x" * 100_000)

    error = refusal_of(refuse)
    assert isinstance(error, HandshakeRejected)
    assert error.body == "x" * 200
    assert len(str(error)) < 400


def test_a_connection_closed_without_a_response_is_explained() -> None:
    error = refusal_of(lambda peer: peer.read_head())
    assert type(error) is ConnectError
    assert "old servers say so by closing the connection" in str(error)
    assert "Origin" in str(error)
    assert error.retryable


def _respond(raw: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.send(raw)

    return script


def _switch(change: Callable[[bytes], bytes]) -> Script:
    def script(peer: Peer) -> None:
        peer.send(change(switching(peer.read_head())))

    return script


@pytest.mark.parametrize(
    "script",
    [
        _switch(lambda head: head.replace(b"Accept: ", b"Accept: x")),
        _switch(lambda head: head.replace(b"Upgrade: websocket\r\n", b"")),
        _switch(lambda head: head.replace(b"Connection: Upgrade\r\n", b"")),
        _respond(b"HTTP/1.1 101 Switching Protocols\r\nno colon here\r\n\r\n"),
        _respond(b"SSH-2.0-OpenSSH_9\r\n\r\n"),
        _respond(b"HTTP/1.1 1e1 Whatever\r\n\r\n"),
        _respond(b"HTTP/1.1 \xb2 Whatever\r\n\r\n"),
        _respond(b"\r\n\r\n"),
        _respond(b"HTTP/1.1 101 Switching Protocols\r\n"),
    ],
    ids=["accept", "upgrade", "connection", "no header", "ssh", "status", "superscript", "empty", "cut"],
)
def test_what_is_no_response_to_an_upgrade_is_refused(script: Script) -> None:
    error = refusal_of(script)
    assert type(error) is ConnectError
    assert "did not accept the websocket" in str(error)


def test_bytes_beyond_ascii_in_headers_do_no_harm() -> None:
    def accept(peer: Peer) -> None:
        peer.accept("X-Name: caf\xe9", "X-Bytes: \xff\xfe")
        peer.send(frame("1::"))
        hand_over(peer)

    with Server(accept) as server, client() as http, transport(http) as ours:
        ours.open(server.url(PATH), soon())
        assert receive(ours) == ["1::"]


def test_the_length_of_a_body_does_no_harm() -> None:
    def accept(peer: Peer) -> None:
        peer.accept("Content-Length: 1000", "Transfer-Encoding: chunked")
        peer.send(frame("1::"))
        hand_over(peer)

    with Server(accept) as server, client() as http, transport(http) as ours:
        ours.open(server.url(PATH), soon())
        assert receive(ours) == ["1::"]


def test_frames_right_behind_the_response_are_kept() -> None:
    def accept(peer: Peer) -> None:
        peer.send(switching(peer.read_head()) + frame("1::") + frame("5:::{}"))
        hand_over(peer)

    with Server(accept) as server, client() as http, transport(http) as ours:
        ours.open(server.url(PATH), soon())
        assert receive_all(ours, 2) == ["1::", "5:::{}"]


def _for_ever(data: bytes, sent: list[int]) -> Script:
    def pour(peer: Peer) -> None:
        peer.read_head()
        peer.send(b"HTTP/1.1 101 Switching Protocols\r\n")
        for _ in range(32 * 2**20 // len(data)):
            peer.send(data)
            sent.append(len(data))

    return pour


@pytest.mark.parametrize("data", [b"X-Header: y\r\n" * 100, b"x" * 1024], ids=["headers", "one line"])
def test_an_endless_response_is_cut_off(data: bytes) -> None:
    sent: list[int] = []
    error = refusal_of(_for_ever(data, sent))
    assert "too large" in str(error)
    assert not error.retryable
    assert sum(sent) < 31 * 2**20


@pytest.mark.parametrize(
    "header", [b"X-Long: " + b"x" * 9000 + b"\r\n", b"X-Header: y\r\n" * 130], ids=["a long line", "many lines"]
)
def test_headers_beyond_the_limits_are_refused(header: bytes) -> None:
    error = refusal_of(_switch(lambda head: head[:-2] + header + b"\r\n"))
    assert "head of the response is too large" in str(error)
    assert not error.retryable


def test_headers_within_the_limits_are_fine() -> None:
    def accept(peer: Peer) -> None:
        peer.accept("X-Long: " + "x" * 8000, *["X-Header: y"] * 90)
        hand_over(peer)

    with Server(accept) as server, client() as http, transport(http) as ours:
        Task(ours.open, server.url(PATH), soon()).result()


def _drip(peer: Peer) -> None:
    peer.read_head()
    peer.send(b"HTTP/1.1 101 Switching Protocols\r\nX-Slow: ")
    while not peer.server.ended.wait(0.02):
        peer.send(b"x")


@pytest.mark.parametrize("script", [say_nothing, _drip], ids=["silent", "dripping"])
def test_a_response_without_end_is_given_up_at_the_deadline(script: Script) -> None:
    error = refusal_of(script, seconds=0.3)
    assert type(error) is ConnectError
    assert "did not respond to the upgrade to a websocket in time" in str(error)
    assert error.retryable


# Connecting


def test_a_port_without_a_server_is_refused() -> None:
    with closed_port() as port, client() as http, transport(http) as ours:
        with pytest.raises(ConnectError, match=rf"http://localhost:{port} refused the connection") as caught:
            ours.open(f"http://localhost:{port}{PATH}", soon())
        assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_a_silent_port_is_given_up_at_the_deadline() -> None:
    with deaf_port() as port, client() as http, transport(http) as ours:
        task = Task(ours.open, f"http://127.0.0.1:{port}{PATH}", time.monotonic() + 0.2)
        with pytest.raises(ConnectError, match="did not respond in time"):
            task.result()


def test_abort_ends_connecting() -> None:
    with deaf_port() as port, client() as http, transport(http) as ours:
        task = Task(ours.open, f"http://127.0.0.1:{port}{PATH}", time.monotonic() + 60)
        task.wait_until_blocked()
        ours.abort()
        with pytest.raises(ConnectError):
            task.result()


def test_abort_ends_the_tls_handshake(authority: Authority) -> None:
    with Server(hand_over) as server, client() as http, transport(http) as ours:
        task = Task(ours.open, server.url(PATH).replace("http", "https"), time.monotonic() + 60)
        server.next_peer().read(5)
        ours.abort()
        with pytest.raises(ConnectError):
            task.result()


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_abort_ends_the_upgrade(authority: Authority, scheme: str) -> None:
    tls = authority.good if scheme == "wss" else None
    with Server(say_nothing, tls=tls) as server, client(verify=authority.ca_file) as http, transport(http) as ours:
        task = Task(ours.open, server.url(PATH), time.monotonic() + 60)
        server.next_peer()
        ours.abort()
        with pytest.raises(ConnectError):
            task.result()


# Certificates


@pytest.mark.parametrize("certificate", ["self_signed", "other_host", "expired"])
def test_a_bad_certificate_is_refused(authority: Authority, certificate: str) -> None:
    with Server(websocket, tls=getattr(authority, certificate)) as server, client(verify=authority.ca_file) as http:
        with transport(http) as ours, pytest.raises(ConnectError, match=r"certificate .* See verify=") as caught:
            ours.open(server.url(PATH), soon())
        assert server.requests == []
    assert not caught.value.retryable


@pytest.mark.parametrize("verify", [True, None])
def test_a_certificate_of_an_unknown_authority_is_refused(authority: Authority, verify: bool | None) -> None:
    with Server(websocket, tls=authority.good) as server, client(verify=verify) as http, transport(http) as ours:
        with pytest.raises(ConnectError, match="certificate"):
            ours.open(server.url(PATH), soon())
        assert server.requests == []


@pytest.mark.parametrize("certificate", ["good", "self_signed", "other_host", "expired"])
def test_without_verification_every_certificate_will_do(authority: Authority, certificate: str) -> None:
    with link(getattr(authority, certificate), verify=False) as (ours, peer):
        peer.send(frame("hello"))
        assert receive(ours) == ["hello"]


def test_the_authorities_may_be_a_directory(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with (
        Server(websocket, tls=authority.good) as server,
        client(verify=str(tmp_path / "empty")) as http,
        transport(http) as ours,
        pytest.raises(ConnectError, match="certificate"),
    ):
        ours.open(server.url(PATH), soon())


def test_authorities_that_do_not_exist_are_an_error(authority: Authority, tmp_path: Path) -> None:
    with Server(websocket, tls=authority.good) as server, client(verify=str(tmp_path / "none.pem")) as http:
        with transport(http) as ours, pytest.raises(ConnectError):
            ours.open(server.url(PATH), soon())
        assert server.requests == []


@pytest.mark.parametrize("pair_of_files", [False, True])
def test_the_clients_certificate_is_shown(authority: Authority, pair_of_files: bool) -> None:
    cert = (authority.client_file, authority.client_file) if pair_of_files else authority.client_file
    with link(authority.wants_certificate(), verify=authority.ca_file, cert=cert) as (ours, peer):
        peer.send(frame("hello"))
        assert receive(ours) == ["hello"]


def test_a_server_that_wants_a_certificate_refuses_those_without(authority: Authority) -> None:
    with Server(websocket, tls=authority.wants_certificate()) as server, client(verify=authority.ca_file) as http:
        with transport(http) as ours, pytest.raises(ConnectError):
            ours.open(server.url(PATH), soon())
        assert server.requests == []


# Receiving


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 65537, 2**20])
def test_text_of_every_size_is_received(pair: Pair, size: int) -> None:
    ours, peer = pair
    text = "x" * size
    sending = Task(peer.send, frame(text))
    assert receive(ours) == [text]
    sending.result()


def test_what_somebody_sees_to_is_taken_unless_only_reading_tells(pair: Pair) -> None:
    ours, peer = pair
    seen: list[Any] = []

    def see_to(frames: list[str | bytes]) -> bool:
        seen.append(frames)
        return frames == ["ours"]

    peer.send(frame("ours"))
    taken = eventually(lambda: ours.take(see_to)) if ours.can_take else ours.take(see_to)
    assert seen == [["ours"]] * taken
    peer.send(frame("others"))
    eventually(lambda: ours.take(see_to) is False)
    assert receive_all(ours, 2 - taken) == ["ours", "others"][taken:]


def test_between_fragments_nothing_is_taken() -> None:
    with link() as (ours, peer):
        peer.send(frame("a", TEXT, fin=False) + frame("b", 0, fin=False))
        reading = Task(ours.recv)
        reading.wait_until_blocked()
        ours.wake()
        assert reading.result() == []
        peer.send(frame("c"))
        eventually(lambda: ours.take(lambda frames: True) is False)


def test_text_beyond_ascii_is_received(pair: Pair) -> None:
    ours, peer = pair
    peer.send(frame("3:::é€\U0001f600"))
    assert receive(ours) == ["3:::é€\U0001f600"]


def test_a_binary_message_is_received_as_bytes(pair: Pair) -> None:
    ours, peer = pair
    peer.send(frame(b"\x00\xff", BINARY))
    assert receive(ours) == [b"\x00\xff"]


def test_several_frames_in_one_packet_are_received_in_order(pair: Pair) -> None:
    ours, peer = pair
    peer.send(frame("a") + frame("b") + frame(b"c", BINARY))
    received: list[Any] = []
    while len(received) < 3:
        received += receive(ours)
    assert received == ["a", "b", b"c"]


@pytest.mark.parametrize(("opcode", "whole"), [(TEXT, "é, at last"), (BINARY, "é, at last".encode())])
def test_fragments_are_joined(pair: Pair, opcode: int, whole: str | bytes) -> None:
    ours, peer = pair
    # The first cut is inside a character.
    peer.send(frame(b"\xc3", opcode, fin=False) + frame(b"\xa9, at", 0, fin=False))
    peer.send(frame(b"are you there?", PING) + frame(b"", 0, fin=False) + frame(b" last", 0))
    assert receive(ours) == [whole]
    assert peer.read_frame() == Frame(PONG, b"are you there?")


def test_a_wake_in_the_middle_of_a_frame_loses_nothing(pair: Pair) -> None:
    ours, peer = pair
    data = frame("x" * 130)
    for byte in data[:-1]:
        peer.send(bytes([byte]))
        ours.wake()
        assert receive(ours) == []
    peer.send(data[-1:])
    assert receive(ours) == ["x" * 130]


def test_wake_makes_a_blocked_recv_return_nothing(pair: Pair) -> None:
    ours, _ = pair
    task = Task(ours.recv)
    task.wait_until_blocked()
    ours.wake()
    assert task.result() == []


def test_abort_ends_a_blocked_recv(pair: Pair) -> None:
    ours, _ = pair
    task = Task(ours.recv)
    task.wait_until_blocked()
    ours.abort()
    with suppress(ConnectionLost):
        assert task.result() == []  # the wake that comes with the abort may be seen first
    assert _loss(ours) == "transport closed"


# What the server must not send


def _loss(ours: WebSocketTransport) -> str:
    with pytest.raises(ConnectionLost) as caught:
        receive(ours)
    return str(caught.value)


def _refused_with(peer: Peer) -> int:
    close = peer.read_frame()
    assert close.opcode == CLOSE
    (status,) = struct.unpack("!H", close.payload)
    return int(status)


@pytest.mark.parametrize(
    "data",
    [
        frame(b"x" * 1001),
        frame(b"x" * 1001)[:4],
        b"\x81\x7f" + struct.pack("!Q", 2**40),
        b"\x82\x7f" + b"\x7f" + b"\xff" * 7,
    ],
    ids=["one byte", "only its header", "2**40", "2**63 - 1"],
)
def test_a_message_too_big_is_refused_by_its_header(data: bytes) -> None:
    with link(limit=1000) as (ours, peer):
        peer.send(data)
        text = _loss(ours)
        assert text.startswith("message too big: ")
        assert "the limit is 1000: see max_message_size=" in text
        assert _refused_with(peer) == 1009


def test_fragments_that_are_too_big_together_are_refused() -> None:
    with link(limit=1000) as (ours, peer):
        peer.send(frame(b"x" * 600, fin=False) + frame(b"x" * 400, 0, fin=False) + frame(b"x", 0)[:2])
        assert _loss(ours).startswith("message too big: 1001 bytes")
        assert _refused_with(peer) == 1009


def test_a_message_of_just_the_limit_is_received() -> None:
    with link(limit=1000) as (ours, peer):
        peer.send(frame("x" * 1000) + frame("x" * 600, fin=False) + frame("x" * 400, 0))
        assert receive_all(ours, 2) == ["x" * 1000] * 2


def test_a_ping_between_fragments_does_not_count_for_their_limit() -> None:
    with link(limit=1000) as (ours, peer):
        peer.send(frame("x" * 600, fin=False) + frame("x" * 400, 0, fin=False) + frame("ping", PING) + frame("", 0))
        assert receive(ours) == ["x" * 1000]


@pytest.mark.parametrize(
    "payload",
    [b"\xff", b"caf\xe9", b"\xc0\x80", b"\xf5\x80\x80\x80", b"\xed\xa0", b"\xe2\x82"],
    ids=lambda data: data.hex(),
)
def test_text_that_is_not_utf8_is_refused(payload: bytes) -> None:
    with link() as (ours, peer):
        peer.send(frame(payload))
        assert _loss(ours).startswith("protocol error: ")
        assert _refused_with(peer) == 1007


@pytest.mark.parametrize(
    "data",
    [
        frame("x", rsv=4),
        frame("x", rsv=2),
        frame("x", rsv=1),
        frame("x", 3),
        frame("x", 11),
        frame("x", 0),
        frame("x", fin=False) + frame("y"),
        frame("x", PING, fin=False),
        frame("x" * 126, PING),
        frame("x", CLOSE),
        frame(struct.pack("!H", 1005), CLOSE),
        frame("x", masked=True),
    ],
    ids=[
        "rsv1",
        "rsv2",
        "rsv3",
        "opcode 3",
        "opcode 11",
        "a continuation of nothing",
        "no continuation",
        "a fragmented ping",
        "a long ping",
        "a close frame of one byte",
        "a close frame with a reserved status",
        "masked",
    ],
)
def test_broken_framing_is_refused(data: bytes) -> None:
    with link() as (ours, peer):
        peer.send(data)
        assert _loss(ours).startswith("protocol error: ")
        assert _refused_with(peer) == 1002


# The vectors: those of malformed.json that are about frames of the server


def _vector(beginning: str) -> str:
    (vector,) = (v for v in VECTORS if v["where"] == "websocket" and v["input"].startswith(beginning))
    return str(vector["expected"])


def test_vector_the_reply_of_old_servers_to_a_ping_is_an_error() -> None:
    assert _vector("server frame c2 8a 00") == "error"
    with link() as (ours, peer):
        peer.send(b"\xc2\x8a\x00")
        peer.end()  # there is no more: who waits for the rest of the frame sees that
        assert _loss(ours).startswith("protocol error: ")
        assert _refused_with(peer) == 1002


def test_vector_65536_bytes_of_an_old_server_are_an_error() -> None:
    assert _vector("server frame 81 7e 00 00") == "error"
    with link() as (ours, peer):
        peer.send(b"\x81\x7e\x00\x00" + b"3:::" + b"x" * 65532)
        assert receive(ours) == [""]
        assert _loss(ours).startswith("protocol error: ")
        assert _refused_with(peer) == 1002


def test_vector_half_a_surrogate_pair_is_tolerated() -> None:
    assert _vector("text frame with bytes ED A0 BD") == "tolerate"
    with link() as (ours, peer):
        peer.send(frame(b"3:::\xed\xa0\xbd") + frame("next"))
        assert receive_all(ours, 2) == ["3:::\ud83d", "next"]


def test_vector_the_end_without_a_close_frame_is_the_end() -> None:
    assert _vector("TCP FIN without a close frame") == "tolerate"
    with link() as (ours, peer):
        peer.send(frame("0::"))
        peer.end()
        assert receive(ours) == ["0::"]
        assert _loss(ours) == "transport closed"


def test_vector_an_empty_text_is_an_empty_frame() -> None:
    assert _vector("empty text frame") == "ignore"
    with link() as (ours, peer):
        peer.send(b"\x81\x00" + frame("next"))
        assert receive_all(ours, 2) == ["", "next"]


def test_vector_no_ping_and_no_unasked_pong_is_ever_sent(pair: Pair) -> None:
    assert _vector("unsolicited pong from the client") == "error"
    ours, peer = pair
    peer.send(frame("hello") + frame("unasked", PONG) + frame("again"))
    assert receive_all(ours, 2) == ["hello", "again"]
    ours.send(["reply", ""])
    ours.close(0)
    assert peer.read_frames() == [Frame(TEXT, b"reply"), Frame(TEXT, b""), Frame(CLOSE, b"\x03\xe8")]


# Control frames, and the end


def test_a_ping_gets_its_pong(pair: Pair) -> None:
    ours, peer = pair
    for payload in (b"", b"\x00\xff" * 60):
        peer.send(frame(payload, PING) + frame("after"))
        assert receive(ours) == ["after"]
        assert peer.read_frame() == Frame(PONG, payload)


def test_the_pong_to_a_ping_of_ours_is_told(pair: Pair) -> None:
    transport, peer = pair
    transport.send(["first", Ping(b"sioclient 1")])
    assert [peer.read_frame(), peer.read_frame()] == [Frame(TEXT, b"first"), Frame(PING, b"sioclient 1")]
    peer.send(frame("unasked", PONG) + frame("sioclient 1", PONG) + frame("a"))
    pong, text = Task(transport.recv).result()
    assert (type(pong), pong, text) == (Pong, b"sioclient 1", "a")


def test_a_pong_between_two_pieces_does_not_end_the_message(pair: Pair) -> None:
    transport, peer = pair
    peer.send(frame("a", fin=False) + frame("sioclient 1", PONG) + frame("b", 0))
    assert Task(transport.recv).result() == [b"sioclient 1"]
    assert Task(transport.recv).result() == ["ab"]


def test_a_pong_is_never_in_the_middle_of_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framestream, "MOST_STALL", LIMIT)
    text = "x" * 8 * 2**20
    with link() as (ours, peer):
        sending = Task(send_all, ours, [text])
        sending.wait_until_blocked()
        peer.send(frame("first", PING) + frame("last", PING) + frame("after"))
        assert Task(receive, ours).result() == ["after"]  # whoever reads does not wait for whoever writes
        assert [peer.read_frame(), peer.read_frame()] == [Frame(TEXT, text.encode()), Frame(PONG, b"last")]
        sending.result()


def test_a_pong_that_cannot_be_sent_is_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "STALL_TIMEOUT", 0.2)
    for name in ("_LEAST_READ", "_MOST_READ"):  # a pong is sent for each read
        monkeypatch.setattr(framestream, name, 127)
    with link() as (ours, peer):
        while ours._stream.send(b"x" * 2**20, 0):
            pass
        # The system may still have room for some, since it tells of room only when there is a lot of it.
        Task(peer.send, frame("x" * 125, PING) * 50_000)
        _loss(ours)


def test_a_close_frame_gets_one_back_and_ends_the_transport(pair: Pair) -> None:
    ours, peer = pair
    peer.send(frame(struct.pack("!H", 1001) + b"bye", CLOSE))
    assert _loss(ours) == "transport closed: the server sent the close code 1001 (going away), 'bye'"
    # TornadIO2 leaves the connection open now: nobody waits for it.
    Task(ours.close, 60).result()
    assert [received.opcode for received in peer.read_frames()] == [CLOSE]


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"", "transport closed"),
        (struct.pack("!H", 1009), "transport closed: the server sent the close code 1009 (message too big)"),
        (struct.pack("!H", 4001) + b"a\n", "transport closed: the server sent the close code 4001, 'a\\n'"),
    ],
)
def test_what_a_close_frame_says_is_told(payload: bytes, text: str, pair: Pair) -> None:
    ours, peer = pair
    peer.send(frame(payload, CLOSE))
    assert _loss(ours) == text


def test_a_reset_is_the_end_of_the_transport(pair: Pair) -> None:
    ours, peer = pair
    peer.reset()
    assert _loss(ours) == "transport closed"


def test_a_frame_cut_in_the_middle_is_the_end_of_the_transport(pair: Pair) -> None:
    ours, peer = pair
    peer.send(frame("0123456789")[:7])
    peer.end()
    assert _loss(ours) == "transport closed"


def test_close_sends_a_close_frame_and_waits_for_the_end(pair: Pair) -> None:
    ours, peer = pair
    task = Task(ours.close, 60)
    assert peer.read_frame() == Frame(CLOSE, b"\x03\xe8")
    peer.send(frame("too late"))
    task.wait_until_blocked()
    peer.end()
    task.result()


def test_close_waits_for_the_other_side_even_if_it_was_woken(pair: Pair) -> None:
    ours, peer = pair
    ours.wake()
    task = Task(ours.close, 60)
    assert peer.read_frame() == Frame(CLOSE, b"\x03\xe8")
    task.wait_until_blocked()
    peer.end()
    task.result()


def test_close_waits_no_longer_than_it_may(pair: Pair) -> None:
    ours, peer = pair
    Task(ours.close, 0.1).result()
    assert peer.read_frames() == [Frame(CLOSE, b"\x03\xe8")]


def test_close_of_what_never_opened_does_nothing() -> None:
    with client() as http:
        WebSocketTransport(http, 1000).close(60)


@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize("end", ["close", "abort", "server", "refused"])
def test_no_descriptor_is_left_after_close(authority: Authority, scheme: str, end: str) -> None:
    def refuse(peer: Peer) -> None:
        peer.read_head()
        peer.answer(403)

    gc.collect()
    before = descriptors()
    tls = authority.good if scheme == "wss" else None
    with Server(refuse if end == "refused" else websocket, tls=tls) as server, client(verify=authority.ca_file) as http:
        ours = WebSocketTransport(http, 1000)
        if end == "refused":
            with pytest.raises(HandshakeRejected):
                ours.open(server.url(PATH), soon())
        else:
            ours.open(server.url(PATH), soon())
        if end == "abort":
            ours.abort()
        if end == "server":
            server.next_peer().end()
            _loss(ours)
        ours.close(0)
    assert descriptors() == before


# Sending


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, 2**20])
def test_every_message_is_one_masked_frame(pair: Pair, size: int) -> None:
    ours, peer = pair
    task = Task(send_all, ours, ["é" + "x" * size, "next"])
    assert peer.read_frame() == Frame(TEXT, "é".encode() + b"x" * size)
    assert peer.read_frame() == Frame(TEXT, b"next")
    task.result()


def test_sending_nothing_sends_nothing(pair: Pair) -> None:
    ours, peer = pair
    ours.send([])
    ours.close(0)
    assert [received.opcode for received in peer.read_frames()] == [CLOSE]


def test_a_message_that_nobody_reads_loses_the_connection(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framestream, "MOST_STALL", 0.2)
    ours, _ = pair
    with pytest.raises(ConnectionLost, match=r"transport closed: .* has taken nothing for 0\.2 s"):
        Task(send_all, ours, ["x" * 32 * 2**20]).result()


def test_close_does_not_wait_for_room_for_its_close_frame(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framestream, "MOST_STALL", 0.1)
    ours, _ = pair
    for message in ("x" * 32 * 2**20, "x"):  # where there is no room for much, there may be some for a little
        with pytest.raises(ConnectionLost):
            Task(send_for_ever, ours, message).result()
    monkeypatch.setattr(framestream, "MOST_STALL", 600)
    Task(ours.close, 0).result()


def send_for_ever(ours: WebSocketTransport, message: str) -> None:
    while True:
        send_all(ours, [message])


def send_all(ours: WebSocketTransport, messages: list[str]) -> None:
    """Send messages as the threads of a connection do together."""
    ours.send(messages)
    while not ours.prepare(soon()):
        pass


def test_abort_ends_a_blocked_send(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framestream, "MOST_STALL", 60)
    ours, _ = pair
    task = Task(send_all, ours, ["x" * 32 * 2**20])
    task.wait_until_blocked()
    ours.abort()
    with pytest.raises(ConnectionLost):
        task.result()


def test_a_blocked_send_ends_when_the_server_ends(pair: Pair) -> None:
    ours, peer = pair
    task = Task(send_all, ours, ["x" * 32 * 2**20])
    task.wait_until_blocked()
    begin = time.monotonic()
    peer.end()
    assert _loss(ours) == "transport closed"
    ours.abort()
    with pytest.raises(ConnectionLost):
        task.result()
    assert time.monotonic() - begin < framestream.MOST_STALL - 1, "it gave up by itself"


def test_sending_after_the_end_raises(pair: Pair) -> None:
    ours, peer = pair
    peer.end()
    assert _loss(ours) == "transport closed"
    with pytest.raises(ConnectionLost, match="transport closed"):
        ours.send(["x"])


def test_receiving_after_the_end_raises_again(pair: Pair) -> None:
    ours, peer = pair
    peer.end()
    assert [_loss(ours), _loss(ours)] == ["transport closed"] * 2


def test_an_error_of_any_type_loses_the_connection(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise LookupError("nobody has thought of this")

    ours, _ = pair
    monkeypatch.setattr(ours._writer, "write", fail)
    monkeypatch.setattr(ours._reader, "messages", fail)
    for use in (lambda: ours.send(["x"]), ours.recv):
        with pytest.raises(ConnectionLost, match="transport closed: LookupError: nobody has thought of this"):
            use()


# Both ways at once: one TLS socket, two threads


def _echo(peer: Peer) -> None:
    peer.accept()
    while (received := peer.read_frame()).opcode != CLOSE:
        peer.send(frame(received.payload, received.opcode))


def _exchange(ours: WebSocketTransport, messages: list[str]) -> None:
    sending = Task(lambda: [send_all(ours, [message]) for message in messages])
    received: list[Any] = []
    while len(received) < len(messages):
        received += ours.recv()
    assert received == messages
    sending.result()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["tls 1.2", "tls 1.3"])
def test_heavy_traffic_both_ways_breaks_no_connection(authority: Authority, version: ssl.TLSVersion) -> None:
    # One after the other, so that the two threads of one connection have the machine to themselves: without Stream's
    # lock, 4 to 11 of 25 connections break like this; hardly one does when all of them run at the same time.
    messages = [f"{number}:" + "x" * (number * 7919 % 250_000) for number in range(32)]
    with Server(_echo, tls=authority.only(version)) as server, client(verify=authority.ca_file) as http:
        for _ in range(25):
            with transport(http) as ours:
                ours.open(server.url(PATH), soon())
                Task(_exchange, ours, messages).result()


# Engine.IO


def test_bytes_go_as_binary_frames_and_come_as_such(pair: Pair) -> None:
    ours, peer = pair
    send_all(ours, ["text", b"\0\xff", b""])
    assert [(f.opcode, f.payload) for f in (peer.read_frame() for _ in range(3))] == [
        (TEXT, b"text"),
        (BINARY, b"\0\xff"),
        (BINARY, b""),
    ]
    peer.send(frame(b"\0\xff", BINARY))
    assert receive(ours) == [b"\0\xff"]


def test_receiving_until_a_deadline(pair: Pair) -> None:
    ours, peer = pair
    assert Task(ours.recv_until, time.monotonic() + 0.05).result() == []
    peer.send(frame("late"))
    assert Task(ours.recv_until, soon()).result() == ["late"]
    task = Task(ours.recv)
    task.wait_until_blocked()
    peer.send(frame("no deadline is left"))
    assert task.result() == ["no deadline is left"]


def test_part_of_a_frame_outlives_a_deadline(pair: Pair) -> None:
    ours, peer = pair
    data = frame("whole")
    peer.send(data[:4])
    assert Task(ours.recv_until, time.monotonic() + 0.05).result() == []
    peer.send(data[4:])
    assert receive(ours) == ["whole"]


def test_who_leaves_reads_until_the_server_has_ended_it_too() -> None:
    with link() as (ours, peer):
        ours.leave()
        assert peer.read_frame().opcode == CLOSE
        peer.send(frame("3:::last words"))
        assert receive(ours) == ["3:::last words"]
        peer.end()
        with pytest.raises(ConnectionLost):
            receive(ours)
