"""A websocket and no poll: without sticky sessions, and behind a front that lets only upgrades through."""

from __future__ import annotations

import itertools
import re
import socket
import threading
from contextlib import ExitStack, suppress

import pytest

from sioclient import ConnectError, EngineIO, HandshakeRejected, detect
from tests.conftest import eventually, start
from tests.servers import SERVERS

pytestmark = pytest.mark.usefixtures("no_thread_left")

LATER = [name for name, server in SERVERS.items() if server.revision > 1]
FIRST = ["0.9.19", "TornadIO2"]

_UPGRADE = re.compile(rb"^upgrade: *websocket\r$", re.IGNORECASE | re.MULTILINE)


class Front:
    """A load balancer: each TCP connection goes to the next server.

    Args:
        ports: where the servers listen.
        refusal: the status of the response to whatever is no upgrade; None: it lets everything through.
        drops_upgrade: whether it leaves out what asks for an upgrade, as proxies do by default.

    Attributes:
        port: where it listens itself.
        targets: the request targets that began a connection.
    """

    def __init__(self, *ports: int, refusal: int | None = None, drops_upgrade: bool = False) -> None:
        self._next, self._refusal, self._drops_upgrade = itertools.cycle(ports), refusal, drops_upgrade
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.targets: list[str] = []
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._ended = False

    def __enter__(self) -> Front:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._threads[0].join(10)
        for end in [self._listener, *self._sockets]:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            self._sockets.append(client)
            if self._ended:
                return
            self._start(self._serve, client, next(self._next))

    def _serve(self, client: socket.socket, port: int) -> None:
        with suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                data = client.recv(65536)
                if not data:
                    return
                head += data
            self.targets.append(head.split(b" ")[1].decode())
            if self._refusal and not _UPGRADE.search(head):
                client.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno" % self._refusal)
                client.shutdown(socket.SHUT_WR)
                return
            if self._drops_upgrade:
                head = _UPGRADE.sub(b"X-Was: websocket\r", head).replace(b"Connection: Upgrade", b"Connection: close")
            server = socket.create_connection(("127.0.0.1", port))
            self._sockets.append(server)
            server.sendall(head)
            self._start(self._copy, server, client)
            self._copy(client, server)

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def port_of():
    """Return the port of one of two servers of a kind, which are started when a test first asks for them."""
    running: dict[tuple[str, int], int] = {}
    with ExitStack() as stack:

        def port_of(name, number=0):
            if (name, number) not in running:
                running[name, number] = stack.enter_context(start(SERVERS[name])).port
            return running[name, number]

        yield port_of


@pytest.mark.parametrize("name", LATER)
@pytest.mark.fronts
def test_two_servers_without_sticky_sessions(name, port_of, connect):
    server = SERVERS[name]
    with Front(port_of(name), port_of(name, 1)) as front:
        for revision in (None, server.revision):
            for _ in range(3):
                sio = connect(front.port, revision=revision)
                assert (sio.revision, sio.transport_name) == (server.revision, "websocket")
                assert sio.call("echo", 1) == 1
                sio.disconnect()
        assert all("transport=websocket" in target for target in front.targets)
        again = 3 if name == "3.1.2" else 0  # whose revision is not clear before a ping has ended the session
        assert len(front.targets) == 6 + again
        assert detect("127.0.0.1", front.port, transports="websocket").revision == server.revision


def test_reconnecting_without_sticky_sessions(port_of, connect, recorder):
    with Front(port_of("4.8.1"), port_of("4.8.1", 1)) as front:
        sio = connect(front.port, recorder, reconnection_delay=0.01)
        for _ in range(3):
            sio.emit("do cut")
            recorder.next("reconnect")
        assert len(front.targets) == 4


@pytest.mark.parametrize("revision", [None, 1])
def test_revision_1_says_that_it_needs_sticky_sessions(revision, port_of, connect):
    with Front(port_of("0.9.19"), port_of("0.9.19", 1)) as front:
        with pytest.raises(ConnectError, match=r"client not handshaken.*revision 1 needs sticky sessions"):
            connect(front.port, revision=revision)
        assert not [target for target in front.targets if "polling" in target]


