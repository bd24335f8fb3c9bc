"""Hours in no time: a server in memory, and trio's clock, which jumps while everybody waits."""

from __future__ import annotations

import math

import anyio
import pytest
import trio
import trio.testing

from sioclient import AckTimeout, ConnectError, ConnectionLost, HandshakeRejected, WaitTimeout
from sioclient.aio import SocketIO
from sioclient.aio.http import Http
from sioclient.aio.transports import PollingTransport, Transport
from sioclient.options import Options
from sioclient.transports.http import HttpClient
from sioclient.transports.http1 import Response

from .conftest import Recorder

OPEN = '0{"sid":"%d","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'


class Server:
    """Speaks revision 5; tests decide when it lets nobody in, and whether it pings."""

    def __init__(self):
        self.sessions, self.attempts, self.pings, self.received = 0, 0, True, []
        self.refuses_until = self.opens_at = self.closes_at = -math.inf
        self.breaks = False
        self.current = None

    def transport(self, kind, http, limit, framing):
        return MemoryTransport(self)


class MemoryTransport(Transport):
    name = "websocket"

    def __init__(self, server):
        self.server = server
        self.tell, self.told = anyio.create_memory_object_stream(math.inf)
        self.ping_at = math.inf

    async def open(self, url, deadline):
        self.server.attempts += 1
        await trio.sleep_until(self.server.opens_at)
        if trio.current_time() < self.server.refuses_until:
            raise HandshakeRejected("no", status=403)
        self.server.sessions += 1
        self.server.current = self
        self.ping_at = trio.current_time() + 25
        self.tell.send_nowait(OPEN % self.server.sessions)

    async def recv(self):
        while True:
            until = self.ping_at if self.server.pings else math.inf
            with anyio.CancelScope(deadline=until):
                try:
                    return [await self.told.receive()]
                except anyio.EndOfStream:
                    raise ConnectionLost("transport closed") from None
            self.ping_at += 25
            return ["2"]

    async def send(self, frames):
        if self.server.breaks:
            self.server.breaks = False
            raise ConnectionLost("broken")
        for frame in frames:
            self.server.received.append(frame)
            if frame == "40":
                self.tell.send_nowait('40{"sid":"socket"}')
            elif "echo" in frame:
                number = frame[2 : frame.index("[")]
                self.tell.send_nowait(f'43{number}["x"]')

    async def close(self, timeout):
        try:
            await trio.sleep_until(self.server.closes_at)
        finally:
            self.tell.close()
            self.told.close()


@pytest.fixture
def server(monkeypatch):
    server = Server()
    monkeypatch.setattr("sioclient.aio.tasks.make_transport", server.transport)
    return server


@pytest.fixture
def run():
    """Run an async function with a clock that jumps."""
    return lambda function: trio.run(function, clock=trio.testing.MockClock(autojump_threshold=0))


def client(*args, **options):
    return SocketIO("127.0.0.1", 1, *args, transports="websocket", revision=5, **options)


def test_handler_that_awaits_for_an_hour_keeps_the_connection(run, server):
    async def test():
        async with client() as socket:
            done = trio.Event()

            @socket.on("news")
            async def hear(value):
                await trio.sleep(3600)
                assert await socket.call("echo") == "x"
                done.set()

            server.current.tell.send_nowait('42["news",1]')
            await done.wait()
            assert trio.current_time() >= 3600
            assert (server.sessions, socket.connected) == (1, True)
        assert server.received.count("3") == 144

    run(test)


def test_silent_server_is_found_dead_and_the_next_attempt_follows(run, server):
    async def test():
        recorder = Recorder()
        async with client(recorder) as socket:
            begin, server.pings = trio.current_time(), False
            with trio.fail_after(75):
                while ("disconnect", "heartbeat timeout") not in recorder.told:
                    await trio.sleep(1)
            server.pings = True
            await trio.sleep(10)
            assert (server.sessions, socket.connected) == (2, True)
            assert trio.current_time() - begin < 90

    run(test)


@pytest.mark.parametrize("moment", ["opens_at", "closes_at"])
def test_timeouts_come_in_time_while_a_transport_opens_or_closes(run, server, moment):
    async def test():
        async with client(wait_for_connection=True) as socket:
            setattr(server, moment, trio.current_time() + 6)
            server.current.tell.close()
            await trio.sleep(3)
            begin = trio.current_time()
            with pytest.raises(AckTimeout):
                await socket.call("echo", timeout=1)
            assert trio.current_time() - begin == pytest.approx(1, abs=0.1)
            await trio.sleep(10)
            assert await socket.call("echo") == "x"
        assert server.attempts == 2

    run(test)


