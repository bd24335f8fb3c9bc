"""Row 53 of the fault matrix, and the end of row 26: whatever a server's front does during a deploy, it is retried.

The front is a load balancer that passes connections on to a real server, or serves all of them itself as a test says.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from sioclient import ConnectError, EngineIO, Handler, HandshakeRejected, SocketIO
from tests.conftest import Recorder, start
from tests.servers_py import LIMIT
from tests.waiting import ended, eventually

pytestmark = [pytest.mark.usefixtures("no_thread_left"), pytest.mark.fronts]


def page(status: str, body: str = "<html>maintenance</html>", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: text/html", f"Content-Length: {len(body)}", *headers, "", body]
    return "\r\n".join(lines).encode()


DEPLOYS = {
    "400": page("400 Bad Request"),
    "401": page("401 Unauthorized"),
    "403": page("403 Forbidden"),
    "404": page("404 Not Found"),
    "429": page("429 Too Many Requests", "", "Retry-After: 1"),
    "502": page("502 Bad Gateway"),
    "503": page("503 Service Unavailable"),
    "HTML": page("200 OK"),
    "redirect": page("302 Found", "", "Location: https://status.example.com/"),
    "no transport in common": page("200 OK", "sid:60:60:flashsocket").replace(b"text/html", b"text/plain"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "nothing": b"",
}
"""What a front sends meanwhile, by what a person would call it."""

NO_LOSSES = ("no transport in common",)
"""Those that no poll takes for the end of its session: they hold for attempts only."""


class Front:
    """A port that passes connections on, or serves them itself.

    Args:
        target: the port of the server behind it.
        tls: encrypts every connection; None: none is.

    Attributes:
        served: what every new connection gets; None: it is passed on.
        count: connections that were not passed on.
        tls: may be set to another context.
    """

    def __init__(self, target: int, tls: ssl.SSLContext | None = None) -> None:
        self.served: bytes | None = None
        self.count = 0
        self.tls = tls
        self._target = target
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def cut(self) -> None:
        """End every connection."""
        with self._lock:
            for sock in self._open:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Front:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(LIMIT)

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        self._threads.append(threading.Thread(target=target, args=args, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._start(self._serve, self._listener.accept()[0])

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError), plain:
            plain.settimeout(LIMIT)
            client = plain if self.tls is None else self.tls.wrap_socket(plain, server_side=True)
            if (served := self.served) is not None:
                self.count += 1
                with client:
                    client.recv(65536)
                    client.sendall(served)
                    client.shutdown(socket.SHUT_WR)
                    client.recv(65536)
                return
            with client, socket.create_connection(("127.0.0.1", self._target), LIMIT) as server:
                client.settimeout(None)
                server.settimeout(None)
                with self._lock:
                    self._open |= {client, server}
                if self.served is not None:
                    return  # it was accepted a moment before, and cut() has not seen it
                back = threading.Thread(target=self._pass_on, args=(server, client), daemon=True)
                back.start()
                self._pass_on(client, server)
                back.join(LIMIT)
                with self._lock:
                    self._open -= {client, server}

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for sock in (source, target):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def modern():
    with start("modern.js") as server:
        yield server.port


@pytest.fixture(params=["0.9.19", "4.8.1"])
def port(request, legacy, modern):
    return legacy if request.param == "0.9.19" else modern


def wait_for_attempts(front: Front, count: int = 3) -> None:
    """Return when the front has refused often enough: a second attempt shows that the first was not final."""
    begun = front.count
    eventually(lambda: front.count >= begun + count, f"{count} attempts during the deploy")


def interrupt(front: Front, recorder: Recorder) -> None:
    """End the session: with polling, a session survives the loss of a connection on which nothing is on its way."""
    front.served = DEPLOYS["nothing"]
    front.cut()
    recorder.next("retry")
    front.served = None


@pytest.mark.parametrize("deploy", DEPLOYS)
def test_f53_whatever_the_front_says_meanwhile_the_connection_comes_back(port, connect, recorder, deploy):
    with Front(port) as front:
        connection = connect(front.port, recorder)
        recorder.next("connect")
        if deploy in NO_LOSSES:
            front.served = DEPLOYS["nothing"]
            front.cut()
            recorder.next("retry")
        front.served = DEPLOYS[deploy]
        front.cut()
        wait_for_attempts(front)
        connection.emit("echo", "kept")
        front.served = None
        recorder.next("retry")
        recorder.next("reconnect")
        assert recorder.next("echoed") == ("echoed", "kept")


@pytest.mark.parametrize("what", ["legacy.js", "modern.js"])
def test_f53_a_server_that_is_redeployed_on_its_port(connect, recorder, what):
    server = start(what)
    try:
        with Front(server.port) as front:
            connection = connect(front.port, recorder)
            recorder.next("connect")
            front.served = DEPLOYS["404"]
            server.stop()
            wait_for_attempts(front)
            server = start(what, port=server.port)
            front.served = None
            recorder.next("retry")
            recorder.next("reconnect")
            assert connection.call("sum", 1, 2) == 3
    finally:
        server.stop()


def test_f53_a_refusal_is_final_at_first(port, transport):
    with Front(port) as front:
        front.served = DEPLOYS["403"]
        with pytest.raises(HandshakeRejected):
            SocketIO("127.0.0.1", front.port, transports=(transport,), wait_for_connection=True)


def test_f53_the_budget_of_attempts_ends_it(port, connect, recorder):
    with Front(port) as front:
        connection = connect(front.port, recorder, max_reconnection_attempts=3)
        recorder.next("connect")
        front.served = DEPLOYS["403"]
        front.cut()
        with pytest.raises(ConnectError, match=r"gave up after 3 attempts to connect again: .* 403"):
            ended(connection)


def test_f53_the_log_warns_of_what_would_be_final_at_first(port, connect, recorder, caplog):
    caplog.set_level(logging.INFO, "sioclient")
    with Front(port) as front:
        connect(front.port, recorder)
        recorder.next("connect")
        front.served = DEPLOYS["403"]
        front.cut()
        wait_for_attempts(front)
        levels = {record.levelname for record in caplog.records if "status 403" in record.getMessage()}
        assert "WARNING" in levels


class Failing:
    """A function of a user that fails when it is told to, and counts that."""

    def __init__(self, value: Any) -> None:
        self.value, self.error, self.count = value, None, 0

    def __call__(self, *_: Any) -> Any:
        if self.error is not None:
            self.count += 1
            error, self.error = self.error, None
            raise error
        return self.value


@pytest.mark.parametrize("error", [RuntimeError("no token today"), SystemExit(3)])
@pytest.mark.parametrize("option", ["headers", "cookies", "params"])
def test_f53_a_function_for_an_option_may_fail_once(port, connect, recorder, option, error):
    function = Failing({"a": "b"})
    with Front(port) as front:
        connection = connect(front.port, recorder, **{option: function})
        recorder.next("connect")
        function.error = error
        interrupt(front, recorder)
        recorder.next("reconnect")
        assert function.count == 1
        assert connection.connected


@pytest.mark.parametrize("option", ["headers", "cookies", "params"])
def test_f53_a_function_for_an_option_may_return_nonsense_once(port, connect, recorder, option):
    function = Failing({"a": "b"})
    with Front(port) as front:
        connect(front.port, recorder, **{option: function})
        recorder.next("connect")
        function.value = ["a\r\nb"]
        interrupt(front, recorder)
        recorder.next("retry")
        recorder.next("retry")
        function.value = {}
        recorder.next("reconnect")


def test_f53_a_function_for_auth_of_http_may_fail_once(port, connect, recorder):
    function = Failing(None)

    def authenticate(request: Any) -> Any:
        function()
        return request

    with Front(port) as front:
        connect(front.port, recorder, auth=authenticate)
        recorder.next("connect")
        function.error = OSError("the token server is away")
        interrupt(front, recorder)
        recorder.next("reconnect")
        assert function.count == 1


@pytest.mark.parametrize("where", ["default", "channel"])
def test_f53_a_function_for_auth_may_fail_once(modern, connect, recorder, where):
    function = Failing({"token": "x"})
    with Front(modern) as front:
        connection = connect(front.port, recorder, **({"auth": function} if where == "default" else {}))
        recorder.next("connect")
        channel = connection.connect("/chat", auth=function) if where == "channel" else connection
        function.error = KeyError("token")
        interrupt(front, recorder)
        recorder.next("reconnect")
        assert function.count == 1
        eventually(lambda: channel.connected, "the channel")


def test_f53_a_refusal_by_the_application_is_asked_again(connect, recorder):
    with start("modern.js", guard=True) as server, Front(server.port) as front:
        tokens = Failing({"token": "good"})
        connect(front.port, recorder, auth=tokens)
        recorder.next("connect")
        tokens.value = {"token": "expired"}
        interrupt(front, recorder)
        recorder.next("retry")
        recorder.next("retry")
        tokens.value = {"token": "good"}
        recorder.next("reconnect")


def test_f53_a_json_module_may_fail_once(modern, connect, recorder):
    dumps = Failing(None)

    class Json:
        @staticmethod
        def dumps(value: Any) -> str:
            dumps()
            return '{"token": "x"}'

        @staticmethod
        def loads(text: str) -> Any:
            import json

            return json.loads(text)

    with Front(modern) as front:
        connect(front.port, recorder, auth={"token": "x"}, json=Json)
        recorder.next("connect")
        dumps.error = MemoryError()
        interrupt(front, recorder)
        recorder.next("reconnect")
        assert dumps.count == 1


@pytest.mark.parametrize("certificate", ["expired", "other_host", "self_signed"])
def test_f26_f53_a_certificate_that_is_bad_for_a_while(port, transport, recorder, authority, certificate):
    options = {"verify": authority.ca_file, "transports": (transport,), "reconnection_delay": 0.01}
    with (
        Front(port, authority.good) as front,
        SocketIO("localhost", front.port, recorder, secure=True, reconnection_limit=0.05, **options) as connection,
    ):
        recorder.next("connect")
        front.tls = getattr(authority, certificate)
        front.served = DEPLOYS["nothing"]
        front.cut()
        for attempt in (1, 2, 3):
            assert recorder.next("retry") == ("retry", attempt)
        assert front.count == 0, "data went over a connection whose certificate is bad"
        front.served = None
        front.tls = authority.good
        recorder.next("reconnect")
        assert connection.connected


@pytest.mark.parametrize("deploy", DEPLOYS)
def test_f53_an_engine_comes_back_too(transport, engine, deploy):
    heard: list[str] = []
    options = {"transports": (transport,), "reconnection_delay": 0.01, "reconnection_limit": 0.05}
    with Front(engine) as front, EngineIO(**options) as e:
        for event in ("connect", "disconnect"):
            e.on(event, lambda *_, event=event: heard.append(event))
        e.connect("127.0.0.1", front.port)
        if deploy in NO_LOSSES:
            front.served = DEPLOYS["nothing"]
            front.cut()
            wait_for_attempts(front)
        front.served = DEPLOYS[deploy]
        front.cut()
        wait_for_attempts(front)
        front.served = None
        eventually(lambda: heard == ["connect", "disconnect", "connect"], "connected again")


@pytest.fixture(scope="module")
def engine():
    with start("engine.js", version="6") as server:
        yield server.port


def test_f53_who_subclasses_handler_hears_of_each_attempt(port, connect):
    heard: list[Any] = []

    class Mine(Handler[SocketIO]):
        def on_connect(self, socket: SocketIO) -> None:
            heard.append("connect")

        def on_retry(self, attempt: int, delay: float) -> None:
            heard.append(attempt)

        def on_reconnect(self, attempts: int) -> None:
            heard.append("reconnect")

    with Front(port) as front:
        connect(front.port, Mine())
        eventually(lambda: heard == ["connect"])
        front.served = DEPLOYS["503"]
        front.cut()
        wait_for_attempts(front)
        front.served = None
        eventually(lambda: "reconnect" in heard, "the news of the reconnect")
        attempts = heard[1:-2]
        assert heard[-2:] == ["connect", "reconnect"]
        assert attempts == list(range(1, len(attempts) + 1))
