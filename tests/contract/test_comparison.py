"""The README's first program runs on servers of three generations; written for other clients, it does on one at most.

The table stands in the README, and what the others say in docs/versions.md.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from typing import NamedTuple

import pytest

from tests.conftest import start
from tests.contract.examples import ROOT, examples_of_rst, placed
from tests.servers import SERVERS
from tests.servers.process import ServerUnavailable
from tests.servers.sdist import sdist
from tests.waiting import PATIENCE

PROGRAMS = ROOT / "tests" / "programs" / "other_clients"
GENERATIONS = {"socket.io 0.9": "0.9.19", "socket.io 2.5": "2.5.1", "socket.io 4.8": "4.8.1"}
"""The columns of the table, with the servers that the tests have."""

_HASHES = {
    ("python-socketio", "4.6.1"): "cd1f5aa492c1eb2be77838e837a495f117e17f686029ebc03d62c09e33f4fa10",
    ("python-engineio", "3.14.2"): "eab4553f2804c1ce97054c8b22cf0d5a9ab23128075248b97e1a5b2f29553085",
    ("socketIO-client", "0.7.2"): "64cd84fba79cf97f28c11e64d1fc42a2221f2d7a4fada05ab381e2d73d74d2c1",
}


class Other(NamedTuple):
    """A client: its program, its module, and the source distributions that have it if it is not installed.

    Of one that is not pinned, only the kind of its errors is compared: a release may word them anew.
    """

    program: str
    module: str
    needed: tuple[tuple[str, str], ...] = ()
    pinned: bool = True


CLIENTS = {
    "python-socketio 5.x": Other("python_socketio.py", "socketio", pinned=False),
    "python-socketio 4.6.1": Other(
        "python_socketio.py", "socketio", (("python-socketio", "4.6.1"), ("python-engineio", "3.14.2"))
    ),
    "socketIO-client 0.7.2": Other("socketio_client.py", "socketIO_client", (("socketIO-client", "0.7.2"),)),
    "socketIO-client 0.5.7.4": Other("socketio_client.py", "socketIO_client"),
}

_ROW = re.compile(r"^(\S.*?) {2,}(yes|no) +(yes|no) +(yes|no)$", re.MULTILINE)
TABLE = {row[0]: row[1:] for row in _ROW.findall((ROOT / "README.rst").read_text(encoding="utf-8"))}
PAGE = (ROOT / "docs" / "versions.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=GENERATIONS)
def server(request):
    """A generation and the port of its server."""
    with start(SERVERS[GENERATIONS[request.param]]) as process:
        yield request.param, process.port


def path_of(other):
    """Return the folders that have a client, or skip if it cannot be had."""
    if not other.needed:
        if importlib.util.find_spec(other.module) is None:
            pytest.skip(f"{other.module} is not installed: pip install -e .[test]")
        return []
    try:
        return [str(sdist(*what, _HASHES[what])) for what in other.needed]
    except ServerUnavailable as problem:
        pytest.skip(f"its source distribution cannot be had: {problem}")


def run(command, path=()):
    """Run a program; return what it printed, and the last of its errors."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*path, str(ROOT)])}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=2 * PATIENCE, check=False, cwd=ROOT, env=environment
    )
    return done.stdout, (done.stderr.splitlines() or [""])[-1] if done.returncode else ""


def stands_in_table(client, generation):
    return TABLE[client][list(GENERATIONS).index(generation)] == "yes"


def test_the_program_of_the_readme_runs_on_all(server):
    generation, port = server
    code = placed(examples_of_rst(ROOT / "README.rst")[0], {"8000": port})
    assert run([sys.executable, "-W", "error", "-c", code]) == ("3\n", "")
    assert stands_in_table("sioclient", generation)


@pytest.mark.timeout(5 * PATIENCE)
@pytest.mark.parametrize("client", CLIENTS)
def test_other_clients_do_as_the_table_says(server, client):
    generation, port = server
    other = CLIENTS[client]
    command = [sys.executable, "-W", "ignore", str(PROGRAMS / other.program), str(port)]
    printed, error = run(command, path_of(other))
    assert (printed == "3\n") == stands_in_table(client, generation), (printed, error)
    assert (error == "") == stands_in_table(client, generation), (printed, error)
    said = re.sub(r"^[\w.]+\.(?=\w)", "", error)  # the name of an exception without its module
    assert f"`{said if other.pinned else said.partition(':')[0]}" in PAGE, said


def test_the_table_has_a_row_for_each_client():
    assert set(TABLE) == {"sioclient", *CLIENTS}