def test_attempt_that_never_ends_is_given_up(run, server):
    async def test():
        recorder = Recorder()
        async with client(recorder) as socket:
            server.opens_at = trio.current_time() + 15
            server.current.tell.close()
            await trio.sleep(30)
            assert (server.attempts, socket.connected) == (3, True)
            assert ("retry", 2) in recorder.told

    run(test)


def test_connection_comes_after_the_functions_of_the_one_before(run, server):
    async def test():
        async with client() as socket:
            go_on = trio.Event()

            @socket.on("disconnect")
            async def leave(reason):
                await go_on.wait()

            server.current.tell.send_nowait("41")
            await trio.sleep(1)
            assert socket.ended
            await socket.open(wait=False)
            await trio.sleep(1)
            assert server.attempts == 1
            await socket.disconnect()
            assert server.attempts == 1
            await socket.open(wait=False)
            go_on.set()
            await trio.sleep(1)
            assert (server.attempts, socket.connected) == (2, True)

    run(test)


def test_403_for_a_minute_is_outlasted_with_what_was_emitted(run, server):
    async def test():
        async with client() as socket:
            server.refuses_until = trio.current_time() + 60
            server.current.tell.close()
            await trio.sleep(1)
            for number in range(100):
                await socket.emit("note", number)
            await trio.sleep(75)
            assert socket.connected
            assert 5 < server.attempts < 30
        assert [frame for frame in server.received if "note" in frame] == [f'42["note",{n}]' for n in range(100)]

    run(test)


def test_first_connection_is_strict(run, server):
    async def test():
        server.refuses_until = math.inf
        with pytest.raises(HandshakeRejected):
            await _enter(client())
        assert server.attempts == 1

    run(test)


def test_attempts_end_with_their_number(run, server):
    async def test():
        async with client(max_reconnection_attempts=3) as socket:
            server.refuses_until = math.inf
            server.current.tell.close()
            with pytest.raises(ConnectError):
                await socket.wait()
            assert server.attempts == 4

    run(test)


def test_what_waits_is_over_in_time(run, server):
    async def test():
        async with client() as socket:
            for wait, error in (
                (lambda: socket.call("nothing", timeout=90), AckTimeout),
                (lambda: socket.wait_for("news", timeout=90), WaitTimeout),
            ):
                begin = trio.current_time()
                with pytest.raises(error):
                    await wait()
                assert trio.current_time() - begin == pytest.approx(90, abs=0.1)
            assert await socket.wait(5) is None

    run(test)


def test_packet_is_written_again_until_it_is_acknowledged(run, server):
    async def test():
        errors = []
        async with client(retries=2, ack_timeout=7) as socket:
            await socket.emit("note", 1, errback=errors.append)
            await trio.sleep(30)
        assert len([frame for frame in server.received if "note" in frame]) == 3
        assert isinstance(errors[0], AckTimeout)

    run(test)


def test_slow_functions_hold_the_server_back(run, server):
    async def test():
        async with client() as socket:
            heard = []

            @socket.on("news")
            async def hear(value):
                await trio.sleep(1)
                heard.append(len(value))

            for _ in range(20):
                server.current.tell.send_nowait('42["news","%s"]' % ("x" * 200_000))
            await trio.sleep(0.5)
            assert server.current.told.statistics().current_buffer_used > 5
            await trio.sleep(30)
            assert heard == [200_000] * 20
            assert socket.connected

    run(test)


def test_session_lost_while_functions_catch_up_is_renewed_at_once(run, server):
    async def test():
        async with client() as socket:

            @socket.on("news")
            async def hear(value):
                await trio.sleep(3600)

            for _ in range(6):
                server.current.tell.send_nowait('42["news","%s"]' % ("x" * 200_000))
            await trio.sleep(60)  # nothing is read any more
            server.breaks = True
            await socket.emit("note")
            await trio.sleep(2)
            assert server.attempts == 2

    run(test)


def test_polls_that_bring_nothing_are_made_once_a_second(run):
    class Noops:
        noop = "8::"
        content_type = ""

        def decode_payload(self, body):
            return [body]

    async def make(url):
        made.append(url)
        return Response(200, "8::")

    made = []

    async def test():
        transport = PollingTransport(Http(HttpClient(Options())), 1000, Noops())
        transport._polls.make = make
        with trio.move_on_after(10):
            while True:
                assert await transport.recv() == ["8::"]

    run(test)
    assert 10 <= len(made) <= 16


async def _enter(socket):
    async with socket:
        pass
