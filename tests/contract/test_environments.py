"""Programs in other surroundings than a plain Python's, each in a process of its own: on green threads, or packed."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipapp
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.conftest import PATIENCE, start

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = ROOT / "tests" / "programs"
MANY = 50

FIRST = ["connect", None, "sum 3", "echoed hi", "in a handler 7", "waited", f"many {sum(range(MANY + 1))}"]
FIRST += [f"others had their turn between {what} True" for what in ("calls", "callbacks")]
FIRST += ["others had their turn True", "restart it"]
"""What the program prints until the server is to be started again; None: the transport."""

SERVERS = {"0.9": "legacy.js", "4.x": "modern.js"}


@contextmanager
def green(library, **settings):
    """Run the program under a library; skip if that is not installed."""
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed: pip install {library}")
    settings = {"many": MANY, "verify": True, **settings}
    # Python warns of eventlet itself: it is out of use, and forks late. Nothing of ours may warn.
    command = [sys.executable, "-W", "ignore", PROGRAMS / "green.py", library, json.dumps(settings)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, text=True, **pipes)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process, last):
    """Return what a program prints, up to a line."""
    lines = []
    while lines[-1:] != [last]:
        line = process.stdout.readline()
        assert line, (lines, process.stderr.read())
        lines.append(line.rstrip("\n"))
    return lines


def restarted(server, script, process):
    """Start the server again that a program is connected to, and tell the program; return the server."""
    server.stop()
    assert read_until(process, "close") == ["disconnect", "close"]
    again = start(script, port=server.port)
    process.stdin.write("please\n")
    process.stdin.flush()
    return again


@pytest.mark.timeout(3 * PATIENCE)
@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
@pytest.mark.parametrize("script", SERVERS.values(), ids=list(SERVERS))
@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_green_threads(library, script, transport):
    server = start(script)
    try:
        url = f"http://127.0.0.1:{server.port}"
        with green(library, url=url, transport=transport, ending="disconnect") as process:
            assert read_until(process, "restart it") == [line or transport for line in FIRST]
            server = restarted(server, script, process)
            output, errors = process.communicate(timeout=PATIENCE)
    finally:
        server.stop()
    lines = output.splitlines()
    assert sorted(lines[:-3]) == ["connect", "go on please", "reconnect", "sum 11"]
    assert lines[-3:] == ["disconnect", "close", "threads 1"]
    assert (errors, process.returncode) == ("", 0)


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_green_threads_over_tls(secure, library, transport):
    port, authority = secure
    url = f"https://localhost:{port}"
    with green(library, url=url, transport=transport, verify=authority, many=5, ending="disconnect") as process:
        output, errors = process.communicate("please\n", timeout=PATIENCE)
    assert (errors, process.returncode) == ("", 0)
    assert output.splitlines()[-4:] == ["sum 11", "disconnect", "close", "threads 1"]


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C cannot be sent to one process alone on Windows")
@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_ctrl_c_on_green_threads(legacy, library):
    url = f"http://127.0.0.1:{legacy}"
    with green(library, url=url, transport="websocket", many=1, ending="wait") as process:
        process.stdin.write("please\n")
        process.stdin.flush()
        read_until(process, "waiting")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode in (-signal.SIGINT, 130)
    assert "KeyboardInterrupt" in errors.splitlines()
    assert "Exception ignored" not in errors


@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_green_programs_end_quietly_while_connected(legacy, library):
    url = f"http://127.0.0.1:{legacy}"
    with green(library, url=url, transport="websocket", many=1, ending="none") as process:
        _, errors = process.communicate("please\n", timeout=PATIENCE)
    assert (errors, process.returncode) == ("", 0)


# Packed programs

BASE = ["certifi", "charset_normalizer", "idna", "requests", "urllib3", "websocket"]
PRINTED = ["websocket 3 hi", "xhr-polling 3 hi", "False"]


def check_program(*command):
    """Run a packed program against servers of both families, and see what it prints."""
    for script, revision in (("legacy.js", "1"), ("modern.js", "5")):
        with start(script) as server:
            url = f"http://127.0.0.1:{server.port}"
            done = subprocess.run([*command, url], capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert (done.stderr, done.returncode) == ("", 0)
        assert done.stdout.splitlines() == [revision, *PRINTED]


@pytest.fixture(scope="session")
def zipped(tmp_path_factory):
    """A file with the program, sioclient, and all that it needs."""
    folder = tmp_path_factory.mktemp("zipapp")
    contents = folder / "contents"
    ignore = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
    shutil.copytree(ROOT / "sioclient", contents / "sioclient", ignore=ignore)
    for name in [*BASE, "tornado"]:
        where = importlib.util.find_spec(name).submodule_search_locations[0]
        shutil.copytree(where, contents / name, ignore=ignore)
    shutil.copy(PROGRAMS / "frozen.py", contents / "__main__.py")
    target = folder / "program.pyz"
    zipapp.create_archive(contents, target)
    return target


def test_a_zipapp_connects(zipped):
    check_program(sys.executable, "-S", zipped)  # -S: without the packages that are installed


def test_the_server_and_its_page_run_from_a_zipapp(zipped):
    command = [sys.executable, "-S", "-m", "sioclient.server", "--port", "0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, text=True, env={**os.environ, "PYTHONPATH": str(zipped)}, **pipes)
    try:
        address = re.search(r"http://localhost:\d+", process.stdout.readline())[0]
        for name in ("", "chat.css", "socket.js", "chat.js", "icon.svg"):
            with urlopen(f"{address}/{name}") as part:
                assert part.read() == (ROOT / "sioclient/server/page" / (name or "index.html")).read_bytes()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.frozen
@pytest.mark.timeout(600)
def test_a_frozen_program_connects(request, tmp_path):
    if not os.environ.get("CI") and request.config.option.markexpr != "frozen":
        pytest.skip("freezing takes half a minute: CI=true make test, or make test ARGS='-m frozen'")
    if importlib.util.find_spec("PyInstaller") is None:
        pytest.skip("PyInstaller is not installed: pip install pyinstaller")
    command = [sys.executable, "-m", "PyInstaller", "--onedir", "--log-level", "ERROR", "--paths", ROOT]
    subprocess.run([*command, PROGRAMS / "frozen.py"], cwd=tmp_path, check=True, capture_output=True)
    check_program(tmp_path / "dist" / "frozen" / "frozen")
