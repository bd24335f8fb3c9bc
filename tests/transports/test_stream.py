"""Stream, against servers whose every byte the test decides."""

from __future__ import annotations

import gc
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import pytest

from sioclient.errors import ConnectError
from sioclient.transports import stream as stream_module
from sioclient.transports.base import Traffic
from sioclient.transports.dialing import PACE, Answered
from sioclient.transports.stream import Stream
from sioclient.transports.tls import make_tls_context
from sioclient.transports.websocket import drain
from tests.servers_py import LIMIT, Peer, Server, Task, closed_port, deaf_port, descriptors, hand_over, soon, wait_until
from tests.transports.conftest import Authority
from tests.waiting import eventually

MANY = b"x" * 32 * 2**20
"""More than any system buffers."""

Open = Callable[[], tuple[Stream, Peer]]


@contextmanager
def connected(server: Server, context: ssl.SSLContext | None = None, host: str = "localhost") -> Iterator[Stream]:
    with closing(Stream()) as stream:
        stream.connect("127.0.0.1", server.port, soon(), {})
        if context is not None:
            stream.start_tls(context, host, soon())
        yield stream


@pytest.fixture(params=["tcp", "tls 1.2", "tls 1.3"])
def link(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Open]:
    """Return a function that opens a stream to a server, in each way that there is."""
    versions = {"tls 1.2": ssl.TLSVersion.TLSv1_2, "tls 1.3": ssl.TLSVersion.TLSv1_3}
    with ExitStack() as stack:

        def open_link() -> tuple[Stream, Peer]:
            tls = authority.only(versions[request.param]) if request.param in versions else None
            server = stack.enter_context(Server(hand_over, tls=tls))
            stream = stack.enter_context(connected(server, authority.client() if tls else None))
            stack.callback(stream.abort)  # before anything is closed: a failed test leaves nothing blocked
            return stream, server.next_peer()

        yield open_link


# Connecting


def test_connects_to_a_listening_port() -> None:
    with Server(hand_over) as server, connected(server) as stream:
        server.next_peer().send(b"hello")
        assert stream.recv() == b"hello"


def test_a_port_without_a_server_refuses() -> None:
    with closing(Stream()) as stream, closed_port() as port, pytest.raises(ConnectionRefusedError):
        stream.connect("127.0.0.1", port, soon(), {})


def test_every_address_of_the_host_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    # Which addresses a name has is up to the machine, hence the replacement of what the system says.
    with Server(hand_over) as server, closed_port() as closed, closing(Stream()) as stream:
        addresses = [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))
            for port in (closed, server.port)
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
        stream.connect("several.example", 80, soon(), {})
        assert server.next_peer()


def test_the_address_that_answered_is_tried_first_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(hand_over) as server, deaf_port() as deaf:
        addresses = [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))
            for port in (deaf, deaf, server.port)
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
        answered: Answered = {}
        took = []
        for _ in range(2):
            with closing(Stream()) as stream:
                began = time.monotonic()
                stream.connect("several.example", 80, soon(), answered)
                took.append(time.monotonic() - began)
        assert answered == {("several.example", 80): ("127.0.0.1", server.port)}
        assert took[1] < 2 * PACE <= took[0]


def test_an_address_that_answers_is_found_for_others_to_connect_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(hand_over) as server, closing(Stream()) as stream, monkeypatch.context() as patch:
        addresses = [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, server.port))
            for host in ("127.0.0.2", "127.0.0.1")
        ]
        patch.setattr(socket, "getaddrinfo", lambda *args: addresses)
        answered: Answered = {}
        for _ in range(2):
            assert stream.find("several.example", server.port, soon(), answered) == "127.0.0.1"
        assert answered == {("several.example", server.port): ("127.0.0.1", server.port)}
        server.next_peer()
        assert server.connections == 1
        addresses.pop()
        assert stream.find("several.example", server.port, soon(), answered) == "several.example"


