"""Whoever needs an extra that is not installed is told its name; and stdout may have any encoding."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import start
from tests.servers import SERVERS
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parent.parent.parent
SERVE = "from sioclient.server import SocketServer"
METRICS = "from sioclient.server import Router, SocketConnection; Router(SocketConnection, metrics=True)"
MSGPACK = "from sioclient import SocketIO; SocketIO('localhost', 1, parser='msgpack')"
SOCKS = "from sioclient import SocketIO; SocketIO('http://localhost:1', proxies={'http': 'socks5://localhost:2'})"
ENTRIES = [
    ("tornado", "sioclient[server]", ["-m", "sioclient.server"]),
    ("tornado", "sioclient[server]", ["-m", "sioclient", "serve"]),
    ("tornado", "sioclient[server]", ["-c", SERVE]),
    ("tornado", "sioclient[server]", ["chatbot.py", "--once"]),
    ("anyio", "sioclient[aio]", ["-c", "import sioclient.aio"]),
    ("locust", "sioclient[locust]", ["-c", "import sioclient.locust"]),
    ("prometheus_client", "sioclient[metrics]", ["-c", METRICS]),
    ("msgpack", "sioclient[msgpack]", ["-c", MSGPACK]),
    ("msgpack", "sioclient[msgpack]", ["-m", "sioclient", "call", "localhost:1", "x", "--parser", "msgpack"]),
    ("socks", "sioclient[socks]", ["-c", SOCKS]),
    ("requests", ".[server]", ["chatbot.py"]),
]


def run(command, tmp_path=None, blocked=None, **variables):
    """Run Python in the checkout; one of its modules may be missing."""
    path = [str(ROOT)]
    if blocked is not None:
        (tmp_path / "sitecustomize.py").write_text(f"import sys; sys.modules[{blocked!r}] = None")
        path.insert(0, str(tmp_path))
    environment = {**os.environ, **variables, "PYTHONPATH": os.pathsep.join(path)}
    return subprocess.run(
        [sys.executable, *command], env=environment, cwd=ROOT, capture_output=True, timeout=2 * PATIENCE, check=False
    )


@pytest.mark.parametrize(("module", "extra", "command"), ENTRIES, ids=[" ".join(entry[2])[-40:] for entry in ENTRIES])
def test_a_missing_extra_is_named(module, extra, command, tmp_path):
    done = run(command, tmp_path, module)
    told = done.stderr.decode()
    assert done.returncode != 0
    assert "pip install" in told
    assert extra in told.splitlines()[-1]
    assert command[0] == "-c" or "Traceback" not in told


@pytest.mark.timeout(3 * PATIENCE)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_the_chatbot_prints_in_any_encoding(encoding):
    said = "bye \u4f60\u597d \U0001f600 \u00fc"
    with start(SERVERS["embedded"]) as server:
        told = f"""
import io, threading, chatbot
from sioclient import SocketIO
bot = threading.Thread(target=chatbot.main, args=(["localhost", "{server.port}"],))
with SocketIO("localhost", {server.port}, visitor := chatbot.Visitor()) as socket:
    socket.call("nickname", "visitor \u4f60")
    bot.start()
    visitor.expect("bot: hello, I am a bot. Say bye and I leave")
    socket.emit("user message", {said!a})
    bot.join(20)
"""
        done = run(["-c", told], PYTHONIOENCODING=encoding)
    assert done.stderr == b""
    expected = f"visitor \u4f60: {said}".encode(encoding, "backslashreplace")
    assert expected in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_the_command_line_prints_in_any_encoding(encoding):
    with start(SERVERS["embedded"]) as server:
        command = ["-m", "sioclient", "call", f"localhost:{server.port}", "echo", "\u4f60 \U0001f600"]
        done = run(command, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode("ascii").strip() == '"\\u4f60 \\ud83d\\ude00"'
