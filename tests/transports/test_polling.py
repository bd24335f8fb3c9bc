"""Polling, against servers whose every byte the test decides."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sioclient.errors import ConnectError, ConnectionLost, HandshakeRejected
from sioclient.options import Options
from sioclient.protocol.revisions import Handshake, revision1
from sioclient.protocol.revisions.payload1 import encode_payload
from sioclient.transports import keepalive, polling, posting
from sioclient.transports.http import HttpClient
from sioclient.transports.polling import JsonpTransport, PollingTransport
from tests.servers_py import LIMIT, Peer, Script, Server, Task, deaf_port, hand_over, nothing_left_open, soon
from tests.transports.conftest import sent

PATH = "/socket.io/1/xhr-polling/sid"


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a connection that is kept be used again however slow the machine is."""
    monkeypatch.setattr(keepalive, "SURE_TO_LIVE", LIMIT)


@contextmanager
def client(kind: type[PollingTransport] = PollingTransport, **options: object) -> Iterator[PollingTransport]:
    http = HttpClient(Options(**options), options.get("auth"))  # type: ignore[arg-type]
    http.renew()
    transport = kind(http, 1000, revision1().framing(kind.name, Handshake("sid", 60, 60, ())))
    try:
        yield transport
    finally:
        transport.close(0)
        http.close()


def bodies(*texts: str) -> Script:
    """Script: respond to one request after the other on the same connection, then leave it to the test."""

    def script(peer: Peer) -> None:
        for text in texts:
            peer.read_head()
            peer.reply(text)
        hand_over(peer)

    return script


def opened(transport: PollingTransport, server: Server) -> PollingTransport:
    transport.open(server.url(PATH), soon())
    return transport


def test_the_frames_of_the_first_poll_come_first() -> None:
    with Server(bodies("\ufffd3\ufffd1::\ufffd5\ufffd3:::x", "3:::y")) as server, client() as transport:
        opened(transport, server)
        assert transport.recv() == ["1::", "3:::x"]
        assert Task(transport.recv).result() == ["3:::y"]
        first, second = server.requests
    assert first.target.startswith(f"{PATH}?t=")
    assert first.raw.startswith(b"GET ")
    assert second.target != ""
    assert server.connections == 1


def test_every_request_carries_what_the_options_say() -> None:
    options = {"params": {"token": "x"}, "headers": {"X-Key": "1"}, "cookies": {"c": "d"}, "auth": ("u", "p")}
    with Server(bodies("1::"), bodies("1")) as server, client(**options) as transport:
        opened(transport, server)
        Task(sent, transport, ["3:::x"]).result()
    for request in server.requests:
        assert request.target.endswith("&token=x")
        assert (request.header("X-Key"), request.header("Cookie")) == ("1", "c=d")
        assert (request.header("Authorization") or "").startswith("Basic ")


def test_cookies_of_a_response_go_with_the_next_request() -> None:
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.reply("1::", "Set-Cookie: sticky=7; Path=/")
        peer.read_head()
        peer.reply("8::")
        hand_over(peer)

    with Server(script) as server, client() as transport:
        opened(transport, server)
        assert transport.recv() == ["1::"]
        assert Task(transport.recv).result() == ["8::"]
        assert server.requests[1].header("Cookie") == "sticky=7"


def posted(*frames: str) -> list[str]:
    """Return the bodies of the POSTs for frames that are sent at once."""
    received: list[str] = []

    def script(peer: Peer) -> None:
        while True:
            request = peer.read_head()
            assert request.header("Content-Type") == "text/plain;charset=UTF-8"
            received.append(peer.read(int(request.header("Content-Length") or 0)).decode())
            peer.reply("1")

    with Server(bodies("1::"), script) as server, client() as transport:
        opened(transport, server)
        Task(sent, transport, list(frames)).result()
        assert server.connections == 2
    return received


def test_one_frame_is_posted_alone_and_several_share_a_body() -> None:
    assert posted("3:::é\u2028") == ["3:::é\u2028"]
    assert posted("3:::a", "", "2::") == ["\ufffd5\ufffd3:::a\ufffd0\ufffd\ufffd3\ufffd2::"]


def test_a_body_that_frames_share_fits_into_the_smallest_segment() -> None:
    small, large = "3:::" + "é" * 100, "3:::" + "x" * 600
    received = posted(small, small, small, large, small, large[:495], "3:::y")
    assert [len(body.encode()) for body in received] == [426, 204, 604, 204, 495, 5]
    assert "".join(received).replace("\ufffd104\ufffd", "") == small * 3 + large + small + large[:495] + "3:::y"
    assert not list(posting._shares([], 500))