def test_a_connect_without_a_reply_ends_at_the_deadline() -> None:
    with deaf_port() as port, closing(Stream()) as stream:
        task = Task(stream.connect, "127.0.0.1", port, time.monotonic() + 0.2, {})
        with pytest.raises(TimeoutError):
            task.result()


def test_nothing_is_connected_after_the_deadline() -> None:
    with Server(hand_over) as server, closing(Stream()) as stream:
        with pytest.raises(TimeoutError, match="timed out"):
            stream.connect("127.0.0.1", server.port, time.monotonic() - 1, {})
        assert server.connections == 0


def test_a_socket_may_connect_in_its_own_way() -> None:
    with Server(hand_over) as server, closing(Stream()) as stream:
        stream.connect_with(socket.socket(), ("127.0.0.1", server.port), soon())
        server.next_peer().send(b"hello")
        assert stream.recv() == b"hello"


def test_a_socket_that_does_not_connect_in_its_own_way_is_closed() -> None:
    with closing(Stream()) as stream, closed_port() as port, socket.socket() as sock:
        with pytest.raises(ConnectionRefusedError):
            stream.connect_with(sock, ("127.0.0.1", port), soon())
        assert sock.fileno() == -1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_tls_with_a_good_certificate_carries_data_both_ways(authority: Authority, host: str) -> None:
    with Server(hand_over, tls=authority.good) as server, connected(server, authority.client(), host) as stream:
        peer = server.next_peer()
        peer.send(b"from the server")
        assert stream.recv() == b"from the server"
        stream.sendall(b"from the client")
        assert peer.read(15) == b"from the client"


@pytest.mark.parametrize("certificate", ["self_signed", "other_host", "expired"])
def test_tls_with_a_bad_certificate_is_refused(authority: Authority, certificate: str) -> None:
    with Server(hand_over, tls=getattr(authority, certificate)) as server, closing(Stream()) as stream:
        stream.connect("127.0.0.1", server.port, soon(), {})
        with pytest.raises(ssl.SSLCertVerificationError):
            stream.start_tls(authority.client(), "localhost", soon())


def test_without_authorities_every_certificate_will_do(authority: Authority) -> None:
    context = make_tls_context(None, None)
    with Server(hand_over, tls=authority.self_signed) as server, connected(server, context) as stream:
        server.next_peer().send(b"hello")
        assert stream.recv() == b"hello"


@pytest.mark.parametrize("in_two_files", [False, True])
def test_the_clients_certificate_is_shown(authority: Authority, in_two_files: bool) -> None:
    name = authority.client_file
    context = make_tls_context(authority.ca_file, (name, name if in_two_files else None))
    with Server(hand_over, tls=authority.wants_certificate()) as server, connected(server, context) as stream:
        server.next_peer().send(b"hello")
        assert stream.recv() == b"hello"


def test_authorities_may_be_a_directory(authority: Authority, tmp_path: Path) -> None:
    with Server(hand_over, tls=authority.good) as server, closing(Stream()) as stream:
        stream.connect("127.0.0.1", server.port, soon(), {})
        with pytest.raises(ssl.SSLCertVerificationError):  # there are none in it
            stream.start_tls(make_tls_context(str(tmp_path), None), "localhost", soon())


@pytest.mark.parametrize("option", ["verify", "cert"])
@pytest.mark.parametrize("there", [False, True])
def test_a_file_that_cannot_be_loaded_is_named(authority: Authority, tmp_path: Path, option: str, there: bool) -> None:
    file = tmp_path / "file.pem"
    if there:
        file.write_text("no certificate")
    text = rf"^what {option}= names cannot be loaded, .*file\.pem'" if there else rf"file\.pem', which {option}= names"
    with pytest.raises(ConnectError, match=text) as caught:
        make_tls_context(*(str(file), None) if option == "verify" else (authority.ca_file, (str(file), None)))
    assert not caught.value.retryable


