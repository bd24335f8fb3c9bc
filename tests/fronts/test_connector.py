"""One attempt to connect, against servers whose every byte the test decides."""

from __future__ import annotations

import gc
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from sioclient.address import Address, parse_address
from sioclient.errors import ConnectError, ConnectionLost, HandshakeRejected, WrongRevision, as_connect_error
from sioclient.fronts.attempt import Attempt
from sioclient.fronts.connector import Connector
from sioclient.fronts.steps import run_steps
from sioclient.options import Options
from sioclient.protocol.endpoints import Endpoint
from sioclient.protocol.revisions import (
    Dialect1,
    Handshake,
    Opening,
    any_revision,
    revision1,
    revision4,
    revision5,
)
from sioclient.protocol.revisions.revision1 import Opening1
from sioclient.transports.base import Transport
from sioclient.transports.engine_polling import EnginePollingTransport
from tests.servers_py import (
    LIMIT,
    Peer,
    Script,
    Server,
    Task,
    closed_port,
    deaf_port,
    descriptors,
    frame,
    hand_over,
    nothing_left_open,
    say_nothing,
    websocket,
)

ALL = ("websocket", "xhr-polling", "jsonp-polling", "htmlfile")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def reply(status: int = 200, body: bytes = b"sid:60:60:websocket", *headers: str) -> Script:
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.answer(status, body, "Content-Type: text/plain", *headers)

    return script


class Attempts:
    """Makes the attempts of one connector."""

    def __init__(self, address: Address, opening: Opening, options: Options) -> None:
        self.connector, self.opening = Connector(address, options), opening

    def attempt(self, *endpoints: Endpoint) -> Attempt:
        return self.connector.attempt(self.opening, endpoints)

    def close(self) -> None:
        self.connector.close()


@contextmanager
def attempts(
    address: Server | Address,
    transports: tuple[str, ...] = ALL,
    limit: int = 1000,
    opening: Opening | None = None,
    seconds: float = LIMIT,
    **options: Any,
) -> Iterator[Attempts]:
    if isinstance(address, Server):
        address = parse_address("127.0.0.1", address.port, None, "socket.io")
    chosen = Options(transports=transports, max_message_size=limit, connect_timeout=seconds, **options)
    with closing(Attempts(address, opening or revision1(), chosen)) as made:
        yield made


def run(attempt: Attempt) -> tuple[Handshake, Transport]:
    handshake, transport, _ = Task(lambda: run_steps(attempt.run())).result()
    return handshake, transport


def failure(*scripts: Script, **options: Any) -> tuple[ConnectError, Server]:
    """Return why an attempt fails when the server does this, one connection after the other."""
    with Server(*scripts) as server, attempts(server, **options) as made:
        with pytest.raises(ConnectError) as caught:
            run(made.attempt())
        return caught.value, server


# Success


def test_an_attempt_is_a_handshake_and_then_a_transport() -> None:
    with Server(reply(200, b"a-1:60:25:websocket,xhr-polling"), websocket) as server, attempts(server) as made:
        handshake, transport = run(made.attempt())
        with closing(server.next_peer().sock) as sock:
            assert handshake == Handshake("a-1", 60, 25, ("websocket", "xhr-polling"))
            assert transport.name == "websocket"
            sock.sendall(frame("1::"))
            assert Task(transport.recv).result() == ["1::"]
            transport.close(0)
        first, second = server.requests
    path, _, query = first.target.partition("?")
    assert path == "/socket.io/1/"
    assert query.startswith("t=")
    assert query[2:].isdigit()
    assert second.target == "/socket.io/1/websocket/a-1"


def test_path_and_query_of_the_users_url_are_in_every_request() -> None:
    with Server(reply(), websocket) as server:
        address = parse_address(f"http://127.0.0.1:{server.port}/app?token=x", None, None, "chat")
        with attempts(address, params={"more": "1"}) as made:
            run(made.attempt())[1].close(0)
        first, second = (request.target for request in server.requests)
    assert first.startswith("/app/chat/1/?token=x&t=")
    assert first.endswith("&more=1")
    assert second == "/app/chat/1/websocket/sid?token=x&more=1"


@pytest.mark.parametrize("body", [b"sid:60:60", b"sid:60:60:", b"sid:::"])
def test_server_that_does_not_say_what_it_offers_is_tried(body: bytes) -> None:
    with Server(reply(200, body), websocket) as server, attempts(server) as made:
        handshake, transport = run(made.attempt())
        transport.close(0)
    assert handshake.transports == ()