@pytest.mark.parametrize("name", FIRST)
def test_revision_1_is_found_out_without_a_poll(name, port_of, connect):
    with Front(port_of(name)) as front:
        sio = connect(front.port)
        assert (sio.revision, sio.call("echo", 1)) == (1, 1)
        paths = [target.partition("?")[0].rpartition("/")[0] for target in front.targets]
        assert paths == ["/socket.io", "/socket.io/1", "/socket.io/1/websocket"]


@pytest.mark.parametrize("refusal", [403, 404, 426])
@pytest.mark.parametrize("name", LATER)
@pytest.mark.fronts
def test_a_front_that_lets_only_upgrades_through(name, refusal, port_of, connect):
    with Front(port_of(name), refusal=refusal) as front:
        for revision in (None, SERVERS[name].revision):
            sio = connect(front.port, revision=revision)
            assert sio.call("echo", 1) == 1
        info = detect("127.0.0.1", front.port, transports="websocket")
        assert (info.revision, info.transports) == (SERVERS[name].revision, ("websocket",))


def test_a_front_that_lets_only_upgrades_through_keeps_revision_1_out(port_of, connect):
    why = "the handshake with status 403.*Before that, no websocket of a later generation opened"
    with Front(port_of("0.9.19"), refusal=403) as front, pytest.raises(HandshakeRejected, match=why):
        connect(front.port)


@pytest.mark.parametrize("name", ["1.7.4", "2.5.1", "3.1.2", "4.8.1"])
def test_what_a_server_does_not_offer_is_named(name, connect):
    server = SERVERS[name]
    for only, wanted, offered in [("polling", "websocket", "xhr-polling"), ("websocket", "xhr-polling", "websocket")]:
        settings = {**server.start.keywords.get("socketio", {}), "transports": [only]}
        with start(server, socketio=settings) as process:
            for revision in (None, server.revision):
                with pytest.raises(HandshakeRejected, match=f"it offers no {wanted}, only {offered}"):
                    connect(process.port, transports=(wanted,), revision=revision)


@pytest.mark.parametrize("name", ["2.5.1", "4.8.1"])
def test_a_refusal_of_a_websocket_is_told(name, connect):
    with start(SERVERS[name], authorize=True) as server, pytest.raises(HandshakeRejected, match="not today"):
        connect(server.port, params={"token": "bad"})


@pytest.mark.parametrize("version", ["3", "6"])
@pytest.mark.parametrize("revision", [True, False])
def test_engine_io_alone(version, revision):
    engine_revision = {"3": 3, "6": 4}[version]
    heard = []
    with (
        start("engine.js", version=version) as one,
        start("engine.js", version=version) as other,
        Front(one.port, other.port) as front,
    ):
        client = EngineIO(transports=("websocket",), revision=engine_revision if revision else None)
        client.on("message", heard.append)
        client.connect(f"http://127.0.0.1:{front.port}")
        client.send(b"\0\1")
        eventually(lambda: heard == ["hello", b"\0\1"], "both messages")
        assert client.revision == engine_revision
        client.disconnect()
        assert not [target for target in front.targets if "polling" in target]


@pytest.mark.parametrize("name", ["1.7.4", "2.5.1"])
def test_a_server_that_joins_us_late_is_told_by_its_pong(name, port_of, connect):
    with start(SERVERS[name], slow=800) as server, Front(server.port) as front:
        sio = connect(front.port)
        assert (sio.revision, sio.call("echo", 1)) == (4, 1)
        assert len(front.targets) == 1


@pytest.mark.parametrize("name", ["3.1.2", "4.8.1"])
def test_a_server_that_was_asked_for_an_older_session_is_named(name, port_of, connect):
    with pytest.raises(ConnectError, match=r"as socket\.io 3.x and 4.x do if .* leave revision= out"):
        connect(port_of(name), revision=4, connect_timeout=1)


def test_a_proxy_that_takes_the_upgrade_out_is_named(port_of, connect):
    with Front(port_of("4.8.1"), drops_upgrade=True) as front:
        with pytest.raises(HandshakeRejected, match="such as a proxy"):
            connect(front.port)
        assert len(front.targets) == 1


def test_a_session_of_another_server_is_named(port_of, connect):
    why = pytest.raises(ConnectError, match="give transports='websocket'")
    with Front(port_of("4.8.1"), port_of("4.8.1", 1)) as front, why:
        connect(front.port, transports=("xhr-polling", "websocket"), revision=5)