def test_a_context_of_the_users_is_used_as_it_is() -> None:
    context = ssl.create_default_context()
    assert make_tls_context(context, None) is context


def test_a_server_without_tls_is_an_error(authority: Authority) -> None:
    with Server(lambda peer: peer.send(b"SSH-2.0-OpenSSH\r\n")) as server, closing(Stream()) as stream:
        stream.connect("127.0.0.1", server.port, soon(), {})
        with pytest.raises(ssl.SSLError):
            stream.start_tls(authority.client(), "localhost", soon())


def test_a_silent_tls_handshake_ends_at_the_deadline(authority: Authority) -> None:
    with Server(hand_over) as server, closing(Stream()) as stream:
        stream.connect("127.0.0.1", server.port, soon(), {})
        task = Task(stream.start_tls, authority.client(), "localhost", time.monotonic() + 0.2)
        with pytest.raises(TimeoutError):
            task.result()


def test_nothing_may_come_before_the_encryption(authority: Authority) -> None:
    with Server(hand_over) as server, closing(Stream()) as stream:
        stream.connect("127.0.0.1", server.port, soon(), {})
        stream.unread(b"as if it had come encrypted")
        with pytest.raises(ConnectionAbortedError, match="before the connection was encrypted"):
            stream.start_tls(authority.client(), "localhost", soon())


# Reading


def test_the_end_of_the_stream_is_read_as_nothing(link: Open) -> None:
    stream, peer = link()
    peer.send(b"last")
    assert stream.recv() == b"last"
    peer.end()
    assert Task(stream.recv).result() == b""
    assert Task(stream.recv).result() == b""


def test_recv_returns_at_most_what_was_asked_for(link: Open) -> None:
    stream, peer = link()
    peer.send(b"abcdef")
    assert [stream.recv(4), stream.recv(4)] == [b"abcd", b"ef"]


def test_what_was_put_back_is_read_first(link: Open) -> None:
    stream, peer = link()
    stream.unread(b"cd")
    stream.unread(b"ab")
    peer.send(b"ef")
    assert [stream.recv(3), stream.recv(3), stream.recv(3)] == [b"abc", b"d", b"ef"]


def test_recv_into_returns_what_was_put_back_first(link: Open) -> None:
    stream, peer = link()
    stream.unread(b"ab")
    buffer = bytearray(4)
    with memoryview(buffer) as view:
        assert stream.recv_into(view) == 2
        peer.send(b"cd")
        assert stream.recv_into(view[2:]) == 2
    assert buffer == b"abcd"


def test_recv_gives_up_at_its_deadline_and_loses_nothing(link: Open) -> None:
    stream, peer = link()
    with pytest.raises(TimeoutError, match="in time"):
        Task(stream.recv, 100, time.monotonic() + 0.05).result()
    peer.send(b"late")
    assert stream.recv(deadline=soon()) == b"late"


def test_recv_waits_without_a_deadline(link: Open) -> None:
    stream, peer = link()
    task = Task(stream.recv)
    task.wait_until_blocked()
    peer.send(b"at last")
    assert task.result() == b"at last"


def test_waiting_ends_at_a_deadline_too(link: Open) -> None:
    stream, peer = link()
    assert not Task(stream.wait, time.monotonic() + 0.01).result()
    peer.send(b"late")
    assert Task(stream.wait, soon()).result()
    assert stream.recv() == b"late"


def test_wake_makes_a_blocked_recv_raise_once(link: Open) -> None:
    stream, peer = link()
    task = Task(stream.recv)
    task.wait_until_blocked()
    stream.wake()
    with pytest.raises(TimeoutError, match="woken"):
        task.result()
    peer.send(b"not lost")
    assert Task(stream.recv).result() == b"not lost"


