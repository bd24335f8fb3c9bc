"""What listens when there is no descriptor left."""

from __future__ import annotations

import asyncio
import errno
import json
import socket
import subprocess
import sys

import pytest
from tornado.ioloop import IOLoop
from tornado.netutil import add_accept_handler

from sioclient.server import SocketConnection, accepting
from sioclient.server.accepting import patient
from tests.waiting import PATIENCE, eventually

PROGRAM = """
import json, resource, socket, sys, time, urllib.request
from sioclient.server import SocketConnection, SocketServer
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
with SocketServer(SocketConnection, 0) as server:
    clients = []
    try:
        while True:
            clients.append(socket.create_connection(("127.0.0.1", server.port)))
    except OSError:
        pass
    # The last ones wait in the backlog: their own descriptors were taken from the server, which is in this process.
    time.sleep(0.2)
    used = time.process_time()
    time.sleep(1.5)
    used = time.process_time() - used
    for client in clients:
        client.close()
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/socket.io/1/", timeout=20) as response:
        print(json.dumps([used, response.status]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit of descriptors to be set on Windows")
def test_s15_accepting_pauses_when_descriptors_run_out():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-1000:]
    used, status = json.loads(done.stdout)
    assert status == 200
    assert used < 0.5  # seconds of the processor, in one and a half: it was all of them
    lines = done.stderr.splitlines()
    assert 1 <= len(lines) <= 4
    assert all(line.startswith("no further connection can be accepted just now") for line in lines)


@pytest.fixture
def listening():
    with patient(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening


def test_it_goes_on_after_the_pause(listening, monkeypatch, caplog):
    monkeypatch.setattr(accepting, "PAUSE", 0.01)
    accepted, failing = [], [True]

    def accept(self):
        if failing and failing.pop():
            raise OSError(errno.EMFILE, "Too many open files")
        return real(self)

    real = socket.socket.accept
    monkeypatch.setattr(socket.socket, "accept", accept)

    async def main():
        stop = add_accept_handler(listening, lambda connection, address: accepted.append(connection))
        with await asyncio.to_thread(socket.create_connection, listening.getsockname(), PATIENCE):
            while not accepted:
                await asyncio.sleep(0.001)
        stop()

    asyncio.run(asyncio.wait_for(main(), PATIENCE))
    accepted[0].close()
    assert "Too many open files" in caplog.text


def test_a_server_that_stops_in_the_pause_is_left_alone(listening, monkeypatch):
    monkeypatch.setattr(accepting, "PAUSE", 0.01)

    async def main():
        IOLoop.current().add_handler(listening, lambda *_: None, IOLoop.READ)
        monkeypatch.setattr(socket.socket, "accept", lambda self: (_ for _ in ()).throw(OSError(errno.ENFILE, "x")))
        with pytest.raises(BlockingIOError):
            listening.accept()
        IOLoop.current().remove_handler(listening)
        listening.close()
        await asyncio.sleep(0.05)

    asyncio.run(main())


def test_any_other_error_is_raised(listening, monkeypatch):
    monkeypatch.setattr(socket.socket, "accept", lambda self: (_ for _ in ()).throw(ConnectionAbortedError))
    with pytest.raises(ConnectionAbortedError):
        listening.accept()


def test_a_server_listens_with_it(socket_server):
    server = socket_server(SocketConnection)
    eventually(lambda: isinstance(server._sockets[0], accepting.PatientSocket))
