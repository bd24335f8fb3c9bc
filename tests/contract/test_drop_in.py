"""The programs of docs/compat.md: with one import changed they print the same, and on servers of every generation."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sioclient.compat import socketIO_client
from tests.conftest import PATIENCE, start
from tests.contract.test_their_suites import source
from tests.servers import SERVERS

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = ROOT / "tests" / "programs"
GUIDE = (ROOT / "docs" / "compat.md").read_text(encoding="utf-8")
PRINTED = {
    "drop_in_05": [
        *("connected", "news weather Sun", "message re:hello", "sum 3", "name Ada Lovelace", "chat on chat"),
        *("stories 1", "disconnected"),
    ],
    "drop_in_07": [
        *("connected", "news weather Sun", "sum 3", "chat {'a': 1}", "other echoed on chat"),
    ],
}
BEFORE = [("drop_in_05", "0.9.19"), ("drop_in_07", "1.7.4")]  # 0.7.2 does not connect to socket.io 2.5.1
AFTER = [
    *(("drop_in_05", name) for name in ("0.9.19", "embedded", "2.5.1", "4.8.1")),
    *(("drop_in_07", name) for name in ("0.9.19", "1.7.4", "4.8.1")),
]


def run(program, port, path=ROOT):
    """Run a program and return its lines."""
    command = [sys.executable, "-W", "ignore", str(program), str(port)]
    environment = {**os.environ, "PYTHONPATH": str(path)}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=2 * PATIENCE, check=False, env=environment, cwd=PROGRAMS
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.timeout(3 * PATIENCE)
@pytest.mark.parametrize(("folder", "name"), BEFORE, ids=["-".join(pair) for pair in BEFORE])
def test_the_program_before(folder, name):
    needed = "socketIO_client" if folder == "drop_in_05" else "six"
    if importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed: pip install -e .[test]")
    path = ROOT if folder == "drop_in_05" else source("0.7.2").parent
    with start(SERVERS[name]) as server:
        assert run(PROGRAMS / folder / "before.py", server.port, path) == PRINTED[folder]


@pytest.mark.timeout(3 * PATIENCE)
@pytest.mark.parametrize(("folder", "name"), AFTER, ids=["-".join(pair) for pair in AFTER])
def test_the_program_after(folder, name):
    with start(SERVERS[name]) as server:
        assert run(PROGRAMS / folder / "after.py", server.port) == PRINTED[folder]


@pytest.mark.parametrize("folder", PRINTED)
def test_only_imports_differ(folder):
    before, after = ((PROGRAMS / folder / name).read_text(encoding="utf-8") for name in ("before.py", "after.py"))
    assert before.replace("from socketIO_client", "from sioclient.compat.socketIO_client") == after
    assert after in re.findall(r"^```python\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def test_the_table_has_every_name_of_the_package():
    table = "\n".join(line for line in GUIDE.splitlines() if line.startswith("|"))
    names = set(re.findall(r"\w+", table))
    verbs = {name for name in dir(socketIO_client.SocketIO) if not name.startswith("_")}
    assert {*socketIO_client.__all__, *verbs} - names == set()
