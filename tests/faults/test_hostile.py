"""Rows 16 to 30 and 47 to 50 of the fault matrix: servers that misbehave, are others, or are not there."""

from __future__ import annotations

import gzip
import logging
import socket as sockets
import threading
import time

import pytest

from sioclient import AckTimeout, ChannelError, ConnectError, HandshakeRejected, SocketIO
from sioclient.protocol.revisions.payload1 import decode_payload
from sioclient.transports.dialing import Dial
from tests.conftest import Recorder, start
from tests.faults.conftest import told
from tests.faults.rogue import Rogue
from tests.faults.soak import memory
from tests.protocol.driver import event, open_client
from tests.servers_py import PING, Peer, Server, Task, closed_port, deaf_port, frame
from tests.waiting import PATIENCE, ended, eventually, happened

pytestmark = pytest.mark.usefixtures("no_thread_left")

GARBAGE = [
    "9::", "", " ", "x", "-1::", "1", "3", "5", "5::", "5:::", "5:::{", "5:::[]", "5:::null", '5:::{"name":1}',
    '5:::{"name":null}', '5:::{"args":[1]}', '5:::{"name":"n","args":', '5:::"n"', "4:::", "4:::{", "4:::nope",
    "4:::'1'", "4:::" + "[" * 100_000, "4:::" + "1" * 5_000, "6:::", "6:::x", "6:::-1", "6:::99999999999999999999",
    "6:::+[]", "3:x:", "3:99999999999999999999::late", "3:1++::", "\ufffd", "\x00", "\ud800", "{}", "null", "0",
    "<html>", "a" * 100_000,
]  # fmt: skip
"""Texts that are no packets, or hardly."""

HANDSHAKE = b"sid:60:60:websocket,xhr-polling"


def short(**options):
    return {"connect_timeout": 0.5, **options}


@pytest.fixture
def warned(caplog):
    caplog.set_level(logging.WARNING, "sioclient")
    return caplog


@pytest.mark.fronts
def test_f16_garbage_is_dropped_with_one_warning(connect, recorder, warned):
    with Rogue() as rogue:
        socket = connect(rogue.port, recorder)
        session, name = rogue.next_session(), socket.session_id
        for garbage in GARBAGE:
            if garbage not in ("0", "\ufffd", "<html>", ""):  # these mean something, on one of the transports
                session.push(garbage)
        session.push("3:::after all that")
        while recorder.next("message")[2] != "after all that":
            pass
        assert socket.session_id == name
        assert socket.call("anything") is None
        assert len(warned.records) == 1
        assert "malformed" in warned.text
        assert len(warned.text) < 1000


@pytest.mark.parametrize("transport", ["websocket"])  # between two polls, a raw write crashes the server
@pytest.mark.fronts
def test_f16_garbage_from_a_real_server(connect, recorder, warned):
    with start("legacy.js") as server:
        socket = connect(server.port, recorder)
        name = socket.session_id
        for garbage in GARBAGE:
            if garbage not in ("0", "\ufffd", "<html>", "", "\ud800"):
                socket.emit("do write", garbage)
        assert socket.call("echo", "still there") == "still there"
        assert socket.session_id == name
        eventually(lambda: "malformed" in warned.text, "the warning")


BROKEN = {
    "bad UTF-8": (frame(b"3:::\xff"), 1007),
    "a reserved bit": (frame("3:::x", rsv=1), 1002),
    "an unknown opcode": (frame("3:::x", 3), 1002),
    "a masked frame": (frame("3:::x", masked=True), 1002),
    "a ping in pieces": (frame("x", PING, fin=False), 1002),
    "a continuation of nothing": (frame("x", 0), 1002),
}


@pytest.mark.parametrize("transport", ["websocket"])
@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.fronts
def test_f17_broken_framing_ends_the_transport_alone(connect, recorder, kind):
    data, status = BROKEN[kind]
    with Rogue() as rogue:
        socket = connect(rogue.port, recorder)
        session = rogue.next_session()
        session.act(lambda peer: peer.send(data))
        assert recorder.next("close")[1].startswith("protocol error")
        recorder.next("reconnect")
        eventually(lambda: session.closed_with == status, f"a close frame with {status}")
        assert socket.call("anything") is None