def test_what_is_about_to_come_is_looked_for_without_sleeping(link: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sioclient.transports.looking.MOST", LIMIT)
    stream, peer = link()
    peer.send(b"question")
    assert Task(stream.recv).result() == b"question"
    monkeypatch.setattr(stream, "_wait_to_read", lambda deadline: pytest.fail("it sleeps"))
    stream.hasten()
    receives = Task(stream.recv)
    peer.send(b"reply")
    assert receives.result() == b"reply"


def test_what_does_not_come_at_once_is_waited_for(link: Open) -> None:
    stream, peer = link()
    stream.hasten()
    receives = Task(stream.recv)
    receives.wait_until_blocked()
    peer.send(b"late")
    assert receives.result() == b"late"


def test_wake_before_recv_is_not_forgotten(link: Open) -> None:
    stream, peer = link()
    stream.wake()
    with pytest.raises(TimeoutError, match="woken"):
        Task(stream.recv).result()
    peer.send(b"after")
    assert Task(stream.recv).result() == b"after"


def test_any_number_of_wakes_is_one_wake() -> None:
    with Server(hand_over) as server, connected(server) as stream:
        for _ in range(3000):  # more than the buffer between waker and reader holds on Linux
            stream.wake()
        with pytest.raises(TimeoutError, match="woken"):
            Task(stream.recv).result()
        server.next_peer().send(b"after")
        assert Task(stream.recv).result() == b"after"


class _SlowWaker:
    """A waker whose ``send`` takes as long as the test says, as that of a thread which the system does not let run."""

    def __init__(self) -> None:
        self.begun, self.may_end, self.closed = threading.Event(), threading.Event(), threading.Event()
        self.was_closed: bool | None = None  # when ``send`` ended

    def send(self, data: bytes) -> int:
        self.begun.set()
        assert self.may_end.wait(LIMIT)
        self.was_closed = self.closed.is_set()
        return len(data)

    def close(self) -> None:
        self.closed.set()


@pytest.mark.parametrize("call", [Stream.wake, Stream.abort])
def test_no_descriptor_is_closed_while_another_thread_wakes(call: Callable[[Stream], None]) -> None:
    stream, waker = Stream(), _SlowWaker()
    stream._waker, before = waker, stream._waker  # type: ignore[assignment]
    waking = Task(call, stream)
    assert waker.begun.wait(LIMIT)
    closing_ = Task(stream.close)
    assert not waker.closed.wait(0.1)  # it would be somebody else's when the other thread writes to it
    waker.may_end.set()
    waking.result()
    closing_.result()
    assert waker.was_closed is False
    assert waker.closed.is_set()
    assert before is not None
    before.close()


def test_the_garbage_collector_may_wake_what_is_just_being_read() -> None:
    with closing(Stream()) as stream:

        def collect() -> None:
            with stream._lock:
                stream.wake()

        Task(collect).result()


def test_a_socket_that_others_may_know_is_closed_in_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(hand_over) as server, closed_port() as port, closing(Stream()) as stream:
        guarded: list[bool] = []

        class Socket(socket.socket):
            def close(self) -> None:
                guarded.append(stream._lock._is_owned())  # type: ignore[attr-defined]
                super().close()

            def setsockopt(self, *args: Any) -> None:
                raise OSError("not this one")

        with monkeypatch.context() as patch:
            patch.setattr(socket, "socket", Socket)
            with pytest.raises(OSError, match="not this one"):
                stream.connect("127.0.0.1", server.port, soon(), {})
        with pytest.raises(ConnectionRefusedError):
            stream.connect_with(Socket(), ("127.0.0.1", port), soon())
        assert guarded == [True, True]
        assert stream._sock is None


def test_what_can_be_known_without_reading_or_writing() -> None:
    with Server(hand_over) as server, connected(server) as stream:
        peer = server.next_peer()
        assert stream.has_room()
        assert not stream.has_ended()
        waiting = Task(stream.wait)
        waiting.wait_until_blocked()
        stream.wake()
        assert waiting.result() is False
        peer.send(b"x")
        assert Task(stream.wait).result() is True
        assert stream.recv() == b"x"
        stream.unread(b"more than was asked for")
        assert stream.has_ended()
        assert stream.recv() == b"more than was asked for"
        peer.end()
        wait_until(stream.has_ended, "the end of the stream")
        stream.abort()
        assert not stream.has_room()
        with pytest.raises(ConnectionAbortedError):
            Task(stream.wait).result()


# Writing


def test_large_data_arrives_whole(link: Open) -> None:
    stream, peer = link()
    sending = Task(stream.sendall, MANY[: 3 * 2**20])
    assert peer.read(3 * 2**20) == MANY[: 3 * 2**20]
    sending.result()


def test_a_write_that_nobody_reads_gives_up(link: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "STALL_TIMEOUT", 0.2)
    stream, _ = link()
    with pytest.raises(TimeoutError, match=r"has taken nothing for 0\.2 s"):
        Task(stream.sendall, MANY).result()


def test_a_write_that_is_read_slowly_does_not_give_up(link: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "STALL_TIMEOUT", 2.0)
    stream, peer = link()
    begin = time.monotonic()
    sending = Task(stream.sendall, MANY)
    for _ in range(len(MANY) // 2**18):
        peer.read(2**18)
        peer.server.ended.wait(0.02)  # the slowness that this is about
    sending.result()
    assert time.monotonic() - begin > 2, "the server read too fast for this test to show anything"


def test_what_a_peer_does_not_read_fills_a_small_buffer_only(link: Open) -> None:
    """So a heartbeat has little before it, and a slow peer does not look like one that takes nothing."""
    stream, _ = link()
    taken = 0
    while stream.has_room():
        taken += stream.send(MANY[:65536], 0)
    assert 0 < taken < 2**20  # on Linux it is half of that; as much as the system likes would be 2.6 MB


# Aborting


def test_abort_wakes_a_blocked_recv_that_nothing_else_can_wake() -> None:
    with Server(hand_over) as server, closing(Stream(wakes=False)) as stream:
        stream.connect("127.0.0.1", server.port, soon(), {})
        task = Task(stream.recv_until, soon())
        task.wait_until_blocked()
        stream.wake()
        stream.abort()
        with pytest.raises(ConnectionAbortedError):
            task.result()


def test_abort_wakes_a_blocked_recv(link: Open) -> None:
    stream, _ = link()
    task = Task(stream.recv)
    task.wait_until_blocked()
    stream.abort()
    with suppress(OSError):
        assert task.result() == b""
    with pytest.raises(ConnectionAbortedError):
        stream.recv()


def test_abort_wakes_a_blocked_send(link: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "STALL_TIMEOUT", 60)
    stream, _ = link()
    task = Task(stream.sendall, MANY)
    task.wait_until_blocked()
    stream.abort()
    with pytest.raises(OSError, match=r".") as caught:
        task.result()
    assert not isinstance(caught.value, TimeoutError)


def test_abort_tells_the_other_side(link: Open) -> None:
    stream, peer = link()
    stream.sendall(b"before")
    assert peer.read(6) == b"before"
    stream.abort()
    assert peer.read_to_end() == b""


def refuse(_: object) -> None:
    raise ConnectionRefusedError


class GreenSocket:
    """What gevent and eventlet put in the place of sockets: no socket of the system's."""

    def __init__(self, events: list[str]) -> None:
        self.events = events

    def shutdown(self, how: int) -> None:
        self.events.append("plain")

    def close(self) -> None:
        self.events.append("closed")


class GreenTls(GreenSocket):
    def shutdown(self, how: int) -> None:
        self.events.append("takes TLS off")


class EventletSocket:
    """It has ``shutdown`` only in each object, and not in its class."""

    def __init__(self, events: list[str]) -> None:
        self.shutdown = lambda how: events.append("plain")
        self.close = lambda: events.append("closed")


@pytest.mark.parametrize("kind", [GreenSocket, GreenTls, EventletSocket])
def test_green_sockets_are_shut_down_without_taking_tls_off(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module.socket, "socket", EventletSocket if kind is EventletSocket else GreenSocket)
    monkeypatch.setattr(stream_module.ssl, "SSLSocket", GreenTls)
    events: list[str] = []
    stream, sock = Stream(wakes=False), kind(events)
    sock.settimeout = lambda _: None
    sock.connect = lambda _: stream.abort()
    sock.setsockopt = lambda *_: None
    sock.setblocking = refuse
    with pytest.raises(ConnectionRefusedError):
        stream.connect_with(sock, ("localhost", 1), time.monotonic() + LIMIT)
    assert events == ["plain", "closed"]


@pytest.mark.parametrize("wakes", [True, False])
def test_abort_ends_connecting(wakes: bool) -> None:
    with deaf_port() as port, closing(Stream(wakes=wakes)) as stream:
        task = Task(stream.connect, "127.0.0.1", port, time.monotonic() + 60, {})
        task.wait(0.1)
        stream.abort()
        with pytest.raises(OSError, match=r"."):
            task.result()


def test_abort_ends_the_tls_handshake(authority: Authority) -> None:
    with Server(hand_over) as server, closing(Stream()) as stream:
        stream.connect("127.0.0.1", server.port, soon(), {})
        task = Task(stream.start_tls, authority.client(), "localhost", time.monotonic() + 60)
        server.next_peer().read(5)  # the handshake is under way
        stream.abort()
        with pytest.raises(OSError, match=r"."):
            task.result()


def test_what_was_aborted_before_does_not_connect_in_its_own_way() -> None:
    with Server(hand_over) as server, closing(Stream()) as stream, socket.socket() as sock:
        stream.abort()
        with pytest.raises(ConnectionAbortedError):
            stream.connect_with(sock, ("127.0.0.1", server.port), soon())
        assert (server.connections, sock.fileno()) == (0, -1)


def test_what_was_aborted_before_does_not_connect() -> None:
    with Server(hand_over) as server, closing(Stream()) as stream:
        stream.abort()
        with pytest.raises(ConnectionAbortedError):
            stream.connect("127.0.0.1", server.port, soon(), {})
        assert server.connections == 0


@pytest.mark.parametrize("step", ["recv", "start_tls", "send"])
def test_every_step_after_abort_raises(authority: Authority, step: str) -> None:
    with Server(hand_over) as server, closing(Stream()) as stream:
        stream.connect("127.0.0.1", server.port, soon(), {})
        stream.abort()
        arguments = {"start_tls": (authority.client(), "localhost", soon()), "send": (b"x", 0)}.get(step, ())
        with pytest.raises(ConnectionAbortedError):
            getattr(stream, step)(*arguments)


# A look at what has come


@pytest.fixture
def shown() -> Iterator[tuple[Stream, Peer, Traffic]]:
    """A stream without TLS, the peer, and what the stream has counted."""
    traffic = Traffic()
    with Server(hand_over) as server, closing(Stream(traffic)) as stream:
        stream.connect("127.0.0.1", server.port, soon(), {})
        yield stream, server.next_peer(), traffic
        stream.abort()


def looked(stream: Stream) -> bytes:
    """Return what a look shows as soon as there is anything."""
    return cast(bytes, eventually(lambda: stream.peek(100)))


def test_a_look_takes_nothing(shown: tuple[Stream, Peer, Traffic]) -> None:
    stream, peer, traffic = shown
    assert stream.peek(100) is None
    peer.send(b"abc")
    assert looked(stream) == b"abc"
    assert stream.peek(2) == b"ab"
    assert traffic.received == 0
    assert Task(stream.recv, 2).result() == b"ab"
    assert stream.peek(100) == b"c"
    assert Task(stream.recv).result() == b"c"
    assert stream.peek(100) is None


def test_what_was_looked_at_can_be_taken(shown: tuple[Stream, Peer, Traffic]) -> None:
    stream, peer, traffic = shown
    peer.send(b"abcdef")
    eventually(lambda: stream.peek(6) == b"abcdef")
    stream.skip(4, 0)
    assert traffic.received == 4
    stream.skip(1, 0)  # somebody has read since
    assert Task(stream.recv).result() == b"ef"


def test_nothing_is_shown_of_what_only_reading_tells(shown: tuple[Stream, Peer, Traffic]) -> None:
    stream, peer, _ = shown
    stream.unread(b"put back")
    assert stream.peek(100) == b""
    Task(stream.recv).result()
    peer.end()
    eventually(lambda: stream.peek(100) == b"")
    stream.abort()
    assert stream.peek(100) == b""
    with pytest.raises(ConnectionAbortedError):
        stream.skip(1, 0)


# Ending


def test_drain_reads_until_the_other_side_ends(link: Open) -> None:
    stream, peer = link()
    peer.send(b"unread")
    task = Task(drain, stream, 60)
    task.wait_until_blocked()
    peer.end()
    task.result()
    assert Task(stream.recv).result() == b""


def test_drain_ends_after_silence(link: Open) -> None:
    stream, _ = link()
    Task(drain, stream, 0.05).result()


def test_drain_ends_in_four_times_that_although_data_comes() -> None:
    def pour(peer: Peer) -> None:
        with suppress(OSError):
            while True:
                peer.send(b"x" * 65536)

    with Server(pour) as server, connected(server) as stream:
        begun = time.monotonic()
        Task(drain, stream, 0.05).result()
        assert time.monotonic() - begun >= 0.2
        stream.close()


def test_a_busy_peer_may_write_before_it_reads_what_came_last() -> None:
    read: list[bytes] = []

    def write(peer: Peer) -> None:
        for _ in range(10):
            peer.send(b"x" * 65536)
            time.sleep(0.03)
        read.append(peer.read(4))

    with Server(write) as server, connected(server) as stream:
        stream.sendall(b"last")
        Task(drain, stream, 0.15).result()
        stream.close()
    assert read == [b"last"]


def test_drain_is_not_ended_by_a_wake(link: Open) -> None:
    stream, peer = link()
    stream.wake()
    task = Task(drain, stream, 60)
    task.wait_until_blocked()
    peer.end()
    task.result()
    assert Task(stream.recv).result() == b""


def test_nothing_happens_after_close() -> None:
    with Server(hand_over) as server, connected(server) as stream:
        stream.close()
        stream.close()
        stream.abort()
        stream.wake()
        for call in (stream.recv, lambda: stream.send(b"x", 0)):
            with pytest.raises(ConnectionAbortedError):
                call()


def _unopened() -> None:
    Stream().close()


def _refused() -> None:
    with closing(Stream()) as stream, closed_port() as port, pytest.raises(ConnectionRefusedError):
        stream.connect("127.0.0.1", port, soon(), {})


def test_an_unopened_and_a_refused_stream_leave_no_descriptor() -> None:
    gc.collect()
    before = descriptors()
    _unopened()
    _refused()
    assert descriptors() == before


@pytest.mark.parametrize("certificate", [None, "good", "self_signed"])
@pytest.mark.parametrize("aborted", [False, True])
def test_no_descriptor_is_left_after_close(authority: Authority, certificate: str | None, aborted: bool) -> None:
    gc.collect()
    before = descriptors()
    tls = getattr(authority, certificate) if certificate else None
    with Server(hand_over, tls=tls) as server, closing(Stream()) as stream:
        stream.connect("127.0.0.1", server.port, soon(), {})
        if certificate == "self_signed":
            with pytest.raises(ssl.SSLError):
                stream.start_tls(authority.client(), "localhost", soon())
        elif certificate:
            stream.start_tls(authority.client(), "localhost", soon())
        if aborted:
            stream.abort()
    assert descriptors() == before


# What only a renegotiation of TLS does. Python's own TLS server cannot start one, hence a socket that pretends.


class _Renegotiating(socket.socket):
    """Wants to write before it reads, and to read before it writes, once each."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock.family, sock.type, sock.proto, sock.detach())
        self.wants: list[Exception] = [ssl.SSLWantWriteError(), ssl.SSLWantReadError()]

    def recv(self, *args: Any) -> bytes:
        self._raise(ssl.SSLWantWriteError)
        return super().recv(*args)

    def recv_into(self, *args: Any) -> int:
        self._raise(ssl.SSLWantWriteError)
        return super().recv_into(*args)

    def send(self, *args: Any) -> int:
        self._raise(ssl.SSLWantReadError)
        return super().send(*args)

    def _raise(self, kind: type[Exception]) -> None:
        for want in self.wants:
            if isinstance(want, kind):
                self.wants.remove(want)
                raise want


def test_tls_may_want_to_write_to_read_and_to_read_to_write() -> None:
    ours, theirs = socket.socketpair()
    with closing(Stream()) as stream, closing(theirs):
        renegotiating = _Renegotiating(ours)
        stream._adopt(renegotiating)
        theirs.sendall(b"hello")
        assert Task(stream.recv).result() == b"hello"
        assert Task(stream.send, b"reply", 60).result() == 5
        assert theirs.recv(100) == b"reply"
        renegotiating.wants.append(ssl.SSLWantWriteError())
        theirs.sendall(b"again")
        assert Task(stream.recv_into, memoryview(bytearray(10))).result() == 5
        assert renegotiating.wants == []


def test_tls_that_always_wants_to_read_to_write_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "STALL_TIMEOUT", 0.05)
    ours, theirs = socket.socketpair()
    with closing(Stream()) as stream, closing(theirs):
        renegotiating = _Renegotiating(ours)
        stream._adopt(renegotiating)
        renegotiating.wants += [ssl.SSLWantReadError() for _ in range(1000)]
        with pytest.raises(TimeoutError, match="taken nothing"):
            Task(stream.sendall, b"x").result()


@pytest.mark.parametrize(("want", "looks"), [(ssl.SSLWantReadError, 2), (ssl.SSLWantWriteError, 1)])
def test_what_tls_says_of_itself_is_no_response(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, want: type[ssl.SSLError], looks: int
) -> None:
    with Server(hand_over, tls=authority.good) as server, connected(server, authority.client()) as stream:
        sizes: list[int] = []
        sock = stream._sock
        assert sock is not None
        real = sock.recv

        def recv(size: int) -> bytes:
            sizes.append(size)
            if len(sizes) == 1:
                raise want
            return real(size)

        monkeypatch.setattr(sock, "recv", recv)
        server.next_peer().send(b"x")
        assert Task(stream.wait).result()
        assert len(sizes) >= looks  # what it wants to write, ``recv`` waits for
        assert stream.recv() == b"x"


def test_what_was_decrypted_and_not_read_yet_needs_no_waiting(authority: Authority) -> None:
    with Server(hand_over, tls=authority.good) as server, connected(server, authority.client()) as stream:
        server.next_peer().send(b"one record")
        assert stream.recv(3) == b"one"
        assert Task(stream.wait).result()
        assert stream.recv() == b" record"


# Resting


def test_rest_ends_at_its_time_whatever_comes(link: Open) -> None:
    stream, peer = link()
    peer.send(b"data")
    peer.end()
    assert stream.wait(soon())
    began = time.monotonic()
    assert Task(stream.rest, began + 0.1).result() is True
    assert time.monotonic() - began >= 0.1
    assert Task(stream.rest, began).result() is True
    assert stream.recv() == b"data"


def test_rest_ends_by_a_wake_or_an_abort(link: Open) -> None:
    stream, _ = link()
    stream.wake()
    assert Task(stream.rest, soon()).result() is False
    task = Task(stream.rest, soon())
    task.wait_until_blocked()
    stream.wake()
    assert task.result() is False
    stream.abort()
    with pytest.raises(ConnectionAbortedError):
        Task(stream.rest, soon()).result()