def test_limit_of_a_message_reaches_the_transport() -> None:
    with Server(reply(), websocket) as server, attempts(server, limit=10) as made:
        _, transport = run(made.attempt())
        server.next_peer().send(frame("x" * 11))
        with pytest.raises(Exception, match="the limit is 10"):
            Task(transport.recv).result()
        transport.close(0)


def test_options_that_are_functions_are_called_by_every_attempt() -> None:
    tokens = iter(["first", "second"])
    scripts = [reply(), websocket, reply(), websocket]
    with Server(*scripts) as server, attempts(server, params=lambda: {"token": next(tokens)}) as made:
        for _ in range(2):
            run(made.attempt())[1].close(0)
        asked = [request.target.rpartition("token=")[2] for request in server.requests]
    assert asked == ["first", "first", "second", "second"]


def test_cookies_outlive_an_attempt() -> None:
    scripts = [reply(200, b"sid:60:60:websocket", "Set-Cookie: node=1"), websocket, reply(), websocket]
    with Server(*scripts) as server, attempts(server) as made:
        for _ in range(2):
            run(made.attempt())[1].close(0)
        assert [request.header("Cookie") for request in server.requests] == [None, "node=1", "node=1", "node=1"]


# Refusal


@pytest.mark.parametrize(
    ("status", "retryable"), [(302, False), (401, False), (403, False), (500, True), (502, True), (503, True)]
)
def test_refused_handshake_has_its_status_and_is_made_once(status: int, retryable: bool) -> None:
    error, server = failure(reply(status, b"go away", "Location: /elsewhere"))
    assert isinstance(error, HandshakeRejected)
    body = "to /elsewhere" if status == 302 else "go away"
    assert (error.status, error.body, error.retryable, error.retry_after) == (status, body, retryable, 0)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("", 0),
        ("-1", 0),
        ("1.5", 0),
        ("\xb2", 0),
        ("9" * 11, 0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0),
    ],
)
def test_a_refusal_says_for_how_long_the_server_wants_to_be_left_alone(text: str, seconds: float) -> None:
    error, _ = failure(reply(503, b"", f"Retry-After: {text}"))
    assert isinstance(error, HandshakeRejected)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    "body", [b"Welcome to socket.io.", b"", b"<html>", b"sid:x:y:websocket", b"a/b:60:60:websocket"]
)
def test_response_of_another_kind_of_server_is_final(body: bytes) -> None:
    error, server = failure(reply(200, body))
    assert "not a Socket.IO server" in str(error)
    assert not error.retryable
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize(
    ("body", "generation"),
    [
        (b'0{"sid":"x","upgrades":["websocket"],"pingInterval":25000}', "Engine.IO 4 (socket.io 3.x or 4.x)"),
        (b'97:0{"sid":"x","upgrades":[]}2:40', "Engine.IO 3 (socket.io 1.x or 2.x)"),
        (b'\x00\x09\x07\xff0{"sid":"x"}', "Engine.IO 3 (socket.io 1.x or 2.x)"),
    ],
)
def test_server_of_a_later_generation_is_named(status: int, body: bytes, generation: str) -> None:
    error, server = failure(reply(status, b"Cannot GET"), reply(200, body))
    assert isinstance(error, WrongRevision)
    # In a payload of bytes, the length's 0xFF is no UTF-8.
    assert generation in str(error)
    assert "socket.io 0.7 to 0.9" in str(error)
    assert not error.retryable
    assert [request.target.rpartition("t=")[0] for request in server.requests] == [
        "/socket.io/1/?",
        "/socket.io/?EIO=4&transport=polling&",
    ]


def test_server_that_names_itself_is_asked_for_its_generation_too() -> None:
    wrong = b'{"code":0,"message":"Transport unknown"}'
    error, server = failure(reply(400, wrong), reply(200, b'0{"sid":"x"}'))
    assert isinstance(error, WrongRevision)
    assert "Engine.IO 4" in str(error)
    assert len(server.requests) == 2


@pytest.mark.parametrize("probe", [reply(404, b"no"), reply(200, b"hello"), reply(500, b"")])
def test_first_response_counts_if_the_second_says_nothing_new(probe: Script) -> None:
    error, server = failure(reply(404, b"not here"), probe)
    assert isinstance(error, HandshakeRejected)
    assert (error.status, error.body) == (404, "not here")
    assert len(server.requests) == 2


def test_first_response_counts_if_there_is_no_second() -> None:
    error, server = failure(reply(404, b"not here"), lambda peer: peer.read_head())
    assert isinstance(error, HandshakeRejected)
    assert error.status == 404
    assert len(server.requests) == 2