def test_frames_that_servers_count_differently_share_no_body() -> None:
    assert posted("3:::a", "3:::\U0001f600") == ["3:::a", "3:::\U0001f600"]


def test_a_wake_does_not_give_up_the_poll() -> None:
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.reply("1::")
        peer.read_head()
        hand_over(peer)

    with Server(script) as server, client() as transport:
        opened(transport, server)
        transport.recv()
        waiting = Task(transport.recv)
        peer = server.next_peer()
        waiting.wait_until_blocked()
        transport.wake()
        assert waiting.result() == []
        again = Task(transport.recv)
        peer.reply("3:::kept")
        assert again.result() == ["3:::kept"]
        assert len(server.requests) == 2


def test_a_poll_goes_on_when_the_patience_of_its_reader_is_over() -> None:
    with Server(bodies("1::")) as server, client() as transport:
        opened(transport, server)
        peer = server.next_peer()
        assert transport.recv() == ["1::"]
        for _ in range(2):
            assert Task(transport.recv_until, time.monotonic() + 0.05).result() == []
        peer.read_head()
        peer.reply("3:::x")
        assert transport.recv_until(soon()) == ["3:::x"]


def test_a_poll_cut_in_its_head_is_not_an_empty_one() -> None:
    def cut(peer: Peer) -> None:
        peer.read_head()
        peer.reply("1::")
        peer.read_head()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/pl")

    with Server(cut) as server, client() as transport:
        opened(transport, server)
        assert transport.recv() == ["1::"]
        with pytest.raises(ConnectionLost, match="head of its response"):
            Task(transport.recv).result()


def test_abort_ends_a_poll_that_waits() -> None:
    with Server(bodies("1::")) as server, client() as transport:
        opened(transport, server)
        transport.recv()
        waiting = Task(transport.recv)
        server.next_peer()
        waiting.wait_until_blocked()
        transport.abort()
        with pytest.raises(ConnectionLost):
            waiting.result()
        with pytest.raises(ConnectionLost):
            sent(transport, ["3:::x"])


def silent(peer: Peer) -> None:
    """Script: read a POST and leave the response to the test."""
    request = peer.read_head()
    peer.read(int(request.header("Content-Length") or 0))
    hand_over(peer)


def test_abort_ends_a_post_that_waits() -> None:
    with Server(bodies("1::"), silent) as server, client() as transport:
        opened(transport, server)
        server.next_peer()
        sending = Task(sent, transport, ["3:::x"])
        server.next_peer()
        sending.wait_until_blocked()
        transport.abort()
        with pytest.raises(ConnectionLost):
            sending.result()


def test_a_post_without_a_response_holds_up_only_the_next() -> None:
    with Server(bodies("1::"), silent) as server, client() as transport:
        opened(transport, server)
        server.next_peer()
        assert not transport.is_busy
        transport.send(["3:::x", "3:::\U0001f600"])
        assert transport.is_busy
        peer = server.next_peer()
        assert not transport.finish(time.monotonic())
        assert not transport.prepare(time.monotonic() + 0.01)
        peer.reply("1")
        peer.kept = False
        finishing = Task(transport.finish, soon())
        request = peer.read_head()
        assert peer.read(int(request.header("Content-Length") or 0)) == "3:::\U0001f600".encode()
        assert not finishing.done
        peer.reply("1")
        assert finishing.result()
        assert not transport.is_busy
        assert transport.prepare(soon())


def test_a_post_that_gets_no_response_is_a_lost_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "POST_TIMEOUT", 0.05)
    with Server(bodies("1::"), silent) as server, client() as transport:
        opened(transport, server)
        transport.send(["3:::x"])
        with pytest.raises(ConnectionLost, match="no response to a POST came in time"):
            Task(transport.finish, soon()).result()


def test_a_server_that_takes_no_post_is_given_up_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Server(bodies("1::")) as server, client() as transport, deaf_port() as deaf:
        opened(transport, server)
        transport.posts.url = f"http://127.0.0.1:{deaf}/"
        assert not transport.prepare(time.monotonic() + 0.05)
        assert not transport.prepare(time.monotonic())
        assert transport.is_busy
        transport.posts._connect_by = time.monotonic() + 0.05
        with pytest.raises(ConnectionLost, match="timed out"):
            Task(transport.prepare, soon()).result()


