"""A server in a thread, as a program, and in an application of its own."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import socket
import subprocess
import threading

import pytest
import tornado.web
import websocket
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from sioclient import SocketIO
from sioclient.server import Audience, Router, SocketConnection, SocketServer, event
from tests.conftest import Recorder
from tests.servers.node import STAMP, find_node
from tests.servers_py import Task
from tests.waiting import PATIENCE, eventually, taken


class Main(SocketConnection):
    @event
    def echo(self, *args):
        return args

    @event
    def enter(self, room):
        self.join(room)


@pytest.mark.usefixtures("no_thread_left")
def test_a_server_in_a_thread_ends_with_the_block():
    with SocketServer(Main, 0) as server:
        assert server.url == f"http://localhost:{server.port}"
        with SocketIO(server.url) as socket:
            assert socket.call("echo", 1) == 1
    with pytest.raises(RuntimeError):
        server.call(lambda: None)


@pytest.mark.usefixtures("no_thread_left")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the thread raises, too
def test_a_server_that_has_stopped_cannot_start_again(monkeypatch):
    with SocketServer(Main, 0) as server:
        pass
    server.__exit__()
    monkeypatch.setattr("sioclient.server.server.PATIENCE", 0.1)
    with pytest.raises(RuntimeError, match="make another"):
        server.__enter__()


@pytest.mark.usefixtures("no_thread_left")
@pytest.mark.parametrize("transport", ["websocket", "xhr-polling", "jsonp-polling", "htmlfile"])
def test_f54_a_stop_closes_the_transports_of_clients(transport):
    closed = []

    class Closing(SocketConnection):
        async def on_close(self):
            await asyncio.sleep(0)
            closed.append(self.is_open)

    recorder = Recorder()
    with SocketServer(Closing, 0) as server:
        socket = SocketIO("127.0.0.1", server.port, recorder, transports=(transport,), reconnection_delay=60)
    assert recorder.next("disconnect")
    assert recorder.next("retry")  # after 0::, a disconnect packet, it would not try again
    assert closed == [False]
    socket.disconnect()


@pytest.mark.usefixtures("no_thread_left")
@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
def test_f54_clients_come_back_when_the_server_does(transport):
    recorder = Recorder()
    with SocketServer(Main, 0) as server:
        socket = SocketIO("127.0.0.1", server.port, recorder, transports=(transport,), reconnection_delay=0.05)
    assert recorder.next("disconnect")
    with SocketServer(Main, server.port):
        assert recorder.next("reconnect")
        assert socket.call("echo", 1) == 1
        socket.disconnect()


JAVASCRIPT = """
const client = require("socket.io-client-0.9");
client.transports = [process.argv[2]];
const socket = client.connect(`http://127.0.0.1:${process.argv[1]}`, {"reconnection delay": 50});
for (const name of ["connect", "disconnect", "reconnect"]) socket.on(name, () => console.log(name));
"""


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
def test_f54_the_javascript_client_comes_back_too(transport):
    node = find_node()
    if node is None or not (STAMP.parent / "socket.io-client-0.9").exists():
        pytest.skip("socket.io-client 0.9.17 is not installed: run python -m tests.servers")
    with SocketServer(Main, 0) as server:
        command = [str(node.program), "-e", JAVASCRIPT, str(server.port), transport]
        client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=STAMP.parent.parent)
        assert client.stdout.readline() == "connect\n"
    try:
        assert client.stdout.readline() == "disconnect\n"
        with SocketServer(Main, server.port):
            assert {client.stdout.readline() for _ in range(2)} == {"connect\n", "reconnect\n"}
    finally:
        client.kill()
        client.communicate()


def test_a_stop_handles_what_came_and_sends_what_waits(raw):
    class Slow(Main):
        @event
        async def slow(self):
            await self.may_go.wait()

        def on_open(self, request):
            self.may_go = asyncio.Event()
            asyncio.get_running_loop().call_later(0.1, self.may_go.set)

        def on_message(self, message):
            self.send(f"re:{message}")

    with SocketServer(Slow, 0) as server:
        connection = websocket.create_connection(
            f"ws://127.0.0.1:{server.port}/socket.io/1/websocket/{raw(server).handshake()}", timeout=PATIENCE
        )
        for frame in ('5:::{"name":"slow"}', "3:::last", "8:1::"):
            connection.send(frame)
        assert [connection.recv() for _ in range(2)] == ["1::", "6:::1"]
    assert connection.recv() == "3:::re:last"
    assert connection.recv_data()[0] == websocket.ABNF.OPCODE_CLOSE
    connection.shutdown()


def test_a_stop_sends_all_of_what_is_written_in_pieces(raw):
    with SocketServer(Main, 0) as server:
        name = raw(server).handshake()
        connection = websocket.create_connection(
            f"ws://127.0.0.1:{server.port}/socket.io/1/websocket/{name}", timeout=PATIENCE
        )
        assert connection.recv() == "1::"
        (client,) = server.call(lambda: list(server.router.clients.values()))
        server.call(lambda: [client.send("x") for _ in range(10_000)])
    for _ in range(10_000):
        assert connection.recv() == "3:::x"
    connection.shutdown()


@pytest.mark.usefixtures("no_thread_left")
def test_a_stop_waits_for_handlers_only_for_a_moment():
    told = queue.SimpleQueue()

    class Stuck(SocketConnection):
        async def on_close(self):
            told.put("begun")
            try:
                await asyncio.sleep(3600)
            finally:
                told.put("cancelled")

    server = SocketServer(Stuck, 0)
    with SocketIO("127.0.0.1", server.__enter__().port, reconnect=False):
        Task(server.__exit__).result()
    assert [taken(told) for _ in range(2)] == ["begun", "cancelled"]


def test_call_runs_in_the_thread_of_the_server(socket_server):
    server = socket_server(Main)
    assert server.call(threading.current_thread).name == "sioclient server"
    with pytest.raises(ZeroDivisionError):
        server.call(lambda: 1 / 0)


def test_a_port_that_is_taken(socket_server):
    with pytest.raises(OSError, match="in use"):
        SocketServer(Main, socket_server(Main).port)


def test_a_setting_that_is_not_allowed():
    with pytest.raises(TypeError, match="heartbeats"):
        SocketServer(Main, 0, heartbeats=False)
    with pytest.raises(ValueError, match="transports must be"):
        Router(Main, transports=("x",))


def test_another_resource_and_other_routes(socket_server, raw):
    class Hello(tornado.web.RequestHandler):
        def get(self):
            self.finish("hello")

    server = socket_server(Main, resource="/my/sockets.io/", routes=[("/", Hello)])
    with SocketIO("127.0.0.1", server.port, resource="my/sockets.io") as socket:
        assert socket.call("echo", 1) == 1
    assert raw(server).get("/../").startswith("<html>")
    assert raw(server).ask("GET", "/1/")[0] == 404


def test_the_clients_a_broadcast_and_rooms(socket_server):
    server = socket_server(Main)
    router = server.router
    people = [Recorder() for _ in range(3)]
    sockets = [SocketIO("127.0.0.1", server.port, person) for person in people]
    assert set(server.call(lambda: dict(router.clients))) == {socket.session_id for socket in sockets}
    first = server.call(lambda: router.clients[sockets[0].session_id])
    server.call(lambda: router.broadcast("", "news", 1, except_=first))
    assert [person.next("news") for person in people[1:]] == [("news", 1)] * 2
    sockets[0].call("enter", "room")
    server.call(lambda: router.join(router.clients[sockets[1].session_id], "room"))
    assert isinstance(router.to("room"), Audience)
    server.call(lambda: router.to("room", except_=first).send({"for": "the second"}))
    assert people[1].next("message")[2] == {"for": "the second"}
    server.call(lambda: router.leave(router.clients[sockets[1].session_id], "room"))
    server.call(lambda: router.to("room").send("for the first"))
    assert people[0].next("message")[2] == "for the first"
    for one in sockets:
        one.disconnect()
    eventually(lambda: dict(server.clients) == {})


def test_a_router_in_an_application_of_its_own():
    async def serve(started, stop):
        router = Router(Main)
        # Settings of the application that are not for Socket.IO must not get in its way.
        application = tornado.web.Application(
            router.apply_routes([("/", tornado.web.RequestHandler)]), xsrf_cookies=True, cross_origin_protection=True
        )
        server = HTTPServer(application)
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        started.set_result(sockets[0].getsockname()[1])
        await stop.wait()
        server.stop()
        await router.stop()
        await server.close_all_connections()

    async def main():
        started, stop = asyncio.get_running_loop().create_future(), asyncio.Event()
        serving = asyncio.create_task(serve(started, stop))
        port = await started
        for transport in ("websocket", "xhr-polling", "jsonp-polling"):
            assert await asyncio.to_thread(talk, port, transport) == "through"
        stop.set()
        await serving

    def talk(port, transport):
        origin = {"Origin": "http://example.org", "Sec-Fetch-Site": "cross-site"}
        with SocketIO("127.0.0.1", port, transports=(transport,), headers=origin) as socket:
            return socket.call("echo", "through")

    asyncio.run(main())


def test_no_handshake_while_it_stops(socket_server, raw):
    server = socket_server(Main)
    server.call(lambda: setattr(server.router._hub, "is_stopping", True))
    assert raw(server).ask("GET", "/1/")[0] == 503


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C cannot be sent to one process alone on Windows")
def test_a_server_as_a_program_until_ctrl_c():
    server, recorder = SocketServer(Main, 0), Recorder()

    def visit():
        with SocketIO("127.0.0.1", server.port, recorder, wait_for_connection=True) as socket:
            os.kill(os.getpid(), signal.SIGINT)
            recorder.next("disconnect")
            socket.disconnect()

    visiting = Task(visit)
    server.run()
    visiting.result()


def find_addresses(monkeypatch, *addresses):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)


def test_a_host_of_several_addresses(monkeypatch):
    with SocketServer(Main, 0) as other:
        find_addresses(monkeypatch, "127.0.0.1", "203.0.113.1")  # the second is not an address of this machine
        with SocketServer(Main, 0) as server:
            assert server.port != other.port
        find_addresses(monkeypatch, "127.0.0.2", "127.0.0.1")
        with pytest.raises(OSError, match="in use"):
            SocketServer(Main, other.port)
        with pytest.raises(ValueError, match="65535"):
            SocketServer(Main, 65536)


def test_the_address_for_a_browser():
    for host, url in (("127.0.0.1", "http://localhost"), ("", "http://localhost"), ("::1", "http://[::1]")):
        try:
            server = SocketServer(Main, 0, host)
        except OSError as error:
            pytest.skip(f"this machine has no {host}: {error}")
        with server:
            assert server.url == f"{url}:{server.port}"