def test_first_response_counts_if_the_second_is_late() -> None:
    with (
        Server(reply(404, b"not here"), say_nothing) as server,
        attempts(server, seconds=1.0) as made,
        pytest.raises(HandshakeRejected) as caught,
    ):
        run(made.attempt())
    assert caught.value.status == 404


@pytest.mark.parametrize(
    ("offered", "wanted"),
    [(b"xhr-polling,htmlfile", ("websocket",)), (b"websocket", ("xhr-polling",)), (b"flashsocket", ALL)],
)
def test_error_without_a_common_transport_names_both_sides(offered: bytes, wanted: tuple[str, ...]) -> None:
    error, server = failure(reply(200, b"sid:60:60:" + offered), transports=wanted)
    text = str(error)
    assert text.startswith("no transport in common: ")
    assert ", ".join(offered.decode().split(",")) in text
    assert ", ".join(wanted) in text
    assert not error.retryable
    assert len(server.requests) == 1


def test_transport_that_does_not_open_says_why(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(peer: Peer) -> None:
        peer.read_head()
        peer.answer(403, b"not you")

    with caplog.at_level(logging.INFO, "sioclient"):
        error, server = failure(reply(), refuse)
    assert isinstance(error, HandshakeRejected)
    assert error.status == 403
    assert len(server.requests) == 2
    assert "websocket did not open: the server refused the websocket with status 403" in caplog.text


def test_path_without_a_server_may_be_an_endpoint() -> None:
    with Server(reply(404, b"no"), reply(404, b"no")) as server:
        address = parse_address(f"http://127.0.0.1:{server.port}/chat", None, None, "socket.io")
        with attempts(address) as made, pytest.raises(HandshakeRejected, match=r'call connect\("/chat"\)'):
            run(made.attempt())


def test_nobody_there_is_a_connect_error() -> None:
    with (
        closed_port() as port,
        attempts(parse_address("127.0.0.1", port, None, "socket.io")) as made,
        pytest.raises(ConnectError, match="refused the connection"),
    ):
        run(made.attempt())


@pytest.mark.parametrize("scripts", [(say_nothing,), (reply(), say_nothing)], ids=["handshake", "upgrade"])
def test_silence_ends_at_the_deadline(scripts: tuple[Script, ...]) -> None:
    with (
        Server(*scripts) as server,
        attempts(server, seconds=0.3) as made,
        pytest.raises(ConnectError, match="in time"),
    ):
        run(made.attempt())


# Options that raise


def _fails(times: int) -> Callable[..., Any]:
    """Return an option that raises when it is asked for this time."""
    asked: list[int] = []

    def option() -> dict[str, str]:
        asked.append(1)
        if len(asked) == times:
            raise LookupError("no token today")
        return {}

    return option


@pytest.mark.parametrize("name", ["params", "headers", "cookies"])
def test_option_that_raises_does_so_before_anything_is_sent(name: str) -> None:
    with Server(reply(), websocket) as server, attempts(server, **{name: _fails(1)}) as made:
        with pytest.raises(ConnectError, match=f"^{name}= raised LookupError: no token today$") as caught:
            run(made.attempt())
        assert isinstance(caught.value.__cause__, LookupError)
        assert server.connections == 0
        run(made.attempt())[1].close(0)  # the next attempt asks again


@pytest.mark.parametrize("times", [1, 2], ids=["handshake", "upgrade"])
def test_auth_that_raises_leaves_nothing_open(times: int) -> None:
    fails = _fails(times)

    def sign(request: Any) -> Any:
        fails()
        return request

    with (
        Server(reply(), websocket) as server,
        attempts(server, auth=sign) as made,
        nothing_left_open(),
        pytest.raises(ConnectError, match=r"^auth= raised LookupError: no token today$"),
    ):
        run_steps(made.attempt().run())


# Aborting


def test_attempt_that_was_aborted_before_does_not_run() -> None:
    with Server(reply()) as server, attempts(server) as made:
        attempt = made.attempt()
        attempt.abort()
        with pytest.raises(ConnectError, match="aborted"):
            run(attempt)
        assert server.connections == 0


@pytest.mark.parametrize(
    "scripts",
    [(say_nothing,), (reply(404, b"no"), say_nothing), (reply(), say_nothing)],
    ids=["handshake", "probe", "upgrade"],
)
def test_abort_ends_every_stage(scripts: tuple[Script, ...]) -> None:
    with Server(*scripts) as server, attempts(server) as made:
        attempt = made.attempt()
        task = Task(lambda: run_steps(attempt.run()))
        server.next_peer()
        attempt.abort()
        with pytest.raises(ConnectError):
            task.result()


def test_abort_ends_connecting() -> None:
    with deaf_port() as port, attempts(parse_address("127.0.0.1", port, None, "socket.io")) as made:
        attempt = made.attempt()
        task = Task(lambda: run_steps(attempt.run()))
        task.wait_until_blocked()
        attempt.abort()
        with pytest.raises(ConnectError):
            task.result()


def test_abort_while_options_are_called_ends_the_attempt() -> None:
    with Server(say_nothing) as server:
        made_attempt: list[Attempt] = []

        def headers() -> dict[str, str]:
            made_attempt[0].abort()
            return {}

        with attempts(server, headers=headers) as made:
            made_attempt.append(made.attempt())
            with pytest.raises(ConnectError):
                run(made_attempt[0])
        assert server.requests == []


class _Aborting(Opening1):
    """Reads a handshake at the very moment at which the attempt is aborted."""

    begun: Attempt

    def read_handshake(self, status: int, body: str, content_type: str | None = None) -> Handshake:
        self.begun.abort()
        return super().read_handshake(status, body, content_type)


def test_abort_between_handshake_and_transport_leaves_nothing_open() -> None:
    opening = _Aborting(Dialect1())
    with Server(reply()) as server, nothing_left_open():
        with attempts(server, opening=opening) as made:
            opening.begun = made.attempt()
            with pytest.raises(ConnectError, match="aborted"):
                run_steps(opening.begun.run())
        assert server.connections == 1
        del opening.begun  # nobody remembers what it had opened


def test_abort_does_not_spoil_the_next_attempt() -> None:
    with Server(say_nothing, reply(), websocket) as server, attempts(server) as made:
        attempt = made.attempt()
        task = Task(lambda: run_steps(attempt.run()))
        server.next_peer()
        attempt.abort()
        with pytest.raises(ConnectError):
            task.result()
        run(made.attempt())[1].close(0)


# The connector itself


def test_error_that_nobody_expected_is_final_and_has_its_cause() -> None:
    problem = KeyError("token")
    error = as_connect_error(problem)
    assert "KeyError: 'token'" in str(error)
    assert not error.retryable
    assert error.__cause__ is problem


def test_deadline_counts_from_when_the_attempt_was_made() -> None:
    with Server(reply()) as server, attempts(server, seconds=0.001) as made:
        attempt = made.attempt()
        deadline = time.monotonic() + 0.01
        while time.monotonic() < deadline:
            pass
        with pytest.raises(ConnectError, match="in time"):
            run(attempt)
        assert server.requests == []


def test_connector_that_made_no_attempt_closes() -> None:
    Connector(parse_address("h", None, None, "socket.io"), Options()).close()


def test_no_descriptor_is_left() -> None:
    gc.collect()
    before = descriptors()
    with Server(reply(), websocket) as server, attempts(server) as made:
        run(made.attempt())[1].close(0)
    with Server(reply(), hand_over) as server, attempts(server) as made:
        attempt = made.attempt()
        task = Task(lambda: run_steps(attempt.run()))
        server.next_peer()
        attempt.abort()
        with pytest.raises(ConnectError):
            task.result()
    assert descriptors() == before


# Later generations

OPEN = b'0{"sid":"x","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'
OLD_OPEN = b'0{"sid":"x","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}'
NO_POLLING = b'{"code":0,"message":"Transport unknown"}'
ENGINE = ("websocket", "xhr-polling")
SILENCE = 4.0


def speak(*steps: bytes | str) -> Script:
    """Script: accept a websocket; then send the bytes, and wait for the texts; at last leave it to the test."""

    def script(peer: Peer) -> None:
        peer.accept()
        for step in steps:
            if isinstance(step, bytes):
                peer.send(frame(step.decode()))
            else:
                assert peer.read_frame().payload.decode() == step
        hand_over(peer)

    return script


def paths(server: Server) -> list[str]:
    return [request.target.partition("&t=")[0] for request in server.requests]


def test_session_of_a_handshake_goes_on_over_a_probed_websocket() -> None:
    with (
        Server(reply(200, OPEN), speak("2probe", b"3probe", "5", b"40")) as server,
        attempts(server, opening=any_revision()) as made,
    ):
        handshake, transport = run(made.attempt())
        assert handshake.dialect.number == 5
        assert transport.name == "websocket"
        assert Task(transport.recv).result() == ["40"]
        transport.close(0)
        assert paths(server) == [
            "/socket.io/1/?EIO=4&transport=polling",
            "/socket.io/?EIO=4&transport=websocket&sid=x",
        ]


@pytest.mark.parametrize(
    "script",
    [reply(403, b"no"), speak("2probe", b"6"), speak("2probe"), lambda peer: peer.accept(), lambda peer: peer.end()],
)
def test_websocket_that_fails_the_probe_leaves_it_to_polling(script: Script) -> None:
    with (
        Server(reply(200, OPEN), script) as server,
        attempts(server, ENGINE, opening=any_revision(), seconds=SILENCE) as made,
    ):
        _, transport = run(made.attempt())  # half of it for a websocket that is silent
        assert transport.name == "xhr-polling"
        transport.close(0)
        assert len(server.requests) <= 2


def test_frames_that_came_with_the_handshake_are_kept() -> None:
    body = b"%d:%s2:40" % (len(OLD_OPEN), OLD_OPEN)
    with Server(reply(200, body)) as server, attempts(server, ("xhr-polling",), opening=any_revision()) as made:
        handshake, transport = run(made.attempt())
        transport.close(0)
    assert handshake.frames == ("40",)
    assert handshake.dialect.number == 4


@pytest.mark.parametrize(
    ("scripts", "number"),
    [
        ([reply(404, b"no"), reply(200, OPEN)], 5),
        ([reply(400, b"no"), reply(400, b"no"), reply(200, b"%d:%s" % (len(OLD_OPEN), OLD_OPEN))], 4),
        ([reply(200, b"sid:60:60:xhr-polling"), reply(200, b"1::")], 1),
    ],
)
def test_as_many_requests_as_it_takes(scripts: list[Script], number: int) -> None:
    with Server(*scripts) as server, attempts(server, ("xhr-polling",), opening=any_revision()) as made:
        handshake, transport = run(made.attempt())
        transport.close(0)
        assert handshake.dialect.number == number
        assert len(server.requests) == len(scripts)


@pytest.mark.parametrize(("statuses", "count"), [((404, 404), 2), ((400, 400, 400), 3), ((403,), 1), ((500,), 1)])
def test_no_request_too_many(statuses: tuple[int, ...], count: int) -> None:
    error, server = failure(*[reply(status, b"no") for status in statuses], opening=any_revision())
    assert isinstance(error, HandshakeRejected)
    assert error.status == statuses[0]
    assert len(server.requests) == count


@pytest.mark.parametrize(
    ("frames", "number"), [([OPEN], 5), ([OLD_OPEN, b"40"], 4), ([OLD_OPEN, b"2"], 5), ([OLD_OPEN], 5)]
)
def test_server_without_polling_is_found_over_a_websocket(frames: list[bytes], number: int) -> None:
    refuse = reply(400, NO_POLLING)
    with (
        Server(refuse, refuse, refuse, speak(*frames)) as server,
        attempts(server, opening=any_revision()) as made,
    ):
        handshake, transport = run(made.attempt())
        transport.close(0)
        assert handshake.dialect.number == number
        assert handshake.frames == tuple(text.decode() for text in frames[1:])
        assert paths(server)[-1] == "/socket.io/?EIO=4&transport=websocket"


def test_server_that_ends_while_it_is_found_out_may_be_retried() -> None:
    refuse = reply(400, NO_POLLING)
    error, _ = failure(refuse, refuse, refuse, end_after_ping, lambda peer: peer.accept(), opening=any_revision())
    assert "ended websocket at once" in str(error)
    assert error.retryable


# A websocket and no poll


OF_4, OF_3 = "/socket.io/?EIO=4&transport=websocket", "/socket.io/?EIO=3&transport=websocket"


def end_after_ping(peer: Peer) -> None:
    """Script: end the session because of a ping, as socket.io 3.0 to 4.4 do."""
    peer.accept()
    peer.send(frame(OLD_OPEN.decode()))
    assert peer.read_frame().payload == b"2"


def close(peer: Peer) -> None:
    """Script: close without a response, as socket.io 0.7 to 0.9 do."""
    peer.read_head()


@contextmanager
def websocket_alone(*scripts: Script, **options: Any) -> Iterator[tuple[Server, Attempts]]:
    opening = any_revision(only_websocket=True)
    with Server(*scripts) as server, attempts(server, ("websocket",), opening=opening, **options) as made:
        yield server, made


@pytest.mark.parametrize(
    ("scripts", "number", "opened"),
    [
        ([speak(OPEN)], 5, [OF_4]),
        ([speak(OLD_OPEN, b"40")], 4, [OF_4]),
        ([speak(OLD_OPEN, "2", b"3", b"40")], 4, [OF_4]),
        ([speak(OLD_OPEN, "2")], 5, [OF_4]),
        ([end_after_ping, speak(OLD_OPEN)], 5, [OF_4, OF_4]),
        ([reply(400, b"Unsupported protocol version"), speak(OLD_OPEN, b"40")], 4, [OF_4, OF_3]),
        ([reply(403, b""), speak(OLD_OPEN, "2", b"3")], 4, [OF_4, OF_3]),
        ([close, reply(), websocket], 1, [OF_4, "/socket.io/1/?t=", "/socket.io/1/websocket/sid"]),
        ([reply(404, b"no"), reply(), websocket], 1, [OF_4, "/socket.io/1/?t=", "/socket.io/1/websocket/sid"]),
    ],
)
def test_websocket_alone_finds_out_without_a_poll(scripts: list[Script], number: int, opened: list[str]) -> None:
    with websocket_alone(*scripts) as (server, made):
        handshake, transport = run(made.attempt())
        transport.close(0)
        assert handshake.dialect.number == number
        assert [re.sub(r"\?t=\d+", "?t=", request.target) for request in server.requests] == opened


@pytest.mark.parametrize(
    ("scripts", "text"),
    [
        ([reply(400, b"Transport unknown")], "it offers no websocket, only xhr-polling"),
        ([reply(400, b"not today"), reply(400, NO_POLLING)], "the websocket with status 400, 'not today'"),
        ([reply(403, b""), reply(403, b""), reply(404, b"no")], "the websocket with status 403"),
        ([close, reply(403, b"handshake unauthorized")], "'handshake unauthorized'.*Before that, no websocket"),
        ([reply(404, b"no"), reply(401, b"")], "the handshake with status 401"),
        ([speak(b"hello")], "not a Socket"),
        ([lambda peer: peer.accept()], "ended websocket at once"),
        (
            [reply(400, b"Unsupported protocol version"), reply(400, b"no"), reply(400, NO_POLLING)],
            "with status 400, 'no'",
        ),
    ],
)
def test_failure_of_a_websocket_alone_says_why(scripts: list[Script], text: str) -> None:
    with websocket_alone(*scripts) as (server, made):
        with pytest.raises(ConnectError, match=text):
            run(made.attempt())
        assert server.connections == len(scripts)


def test_silence_of_a_websocket_alone_is_not_followed_by_a_handshake() -> None:
    with websocket_alone(speak(), seconds=0.5) as (server, made):
        with pytest.raises(ConnectError, match="sends nothing"):
            run(made.attempt())
        assert server.connections == 1


def test_nobody_there_is_asked_once_for_a_websocket() -> None:
    opening = any_revision(only_websocket=True)
    with (
        closed_port() as port,
        attempts(parse_address("127.0.0.1", port, None, "socket.io"), ("websocket",), opening=opening) as made,
        pytest.raises(ConnectError, match="refused the connection") as caught,
    ):
        run(made.attempt())
    assert "Before that" not in str(caught.value)


def test_websocket_alone_of_a_known_revision_is_all_that_is_tried() -> None:
    error, server = failure(reply(400, b"no"), transports=("websocket",), opening=revision5())
    assert "the websocket with status 400" in str(error)
    assert len(server.requests) == 1


def test_handshake_of_a_known_revision_fails_for_both() -> None:
    error, server = failure(reply(400, b"no"), reply(403, b"not you"), transports=ENGINE, opening=revision5())
    assert "the handshake with status 403, 'not you'" in str(error)
    assert len(server.requests) == 2


def test_no_session_of_an_older_revision_says_so() -> None:
    for script in (speak(), lambda peer: peer.accept()):
        error, _ = failure(script, transports=("websocket",), opening=revision4(), seconds=0.5)
        assert "if they are asked for a session of 1.x or 2.x: leave revision= out" in str(error)


@pytest.mark.parametrize(
    ("scripts", "number"), [([speak(OPEN)], 5), ([close, reply()], 1)], ids=["websocket", "handshake"]
)
def test_ask_makes_no_poll_for_a_websocket_alone(scripts: list[Script], number: int) -> None:
    with websocket_alone(*scripts) as (server, made):
        assert Task(lambda: run_steps(made.attempt().ask())).result().dialect.number == number
        assert len(server.requests) == len(scripts)


def test_server_without_polling_needs_websockets() -> None:
    error, server = failure(reply(400, NO_POLLING), transports=("xhr-polling",), opening=any_revision())
    assert isinstance(error, HandshakeRejected)
    assert len(server.requests) == 3


def test_websocket_that_is_first_opens_the_session_by_itself() -> None:
    with Server(speak(OPEN)) as server, attempts(server, opening=revision5()) as made:
        handshake, transport = run(made.attempt())
        transport.close(0)
        assert (handshake.session_id, transport.name) == ("x", "websocket")
        assert paths(server) == ["/socket.io/?EIO=4&transport=websocket"]


@pytest.mark.parametrize(
    "scripts",
    [
        [reply(400, b"no"), reply(200, OPEN), reply(400, b"no")],
        [speak(b"hello"), reply(200, OPEN), reply(400, b"no")],
        [lambda peer: peer.accept(), reply(200, OPEN), reply(400, b"no")],
        [speak(), reply(200, OPEN), reply(400, b"no")],
    ],
)
def test_polling_follows_a_websocket_that_opens_no_session(scripts: list[Script]) -> None:
    with Server(*scripts) as server, attempts(server, ENGINE, opening=revision5(), seconds=SILENCE) as made:
        _, transport = run(made.attempt())
        transport.close(0)
    assert transport.name == "xhr-polling"


@pytest.mark.parametrize(
    ("script", "text"),
    [
        (reply(400, b"no"), "refused the websocket"),
        (speak(b"hello"), "not a Socket"),
        (lambda peer: peer.accept(), "ended websocket at once"),
        (speak(), "sends nothing"),
    ],
)
def test_error_of_the_only_transport_says_why(script: Script, text: str) -> None:
    with (
        Server(script) as server,
        attempts(
            server, ("websocket",), opening=revision5(), seconds=0.5 if text == "sends nothing" else LIMIT
        ) as made,
        pytest.raises(ConnectError, match=text),
    ):
        run(made.attempt())


def test_auth_is_asked_for_at_every_attempt() -> None:
    tokens = iter([{"token": 1}, {"token": 2}])
    default, chat = Endpoint("", auth=lambda: next(tokens)), Endpoint("/chat", auth={"key": "c"})
    with Server(speak(OPEN), speak(OPEN)) as server, attempts(server, opening=revision5()) as made:
        for number in (1, 2):
            _, transport, data = Task(lambda: run_steps(made.attempt(default, chat, Endpoint("/news")).run())).result()
            transport.close(0)
            assert data == {default: {"token": number}, chat: {"key": "c"}}


@pytest.mark.parametrize(
    ("opening", "scripts"),
    [
        (revision4(), []),
        (any_revision(), [reply(200, b"%d:%s" % (len(OLD_OPEN), OLD_OPEN))]),
        (any_revision(), [*[reply(400, NO_POLLING)] * 3, speak(OLD_OPEN, b"40")]),
    ],
    ids=["known", "handshake", "open packet"],
)
def test_auth_that_the_server_cannot_get_is_an_error(opening: Opening, scripts: list[Script]) -> None:
    with (
        Server(*scripts) as server,
        attempts(server, ENGINE, opening=opening) as made,
        nothing_left_open(),
        pytest.raises(ConnectError, match="params=") as caught,
    ):
        run(made.attempt(Endpoint("", auth={"token": 1})))
    assert not caught.value.retryable
    assert len(server.requests) == len(scripts)


def test_auth_of_a_channel_does_not_matter_to_an_old_server() -> None:
    with Server(reply(), websocket) as server, attempts(server) as made:
        run(made.attempt(Endpoint("/chat", auth={"token": 1})))[1].close(0)


def test_ask_ends_the_session_that_it_opened() -> None:
    with Server(reply(200, OPEN), reply(200, b"ok")) as server, attempts(server, opening=any_revision()) as made:
        handshake = Task(lambda: run_steps(made.attempt().ask())).result()
        assert handshake.session_id == "x"
        assert server.requests[1].raw.startswith(b"POST /socket.io/?EIO=4&transport=polling&sid=x")


@pytest.mark.parametrize("script", [reply(400, b"no"), lambda peer: peer.end()])
def test_session_that_ask_cannot_end_ends_by_itself(script: Script) -> None:
    with Server(reply(200, OPEN), script) as server, attempts(server, opening=any_revision()) as made:
        assert Task(lambda: run_steps(made.attempt().ask())).result().session_id == "x"


def test_ask_opens_no_transport_to_a_legacy_server() -> None:
    with Server(reply()) as server, attempts(server, opening=any_revision()) as made:
        assert Task(lambda: run_steps(made.attempt().ask())).result().dialect.number == 1
        assert len(server.requests) == 1


def test_ask_opens_a_websocket_to_a_server_without_polling() -> None:
    refuse = reply(400, NO_POLLING)
    with (
        Server(refuse, refuse, refuse, speak(OPEN)) as server,
        attempts(server, opening=any_revision()) as made,
    ):
        assert Task(lambda: run_steps(made.attempt().ask())).result().session_id == "x"


def test_connect_error_stays_as_it_is() -> None:
    error = ConnectError("no")
    assert as_connect_error(error) is error


def test_a_parser_that_the_server_cannot_have_is_an_error() -> None:
    for opening, requests in ((revision1(), 0), (any_revision(), 1)):
        error, server = failure(reply(), opening=opening, parser="msgpack")
        assert "a parser= came with socket.io 2.0" in str(error)
        assert not error.retryable
        assert len(server.requests) == requests


def test_packets_of_a_session_may_be_posted_beside_its_websocket() -> None:
    def post(peer: Peer) -> None:
        length = peer.read_head().header("Content-Length")
        assert peer.read(int(length or 0)) == b"3:::x"
        peer.reply("1")
        hand_over(peer)

    handshake = reply(200, b"sid:60:60:websocket,xhr-polling")
    with Server(handshake, websocket, post) as server, attempts(server) as made:
        found, transport = run(made.attempt())
        both = made.connector.beside(transport, found)
        assert both.prepare(time.monotonic() + LIMIT)
        both.send(["3:::x"])
        assert both.finish(time.monotonic() + LIMIT)
        assert server.requests[-1].target.startswith("/socket.io/1/xhr-polling/sid?")
        both.close(0)


# What a transport raises

ANNOUNCED = b'0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":60000}'


class Odd(BaseException):
    """One that is past most guards."""


class Faulty(Transport):
    """Raises, or fails to close after that."""

    name = "faulty"
    problem: BaseException

    def open(self, url: str, deadline: float) -> None:
        raise self.problem

    def recv(self) -> list[Any]:
        raise self.problem

    send = recv  # type: ignore[assignment]
    wake = abort = recv  # type: ignore[assignment]

    def close(self, timeout: float) -> None:
        raise self.problem


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> type[Faulty]:
    monkeypatch.setattr("sioclient.fronts.connector.make_transport", lambda *args: Faulty())
    return Faulty


@pytest.mark.parametrize("problem", [ValueError("why"), Odd("why"), ConnectionLost("why")], ids=repr)
def test_whatever_a_transport_raises_is_an_attempt_that_failed(faulty: type[Faulty], problem: BaseException) -> None:
    faulty.problem = problem
    error, server = failure(reply(200, b"sid:60:60:websocket,xhr-polling"))
    assert "why" in str(error)
    assert error.retryable
    assert error.__cause__ is problem
    assert server.connections == 1


@pytest.mark.parametrize("method", ["send", "finish", "close"])
def test_whatever_a_transport_raises_changes_no_handshake(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = getattr(EnginePollingTransport, method)

    def fail(*args: object) -> None:
        plain(*args)
        raise ValueError(method)

    monkeypatch.setattr(EnginePollingTransport, method, fail)
    with Server(reply(200, ANNOUNCED)) as server, attempts(server, opening=revision5()) as made:
        assert Task(lambda: run_steps(made.attempt().ask())).result().session_id == "a"


def test_interrupt_of_who_only_asks_passes(faulty: type[Faulty]) -> None:
    faulty.problem = KeyboardInterrupt()
    with Server(reply(200, ANNOUNCED)) as server, attempts(server, opening=revision5()) as made:
        asking = Task(lambda: run_steps(made.attempt().ask()))
        with pytest.raises(KeyboardInterrupt):
            asking.result()


def test_log_that_raises_ends_no_attempt(raising_log: Any) -> None:
    with Server(reply(), websocket) as server, attempts(server, opening=any_revision()) as made:
        run(made.attempt())[1].close(0)
    assert raising_log.records


def test_an_http_client_that_remembers_nothing_is_let_go():
    connector = Connector(parse_address("h", None, None, "socket.io"), Options())
    first = connector.http({})
    assert connector.http({}) is first
    connector.forget()
    assert connector.http() is not first
    connector.close()


def test_an_http_client_that_asks_functions_stays():
    connector = Connector(parse_address("h", None, None, "socket.io"), Options(headers=dict))
    first = connector.http()
    connector.forget()
    assert connector.http() is first
    connector.close()