def test_the_next_of_several_bodies_waits_for_a_connection_too() -> None:
    def once(peer: Peer) -> None:
        request = peer.read_head()
        peer.read(int(request.header("Content-Length") or 0))
        peer.reply("1", kept=None)

    with Server(bodies("1::"), once) as server, client() as transport:
        opened(transport, server)
        transport.send(["3:::x", "3:::\U0001f600"])
        assert transport.posts._has_response(soon(), soon())
        assert not transport.finish(time.monotonic())
        assert transport.finish(soon())
        assert server.connections == 3


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_a_first_poll_that_is_refused(status: int) -> None:
    def refuse(peer: Peer) -> None:
        peer.read_head()
        peer.answer(status, b"go away", "Retry-After: 7")

    with Server(refuse) as server, client() as transport, pytest.raises(HandshakeRejected, match="go away") as caught:
        opened(transport, server)
    assert (caught.value.status, caught.value.retry_after) == (status, 7)


@pytest.mark.parametrize("body", ["<html>login</html>", "\ufffdx\ufffd3:::x"])
def test_a_first_poll_that_is_not_one(body: str) -> None:
    with (
        Server(bodies(body)) as server,
        client() as transport,
        pytest.raises(ConnectError, match="xhr-polling does not work here"),
    ):
        opened(transport, server)


def test_a_server_that_closes_instead_of_responding() -> None:
    with Server(Peer.read_head) as server, client() as transport, pytest.raises(ConnectError, match="cannot connect"):
        opened(transport, server)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", "status 401"),
        (b"HTTP/1.1 302 No\r\nContent-Length: 0\r\nLocation: /\r\n\r\n", "status 302"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "web page"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\xef\xbf\xbdx\xef\xbf\xbd3:", "cannot be read"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b"3:::" * 2000, "larger than 1000"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n3:::cut", "transport closed"),
        (b"nonsense\r\n\r\n", "transport closed"),
    ],
    ids=["401", "redirect", "page", "framing", "too large", "cut", "not http"],
)
def test_a_poll_that_brings_no_packets_is_a_lost_connection(response: bytes, reason: str) -> None:
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.reply("1::")
        peer.read_head()
        peer.send(response)

    with Server(script) as server, client() as transport:
        opened(transport, server)
        transport.recv()
        with pytest.raises(ConnectionLost, match=reason):
            Task(transport.recv).result()


def test_a_post_that_is_refused_is_a_lost_connection() -> None:
    def refuse(peer: Peer) -> None:
        peer.read_head()
        peer.answer(401, b"")

    with Server(bodies("1::"), refuse) as server, client() as transport:
        opened(transport, server)
        with pytest.raises(ConnectionLost, match="status 401"):
            Task(sent, transport, ["3:::x"]).result()


def test_half_a_surrogate_pair_passes_and_bad_bytes_do_not() -> None:
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.reply("3:::\ud83d")
        peer.read_head()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n3:::\xff\xfe")
        hand_over(peer)

    with Server(script) as server, client() as transport:
        opened(transport, server)
        assert transport.recv() == ["3:::\ud83d"]
        assert Task(transport.recv).result() == ["3:::\ufffd\ufffd"]


def test_an_auth_function_that_fails_later_is_a_lost_connection() -> None:
    calls: list[object] = []

    def auth(request: object) -> object:
        calls.append(request)
        if len(calls) > 1:
            raise LookupError("the token is gone")
        return request

    with Server(bodies("1::")) as server, client(auth=auth) as transport:
        opened(transport, server)
        transport.recv()
        for use in (transport.recv, lambda: sent(transport, ["3:::x"])):
            with pytest.raises(ConnectionLost, match="auth= raised LookupError: the token is gone"):
                use()


def test_nothing_is_left_open() -> None:
    with Server(bodies("1::"), bodies("1")) as server, nothing_left_open(), client() as transport:
        opened(transport, server)
        sent(transport, ["3:::x"])
        transport.abort()


