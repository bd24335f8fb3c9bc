"""Programs for other clients and what became of them here: on the same server, both print the same lines.

docs/migration.md shows them, so they are held to be the same there.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PATIENCE, start
from tests.servers import SERVERS
from tests.servers.node import HERE, find_node

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = ROOT / "tests" / "programs"
GUIDE = (ROOT / "docs" / "migration.md").read_text(encoding="utf-8")
MODULES = {
    "socketio_client": "socketIO_client",
    "python_socketio": "socketio",
    "javascript_09": "socket.io-client-0.9",
    "javascript_4": "socket.io-client-4",
}
"""What each original program needs."""

IN_ORDER = {"socketio_client", "javascript_09"}
"""Whose functions run one after the other, on one connection: the order of the lines is that of the packets."""

CHAT = ["chat {'a': 1}", "chat on chat"]
NAME = ["name Ada Lovelace"]
PRINTED = {
    "socketio_client": [
        *("connected", "news weather Sun", "weather Sun 21", "message re:hello", "sum 3", *NAME, *CHAT),
        "disconnected",
    ],
    "python_socketio": [
        *("connected", "other hello {'a': 1}", "news weather Sun", "message re:text", "sum 3", "sum 7", *NAME),
        *("handshake {'token': 'good'}", "other unheard of b'\\x89PNG'", "chat connected", *CHAT, "disconnected"),
    ],
    "javascript_09": [
        *("connected", "news weather Sun", 'message "re:hello"', 'message {"re":{"temperature":21.5}}', "sum 3"),
        *(*NAME, "chat connected", 'chat {"a":1}', "chat on chat", "disconnected"),
    ],
    "javascript_4": [
        *("connected", 'chat {"a":1}', "news weather Sun", "sum 3", "echoed hello", *NAME, "no acknowledgement"),
        *("bytes PNG", 'auth {"room":"lobby"}', "disconnected"),
    ],
}
PAIRS = [
    *(("socketio_client", server) for server in ("0.9.19", "0.8.7", "embedded")),
    *(("python_socketio", server) for server in ("4.8.1", "3.1.2")),
    *(("javascript_09", server) for server in ("0.9.19", "0.8.7", "embedded")),
    *(("javascript_4", server) for server in ("4.8.1", "3.1.2")),
]


def original(folder):
    """Return the command that runs an original program, or skip if what it needs is not installed."""
    needed = MODULES[folder]
    if folder.startswith("javascript"):
        node = find_node()
        command = [str(node.program), PROGRAMS / folder / "before.js"] if node else None
        probe = ["-e", f"require.resolve('{needed}')"]
        if node is None or subprocess.run([node.program, *probe], cwd=HERE, capture_output=True).returncode:
            pytest.skip(f"{needed} is not installed: run python -m tests.servers")
        return command
    if importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed: pip install -e .[test]")
    return [sys.executable, "-W", "ignore", PROGRAMS / folder / "before.py"]


def run(command, port):
    """Run a program to its end; return its lines and its errors."""
    environment = {**os.environ, "NODE_PATH": str(HERE / "node_modules")}  # Node looks beside the program otherwise
    command = [*command, str(port)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=2 * PATIENCE, check=False, cwd=HERE, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


@pytest.mark.timeout(5 * PATIENCE)
@pytest.mark.parametrize(("folder", "name"), PAIRS, ids=[f"{folder}-{name}" for folder, name in PAIRS])
def test_a_converted_program_prints_the_same(folder, name):
    before = original(folder)
    with start(SERVERS[name]) as server:
        old, _ = run(before, server.port)  # socketIO-client complains at its end
        new, errors = run([sys.executable, "-W", "error", PROGRAMS / folder / "after.py"], server.port)
    assert errors == ""
    if folder not in IN_ORDER:
        old, new, expected = sorted(old), sorted(new), sorted(PRINTED[folder])
    else:
        expected = PRINTED[folder]
    assert old == expected
    assert new == expected


@pytest.mark.parametrize("folder", MODULES)
def test_the_guide_shows_the_programs(folder):
    blocks = re.findall(r"^```(?:python|js)\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    for program in (PROGRAMS / folder).iterdir():
        if program.suffix in (".py", ".js"):
            assert program.read_text(encoding="utf-8") in blocks, f"docs/migration.md does not show {program}"
