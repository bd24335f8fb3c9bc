"""The files of docs/deploy, as they are but for ports and folders, before two processes that are killed and drained."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sioclient import SocketIO
from tests.servers.node import HERE, MODULES, find_node
from tests.servers.process import free_port
from tests.waiting import PATIENCE, eventually

DEPLOY = Path(__file__).resolve().parent.parent.parent / "docs" / "deploy"
PATHS = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"

PROGRAM = """
import sys
from sioclient.server import SocketConnection, SocketServer, event

class Room(SocketConnection):
    def on_open(self, request):
        self.join("kitchen")

    @event
    def say(self, number):
        self.to("kitchen", include_self=True).emit("said", number)

    @event
    def mine(self):
        return self.session_id

node, port, redis = sys.argv[1:]
far = {"heartbeat_interval": 600, "heartbeat_timeout": 600, "polling_duration": 600}
trusted = {"trusted_proxies": ("127.0.0.1",)}
SocketServer(Room, int(port), node=node, health=True, metrics=True, backplane=redis, **far, **trusted).run()
"""


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), PATIENCE):
        return True
    return False


class Node:
    """A process of the server."""

    def __init__(self, name, redis):
        self.name, self.port, self._redis = name, free_port(), redis
        self.start()

    def start(self):
        self.process = subprocess.Popen([sys.executable, "-c", PROGRAM, self.name, str(self.port), self._redis])
        eventually(lambda: self.process.poll() is not None or listens(self.port), self.name, expect=5)
        assert self.process.poll() is None, f"{self.name} ended"

    def end(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.wait(PATIENCE)


def command_of(kind, folder, port, first, second):
    """Write the configuration of a proxy and return the command that runs it."""
    program = shutil.which(kind, path=PATHS)
    if program is None:
        pytest.skip(f"needs {kind}: Debian has it in the package {'nginx-light' if kind == 'nginx' else kind}")
    text = (DEPLOY / {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}[kind]).read_text(encoding="utf-8")
    text = text.replace("127.0.0.1:8001", f"127.0.0.1:{first}").replace("127.0.0.1:8002", f"127.0.0.1:{second}")
    text = re.sub(
        r"listen 80;|bind :80\n", lambda found: found[0].replace(":80", "80").replace("80", f"127.0.0.1:{port}"), text
    )
    text = text.replace("65536", "1000").replace("32768", "500")  # descriptors that a test may not have
    if kind == "nginx":
        names = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = " ".join(f"{name}_temp_path {folder}/{name};" for name in names)
        user = "user root;" if os.getuid() == 0 else ""
        text = f"daemon off; pid {folder}/pid; error_log stderr; {user}\n" + text.replace(
            "http {", f"http {{ {temporary}"
        )
        text = text.replace("worker_processes auto", "worker_processes 1")
    (folder / "proxy.conf").write_text(text)
    if kind == "nginx":
        return [program, "-e", "stderr", "-p", str(folder), "-c", str(folder / "proxy.conf")]
    return [program, "-db", "-f", str(folder / "proxy.conf")]


@pytest.fixture(params=["nginx", "haproxy"])
def deployed(request, tmp_path, redis_server):
    """Two nodes, and the port of the proxy before them."""
    port = free_port()
    with contextlib.ExitStack() as programs:
        nodes = []
        for name in ("n1", "n2"):
            nodes.append(Node(name, redis_server.url))
            programs.callback(lambda node=nodes[-1]: node.end() if node.process.poll() is None else None)
        command = command_of(request.param, tmp_path, port, *(node.port for node in nodes))
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        programs.callback(process.communicate)
        programs.callback(process.kill if request.param == "haproxy" else process.terminate)
        eventually(lambda: process.poll() is not None or listens(port), request.param)
        assert process.poll() is None, process.stderr.read()
        yield nodes, port


WAYS = [(1, "websocket"), (1, "xhr-polling"), (4, "xhr-polling"), (5, "xhr-polling"), (5, "websocket")]


class Listener:
    """A client behind the proxy, and the numbers that it heard."""

    def __init__(self, stack, port, revision, transport):
        self.heard, self._way = [], (revision, transport)
        options = {"revision": revision, "transports": transport, "reconnection_delay": 0.05, "reconnection_limit": 0.2}
        self.client = stack.enter_context(SocketIO("127.0.0.1", port, auto_connect=False, **options))
        self.client.on("said", self.heard.append)
        self.client.open()

    def __repr__(self):
        return f"the client {self._way} at {self.node!r}"

    @property
    def session(self):
        return self.client.session_id if self.client.connected else None

    @property
    def node(self):
        return (self.session or "").partition(".")[0]


def talk(listeners, number):
    """Have everybody hear a number, and return what all have heard of it."""
    listeners[0].client.emit("say", number)
    for listener in listeners:
        eventually(lambda heard=listener.heard: number in heard, f"{number} at {listener.node}", expect=5)


def test_a_node_is_killed_and_one_drained(deployed):
    nodes, port = deployed
    with contextlib.ExitStack() as stack:
        listeners = [Listener(stack, port, *way) for way in WAYS * 2]
        assert {listener.node for listener in listeners} == {"n1", "n2"}
        talk(listeners, 1)
        for step, (gone, signal_number) in enumerate(zip(nodes, (signal.SIGKILL, signal.SIGTERM), strict=True)):
            others = {listener: listener.session for listener in listeners if listener.node != gone.name}
            gone.end(signal_number)
            for listener in listeners:
                eventually(
                    lambda found=listener, name=gone.name: found.node not in ("", name), f"{listener}", expect=10
                )
            assert {listener: listener.session for listener in others} == others  # untouched
            for listener in listeners:
                assert listener.client.call("mine") == listener.session
            talk(listeners, 10 + step)
            gone.start()
        for listener in listeners:
            assert listener.heard == sorted(set(listener.heard)) == [1, 10, 11]


def test_clients_of_javascript_accept_ids_with_the_node(deployed):
    node = find_node()
    if node is None or not (MODULES / "socket.io-client-0.9").exists():
        pytest.skip("the clients are not installed: run python -m tests.servers")
    command = [str(node.program), str(HERE / "proxied_clients.js"), json.dumps({"port": deployed[1]})]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    said = [json.loads(line) for line in done.stdout.splitlines()]
    names = ["0.9 websocket", "0.9 xhr-polling", "4 websocket", "4 polling", "4 polling,websocket"]
    assert [name for name, _, _ in said] == names
    for name, own, told in said:
        assert re.fullmatch(r"n[12]\.[\w-]{24}", own), name
        assert told == [own], name


def status(port, path):
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        return connection.recv(100).split()[1]


def test_health_and_metrics_are_not_for_strangers(deployed):
    nodes, port = deployed
    for name in ("health", "metrics"):
        assert status(nodes[0].port, f"/socket.io/{name}") == b"200"
        for path in (name, f"{name}/", f"{name}?x", name.replace("e", "%65", 1)):
            assert status(port, f"/socket.io/{path}") == b"404", path