def test_jsonp_polls_for_scripts_and_posts_forms() -> None:
    forms: list[tuple[str | None, bytes]] = []

    def accepting(peer: Peer) -> None:
        for _ in range(3):
            request = peer.read_head()
            forms.append((request.header("Content-Type"), peer.read(int(request.header("Content-Length") or 0))))
            peer.reply("io.j[0]('1');")

    with (
        Server(bodies('io.j[0]("1::");', 'io.j[0]("3:::next");'), accepting) as server,
        client(JsonpTransport) as transport,
    ):
        opened(transport, server)
        assert transport.recv() == ["1::"]
        assert Task(transport.recv).result() == ["3:::next"]
        Task(sent, transport, ["3:::a"]).result()
        Task(sent, transport, ["3:::\U0001f600", "2::"]).result()
    kind = "application/x-www-form-urlencoded"
    assert forms[0] == (kind, b"d=%223%3A%3A%3Aa%22")
    assert forms[1:] == [(kind, b"d=%223%3A%3A%3A%F0%9F%98%80%22"), (kind, b"d=%222%3A%3A%22")]


def test_a_first_script_that_is_none() -> None:
    with (
        Server(bodies("1::")) as server,
        client(JsonpTransport) as transport,
        pytest.raises(ConnectError, match="jsonp-polling does not work here"),
    ):
        opened(transport, server)


# Polls that bring nothing


@pytest.mark.parametrize("nothing", ["", "8::", "\ufffd3\ufffd8::\ufffd1\ufffd8"])
def test_polls_that_bring_nothing_are_one_a_second_on_average(nothing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_PACE", 0.1)
    monkeypatch.setattr(polling, "_HELD", LIMIT)
    with Server(bodies("1::", *[nothing] * 10, "3:::x", *[nothing] * 5, "3:::y")) as server, client() as transport:
        opened(transport, server).recv()
        began = time.monotonic()
        for _ in range(10):
            assert all(str(frame).startswith("8") for frame in Task(transport.recv).result())
        assert time.monotonic() - began >= 5 * 0.1 - 0.02
        assert Task(transport.recv).result() == ["3:::x"]
        monkeypatch.setattr(polling, "_PACE", 60)  # that has brought something, so five in a row may come at once
        for _ in range(5):
            Task(transport.recv).result()


def test_polls_that_are_held_may_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server may end an idle poll, and forget whoever does not poll again, after less than a second."""
    monkeypatch.setattr(polling, "_PACE", 60)
    monkeypatch.setattr(polling, "_HELD", 0.0)
    with Server(bodies("1::", *["8::"] * 10, "3:::x")) as server, client() as transport:
        opened(transport, server).recv()
        for _ in range(10):
            Task(transport.recv).result()
        assert Task(transport.recv).result() == ["3:::x"]


@pytest.fixture
def resting(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[PollingTransport, Task]]:
    """A transport whose polls bring nothing, and its ``recv``, which waits until it is time for the next."""
    monkeypatch.setattr(polling, "_PACE", 60)
    monkeypatch.setattr(polling, "_HELD", LIMIT)  # on a slow machine, nothing comes at once
    with Server(bodies("1::", *[""] * 5, "8::", "3:::x")) as server, client() as transport:
        opened(transport, server).recv()
        for _ in range(5):
            Task(transport.recv).result()
        task = Task(transport.recv)
        task.wait_until_blocked()
        yield transport, task


def test_the_patience_of_a_reader_ends_the_wait_for_the_next_poll(resting: tuple[PollingTransport, Task]) -> None:
    transport, task = resting
    transport.wake()
    task.result()
    assert Task(transport.recv_until, time.monotonic() + 0.05).result() == []


def test_a_wake_ends_the_wait_for_the_next_poll(resting: tuple[PollingTransport, Task]) -> None:
    transport, task = resting
    transport.wake()
    assert task.result() == []
    again = Task(transport.recv)
    again.wait_until_blocked()
    transport.wake()
    assert again.result() == []
    transport.wake()  # before anybody waits
    assert Task(transport.recv).result() == []
    transport._polled.pace._paid_until = 0
    while not (frames := Task(transport.recv).result()):  # a wake may be told of twice
        pass
    assert frames == ["8::"]


def test_an_abort_ends_the_wait_for_the_next_poll(resting: tuple[PollingTransport, Task]) -> None:
    transport, task = resting
    transport.abort()
    with pytest.raises(ConnectionLost, match="aborted"):
        task.result()


def test_a_large_response_is_returned_in_parts() -> None:
    frames = [f"3:::{n}" for n in range(50)]
    with Server(bodies("1::", encode_payload(frames), "3:::next")) as server, client() as transport:
        opened(transport, server).recv()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(polling, "MOST_FRAMES", 20)
            parts = [Task(transport.recv).result() for _ in range(4)]
    assert [len(part) for part in parts] == [20, 20, 10, 1]
    assert [frame for part in parts for frame in part] == [*frames, "3:::next"]
