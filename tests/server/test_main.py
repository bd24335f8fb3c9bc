"""python -m sioclient.server, as a program."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from sioclient import SocketIO
from sioclient.server import SocketServer
from sioclient.server.__main__ import main
from tests.conftest import Recorder
from tests.waiting import PATIENCE


@contextmanager
def program(*arguments):
    """Run the program; yield it, and what it printed first."""
    command = [sys.executable, "-W", "error", "-m", "sioclient.server", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C cannot be sent to one process alone on Windows")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_chat_and_its_page_until_it_is_interrupted(number):
    with program("--port", "0") as (process, line):
        address = re.search(r"http://localhost:\d+", line)[0]
        with urlopen(address) as page:
            assert page.headers["Content-Type"] == "text/html; charset=UTF-8"
            assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
            html = page.read().decode()
        for name in re.findall(r'(?:src|href)="([^"]+)"', html):
            with urlopen(f"{address}/{name}") as part:
                assert part.read()
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"{address}/server.py")
        recorder = Recorder()
        with SocketIO(address, handler=recorder) as socket:
            assert socket.call("nickname", "ada") is False
            process.send_signal(number)
            assert recorder.next("disconnect")
        output, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, output, errors) == (0, "", "")


def test_without_the_page():
    with program("--port", "0", "--no-page", "--host", "localhost") as (_, line):
        address = re.search(r"http://localhost:\d+", line)[0]
        with SocketIO(address) as socket:
            assert socket.call("nickname", "ada") is False
        with pytest.raises(HTTPError, match="404"):
            urlopen(address)


@pytest.mark.parametrize("arguments", [("--port", "99999"), ("--host", "203.0.113.1")])
def test_where_it_cannot_listen(arguments):
    with program(*arguments) as (process, line):
        _, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, line) == (1, "")
        assert errors.startswith("cannot listen on ")
        assert errors.count("\n") == 1


def test_the_arguments(monkeypatch, capsys):
    def serve(server):
        trusted.append(server.router.settings.trusted_proxies)
        with server:
            pages = []
            for path in ("", "/chat.css", "/nosuch"):
                try:
                    with urlopen(server.url + path) as page:
                        pages.append(page.status)
                except HTTPError as error:
                    error.close()
                    pages.append(error.code)
            served.append(pages)

    served, trusted = [], []
    monkeypatch.setattr(SocketServer, "run", serve)
    assert main(["--port", "0"]) == 0
    assert main(["--port", "0", "--no-page"]) == 0
    assert main(["--port", "0", "--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8"]) == 0
    assert trusted == [(), (), ("127.0.0.1", "10.0.0.0/8")]
    assert served == [[200, 200, 404], [404, 404, 404], [200, 200, 404]]
    assert main(["--port", "99999"]) == 1
    output, errors = capsys.readouterr()
    assert output.startswith("Join the chat at http://localhost:")
    assert errors == "cannot listen on 127.0.0.1, port 99999: port must be a number from 0 to 65535, not 99999\n"