@pytest.mark.fronts
def test_f17_bytes_that_the_server_never_sent(connect, proxy, recorder, transport, ledger):
    socket = connect(proxy.port, recorder)
    account = ledger(socket)
    account.emit(3)
    account.wait_for_last()
    proxy.inject(b"\xff\xff\xff HTTP/9.9 \x00\x00")
    if transport == "websocket":  # a connection that is kept for the next poll is replaced without a loss
        recorder.next("reconnect")
    account.deliver()
    account.check(complete=False)


def too_big(transport: str, peer: Peer) -> None:
    if transport == "websocket":
        peer.send(b"\x81\x7f" + (2**40).to_bytes(8, "big"))
    else:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n" + b"3" * 20_000)


@pytest.mark.fronts
def test_f18_the_third_message_too_big_in_a_row_is_the_end(connect, recorder, transport):
    with Rogue() as rogue:
        socket = connect(rogue.port, recorder, max_message_size=10_000)
        for _ in range(3):
            rogue.next_session().act(lambda peer: too_big(transport, peer))
        with pytest.raises(ConnectError, match="message too big"):
            ended(socket)
        assert rogue.handshakes == 3


def endless(data: bytes, first: bytes = b""):
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.send(first)
        while True:
            peer.send(data)

    return script


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
ENDLESS = {
    "a body": endless(b"x" * 4096, HEAD + b"\r\n"),
    "chunks": endless(b"1000\r\n" + b"x" * 4096 + b"\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
    "a header": endless(b"x" * 4096, HEAD + b"X: "),
    "headers": endless(b"X: y\r\n" * 500, HEAD),
    "continues": endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_f19_an_endless_response_is_cut_off(kind):
    with Server(ENDLESS[kind]) as server, pytest.raises(ConnectError, match=r"larger than|more than|too large"):
        SocketIO("127.0.0.1", server.port)


def test_f19_a_compressed_response_is_refused():
    def bomb(peer: Peer) -> None:
        assert peer.read_head().header("Accept-Encoding") == "identity"
        peer.answer(200, gzip.compress(b"x" * 10_000_000), "Content-Encoding: gzip")

    with Server(bomb) as server, pytest.raises(ConnectError, match="compressed"):
        SocketIO("127.0.0.1", server.port)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_f20_a_refusal_is_raised_at_once(status):
    with Server(lambda peer: (peer.read_head(), peer.answer(status, b"because " + b"x" * 5000))) as server:
        with pytest.raises(HandshakeRejected) as refused:
            SocketIO("127.0.0.1", server.port, wait_for_connection=True, reconnection_delay=0.01)
        handshakes = [request for request in server.requests if request.target.startswith("/socket.io/1/?")]
        assert len(handshakes) == 1
        assert refused.value.status == status
        assert len(refused.value.body) == 200
        assert str(status) in str(refused.value)
        assert "because" in str(refused.value)
        assert len(str(refused.value)) < 600


ODD = [
    b"", b":", "é:::".encode(), b"::::", b"sid", b"sid:60", b"sid:60:60", b"sid:x:y:websocket", b"sid:-1:60:websocket",
    b"sid:1e9:60:websocket", b"sid:60:60:", b"sid:60:60:nonsense", b":60:60:websocket", b"a/b:60:60:websocket",
    b"a b:60:60:websocket", b"../..:60:60:websocket", b"sid\r\n:60:60:websocket", b"x" * 200 + b":60:60:websocket",
    b"sid:99999999999999999999:60:websocket", b"\xff\xfe:60:60:websocket", b"<html>", b"null", b"{}", b"\x00\x01\x02",
    b"io.j[0](", b'io.j[0](new Error("no"));', "sid:\uff16:60:websocket".encode(),
]  # fmt: skip


def test_f21_odd_handshakes_are_errors_of_ours():
    def serve(peer: Peer) -> None:
        request = peer.read_head()
        peer.answer(200, odd if request.target.startswith("/socket.io/1/?") else b"")

    for odd in ODD:  # noqa: B007 - the script responds with it
        with Server(serve) as server, pytest.raises(ConnectError):
            SocketIO("127.0.0.1", server.port, **short())
    for status in (500, 502, 503):
        with Server(lambda peer, status=status: (peer.read_head(), peer.answer(status, b"<html>"))) as server:
            with pytest.raises(HandshakeRejected) as refused:
                SocketIO("127.0.0.1", server.port)
            assert refused.value.status == status
            assert refused.value.retryable


def drip(data: bytes):
    def script(peer: Peer) -> None:
        peer.read_head()
        for position in range(len(data)):
            peer.send(data[position : position + 1])
            if peer.server.ended.wait(0.05):
                return

    return script


@pytest.mark.parametrize("data", [b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500, HEAD + b"\r\n" + b"x" * 500])
def test_f22_a_server_that_sends_a_byte_now_and_then_is_given_up(data):
    with Server(drip(data)) as server, pytest.raises(ConnectError, match=r"in time|within"):
        SocketIO("127.0.0.1", server.port, **short())


@pytest.mark.parametrize("size", [10, 300], ids=["in the handshake", "in the transport's first response"])
@pytest.mark.fronts
def test_f22_a_server_stuck_in_mid_response_is_given_up(connect, proxy, size):
    proxy.throttle("down", size)
    with pytest.raises(ConnectError, match=r"in time|within|says nothing"):
        connect(proxy.port, **short())
    proxy.throttle("down", None)
    assert connect(proxy.port).call("echo", 1) == 1


def test_f23_a_host_that_does_not_respond_is_given_up():
    with deaf_port() as port, pytest.raises(ConnectError, match=r"in time|within"):
        SocketIO("127.0.0.1", port, **short())


def test_f23_a_dead_address_of_a_name_costs_a_quarter_of_a_second(connect, recorder, transport, monkeypatch):
    """Once: whichever answered is the first to be tried by every later request, and after a loss."""
    with Rogue() as rogue, deaf_port() as deaf:
        addresses = [
            (sockets.AF_INET, sockets.SOCK_STREAM, sockets.IPPROTO_TCP, "", ("127.0.0.1", port))
            for port in (deaf, rogue.port)
        ]
        monkeypatch.setattr("socket.getaddrinfo", lambda *args, **options: addresses)
        dialed: list[int] = []

        class Noting(Dial):
            def __init__(self, addresses, *rest):
                dialed.append(addresses[0][4][1])
                super().__init__(addresses, *rest)

        monkeypatch.setattr("sioclient.transports.stream.Dial", Noting)
        began = time.monotonic()
        # Half of this time if one came after the other.
        socket = connect(rogue.port, recorder, "localhost", connect_timeout=4 * PATIENCE)
        assert socket.call("anything") is None
        assert 0.2 < time.monotonic() - began < PATIENCE
        rogue.next_session().end()
        recorder.next("reconnect")
        assert socket.call("anything") is None
        assert dialed[0] == deaf
        assert set(dialed[1:]) == {rogue.port}
        assert len(dialed) >= 4


def test_f24_a_name_that_nobody_knows(monkeypatch):
    def unknown(*args, **kwargs):
        raise sockets.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    with pytest.raises(ConnectError, match="Name or service"):
        SocketIO("nobody.invalid", 80, **short())


def test_f24_a_name_that_is_looked_up_for_ever(monkeypatch):
    found, real = threading.Event(), sockets.getaddrinfo

    def slow(*args, **kwargs):
        happened(found)
        return real(*args, **kwargs)

    monkeypatch.setattr("socket.getaddrinfo", slow)
    try:
        with pytest.raises(ConnectError, match="within"):
            SocketIO("localhost", 80, **short())
    finally:
        found.set()


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("kind", ["407", "closes", "hangs", "garbage", "refuses"])
def test_f25_a_broken_proxy_is_named_without_its_password(kind, secure):
    scripts = {
        "407": lambda peer: (peer.read_head(), peer.answer(407)),
        "closes": lambda peer: peer.read_head(),
        "hangs": lambda peer: (peer.read_head(), peer.wait_for_the_end()),
        "garbage": lambda peer: (peer.read_head(), peer.send(b"\x00\xff" * 100)),
        "refuses": lambda peer: None,
    }
    with Server(scripts[kind]) as server, closed_port() as nobody:
        port = nobody if kind == "refuses" else server.port
        proxies = {"https" if secure else "http": f"http://user:s3cret@127.0.0.1:{port}"}
        options = short() if kind == "hangs" else {}
        with pytest.raises(ConnectError) as refused:
            SocketIO("somewhere.invalid", 80, proxies=proxies, secure=secure, **options)
        told = str(refused.value)
        assert "s3cret" not in told
        if kind == "407" and not secure:
            assert "this is the proxy" in told  # its name is not known here: it responds as a server does
        elif kind != "hangs":  # the time may be over on either of two clocks
            assert f"proxy 127.0.0.1:{port}" in told


@pytest.mark.parametrize("refusal", ["404", "closes", "200"])
def test_f27_without_an_upgrade_the_next_transport_is_used(refusal, recorder):
    def serve(self, peer, request, session):
        if refusal == "closes":
            raise EOFError
        peer.answer(int(refusal))
        raise EOFError

    class NoUpgrade(Rogue):
        _run_websocket = serve

    with NoUpgrade() as rogue:
        with SocketIO("127.0.0.1", rogue.port, recorder, transports=("websocket", "xhr-polling")) as socket:
            assert socket.transport_name == "xhr-polling"
            assert socket.call("anything") is None
        assert (rogue.handshakes, len(rogue.sessions)) == (1, 1)
        assert told(recorder).count("connect") == 1


@pytest.mark.fronts
def test_f28_a_kick_is_the_end_unless_the_user_wants_otherwise(connect, recorder):
    with Rogue() as rogue:
        socket = connect(rogue.port, recorder)
        rogue.next_session().push("0::", "3:::too late")
        assert ended(socket) == "server"
        assert not socket.connected
        assert rogue.handshakes == 1
        assert told(recorder)[-2:] == ["disconnect", "close"]
        again = connect(rogue.port, back := Recorder(), reconnect_when_kicked=True)
        rogue.next_session().push("0::")
        assert back.next("reconnect") == ("reconnect", 1)
        assert again.call("anything") is None


@pytest.mark.parametrize("transport", ["websocket"])
def test_f28_thirty_megabytes_over_an_old_websocket(connect, recorder):
    """It would kick whoever has sent it so much over one websocket."""
    with start("legacy.js") as server:
        socket = connect(server.port, recorder)
        for number in range(1000):
            socket.emit("note", number, "x" * 30_000)
        assert socket.call("notes") == list(range(1000))
        assert "disconnect" not in told(recorder)


def test_f29_an_ack_that_never_comes_leaves_nothing_behind():
    client = open_client()
    for number in range(1, 1001):
        client.push(event("x", id=number), 0.0, waiter=number, timeout=5.0, waited=True)
    client.frames_to_send()
    client.receive(["3:::alive"], 4.9)
    assert len(client.acks) == 1000
    client.handle_timeout(5.0)
    assert (len(client.acks), client.acks.deadline()) == (0, None)


@pytest.mark.fronts
def test_f30_acks_that_nobody_waits_for_change_nothing(connect, recorder):
    with Rogue() as rogue:
        socket = connect(rogue.port, recorder)
        session = rogue.next_session()
        session.acknowledges = False
        acked = []
        for name in "abc":
            socket.emit(name, callback=lambda *args, name=name: acked.append((name, args)))
        eventually(lambda: len(session.sent) == 3)
        a, b, c = (text.split(":")[1].rstrip("+") for text in session.sent)
        session.push("6:::0", "6:::999999", "6:::-1", "6:::x", "6:::", "6:::+", f"6::/nowhere:{a}+[0]")
        session.push(f"6:::{c}+[3]", f"6:::{a}+[1]", f"6:::{a}+[2]", f"6:::{a}", f"6:::{c}+[9]", f"6:::{b}+[2]")
        eventually(lambda: len(acked) == 3)
        session.acknowledges = True
        assert socket.call("anything") is None
        assert acked == [("c", (3,)), ("a", (1,)), ("b", (2,))]


OTHERS = {
    "an SSH server": (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH-2.0-OpenSSH_9.6"),
    "HTTP/2": (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00" * 18, r"\x00\x00\x12\x04"),
    "SMTP": (b"220 mail.example ESMTP\r\n", "220 mail.example ESMTP"),
    "TLS": (b"\x15\x03\x01\x00\x02\x02\x46", r"\x15\x03\x01"),
    "nothing": (b"", "without a response"),
}
"""What servers of other protocols say first, and what of it the error shows."""


@pytest.mark.parametrize("kind", OTHERS)
def test_f47_what_a_server_of_another_kind_says_is_shown(kind):
    said, shown = OTHERS[kind]
    with Server(lambda peer: (peer.send(said), peer.read_head())) as server, pytest.raises(ConnectError) as refused:
        SocketIO("127.0.0.1", server.port)
    assert shown in str(refused.value)


def test_f47_websocket_users_find_what_they_knocked_at(authority):
    with Server(lambda peer: peer.read_head(), tls=authority.good) as server, pytest.raises(ConnectError):
        SocketIO("127.0.0.1", server.port, **short())
    with Server(lambda peer: peer.read_head()) as server, pytest.raises(ConnectError):
        SocketIO("127.0.0.1", server.port, secure=True, **short())


@pytest.mark.fronts
def test_f48_an_endpoint_that_ends_takes_no_other_along(connect, recorder):
    with Rogue() as rogue:
        socket = connect(rogue.port, recorder)
        session, first, second = rogue.next_session(), Recorder(), Recorder()
        one, two = socket.connect("/one", first), socket.connect("/two", second)
        session.acknowledges = False
        joining = Task(socket.connect, "/three")
        eventually(lambda: "1::/three" in session.sent)
        session.push("7::/three:no")
        with pytest.raises(ChannelError, match="refused"):
            joining.result()
        session.acknowledges = True
        session.push("0::/one")
        assert first.next("disconnect") == ("disconnect",)
        assert not one.connected
        with pytest.raises(ChannelError):
            one.emit("x")
        assert two.call("anything") is None
        assert socket.call("anything") is None
        assert "disconnect" not in told(second) + told(recorder)


def test_f49_a_body_of_many_packets_takes_time_in_proportion():
    # Ten times as much may take thirty times as long, but not a hundred: what is quadratic would.
    def seconds(count: int) -> float:
        body = "\ufffd5\ufffd3:::x" * count
        began = time.process_time()
        client = open_client()
        client.receive(decode_payload(body), 0.0)
        assert len(client.notices()) == count
        return time.process_time() - began

    small = max(min(seconds(10_000) for _ in range(3)), 0.01)
    assert any(seconds(100_000) < 30 * small for _ in range(3))


@pytest.mark.fronts
def test_f49_a_burst_arrives_whole(connect):
    with Rogue() as rogue:
        heard: list[int] = []
        socket = connect(rogue.port)
        socket.on("n", heard.append)
        session = rogue.next_session()
        session.push(*[f'5:::{{"name":"n","args":[{number}]}}' for number in range(10_000)])
        assert socket.call("anything") is None
        eventually(lambda: len(heard) == 10_000)
        assert heard == list(range(10_000))


@pytest.mark.parametrize("transport", ["websocket"])  # over polling, nobody asks for more meanwhile
def test_f50_a_flood_waits_in_the_network_while_a_handler_runs(connect, warned):
    with Rogue(heartbeat=1, close=1) as rogue:
        socket = connect(rogue.port)
        session, go_on, heard = rogue.next_session(), threading.Event(), []

        def slow(number: int, text: str) -> None:
            if number == 0:
                happened(go_on)
            heard.append(number)

        socket.on("n", slow)
        before = memory()

        def flood() -> None:
            for number in range(500):
                session.push(f'5:::{{"name":"n","args":[{number},"{"x" * 100_000}"]}}')

        flooding = Task(flood)
        eventually(lambda: "2::" in session.sent, "a heartbeat while the handler blocks")
        flooding.wait_until_blocked()
        eventually(lambda: "'n' has run" in warned.text, "a warning")
        assert memory() - before < 16_384 + 20_000, "kilobytes of 50,000 are here"
        go_on.set()
        flooding.result()
        eventually(lambda: len(heard) == 500)
        assert heard == list(range(500))
        assert socket.connected


def test_f50_a_flood_while_a_handler_calls_is_bounded(connect, recorder, monkeypatch):
    """A call in a handler reads on, so what comes meanwhile must be bounded."""
    monkeypatch.setattr("sioclient.threads.listener.MOST_DEFERRED", 2_000_000)
    with Rogue() as rogue:
        raised = []

        def calls() -> None:
            try:
                socket.call("never acknowledged")
            except Exception as error:
                raised.append(error)

        socket = connect(rogue.port, recorder)
        socket.on("go", calls)
        session = rogue.next_session()
        session.acknowledges = False
        session.push('5:::{"name":"go"}')
        eventually(lambda: session.sent)
        flooding = Task(lambda: [session.push(*["3:::" + "x" * 10_000] * 10) for _ in range(100)])
        eventually(lambda: raised, "the call gives up")
        assert isinstance(raised[0], AckTimeout)
        flooding.result()
        session.acknowledges = True
        assert socket.call("anything") is None


@pytest.mark.fronts
def test_f49_a_byte_at_a_time_is_no_other_thing_than_all_at_once(connect, proxy, ledger):
    proxy.sizes = 1
    account = ledger(connect(proxy.port))
    for _ in range(5):
        # One by one: a POST with several packets is what this server cannot read in pieces, see transports/polling.py.
        account.emit()
        account.wait_for_last()
    account.check()
