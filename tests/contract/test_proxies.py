"""Real proxies between the client and a real server: all goes through them, and their passwords stay secret."""

from __future__ import annotations

import socket as sockets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from sioclient import ConnectError, SocketIO
from tests.contract.parts import pproxy
from tests.servers.process import free_port
from tests.waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("no_thread_left")
TRANSPORTS = ("websocket", "xhr-polling", "jsonp-polling", "htmlfile")


@contextmanager
def running(port: int, *command: str) -> Iterator[int]:
    """Run a Python program that listens on a port."""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as run:
        try:
            deadline = time.monotonic() + PATIENCE
            while not listens(port):
                assert run.poll() is None, "the proxy has ended"
                assert time.monotonic() < deadline, "the proxy does not listen"
                time.sleep(0.05)
            yield port
        finally:
            run.terminate()


def listens(port: int) -> bool:
    with closing(sockets.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def http_proxy() -> Iterator[int]:
    port = free_port()
    options = ["--num-workers", "1", "--num-acceptors", "1", "--basic-auth", "user:pass word"]
    with running(port, "-m", "proxy", "--hostname", "127.0.0.1", "--port", str(port), *options):
        yield port


@contextmanager
def socks() -> Iterator[int]:
    port = free_port()
    with running(port, *pproxy("-l", f"socks4+socks5://127.0.0.1:{port}#user:password")):
        yield port


@pytest.fixture(scope="module")
def socks_proxy() -> Iterator[int]:
    with socks() as port:
        yield port


@pytest.fixture(autouse=True)
def _only_our_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def urls(http_proxy: int, socks_proxy: int) -> dict[str, str]:
    return {
        "http": f"http://user:pass%20word@127.0.0.1:{http_proxy}",
        "socks5": f"socks5://user:password@127.0.0.1:{socks_proxy}",
        "socks5h": f"socks5h://user:password@127.0.0.1:{socks_proxy}",
    }


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("kind", ["http", "socks5", "socks5h"])
def test_everything_goes_through_a_proxy(connect, legacy, http_proxy, socks_proxy, transport, kind):
    socket = connect(legacy, transports=(transport,), proxies={"http": urls(http_proxy, socks_proxy)[kind]})
    assert socket.call("echo", 1, "ü") == (1, "ü")
    socket.emit("note", "posted")
    assert socket.call("notes") == ["posted"]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("kind", ["http", "socks5h"])
def test_encrypted_connections_go_through_a_tunnel(secure, http_proxy, socks_proxy, transport, kind):
    port, authority = secure
    proxies = {"https": urls(http_proxy, socks_proxy)[kind]}
    with SocketIO(f"https://localhost:{port}", transports=(transport,), verify=authority, proxies=proxies) as socket:
        assert socket.call("echo", 1) == 1


def test_the_environment_names_the_proxy(connect, legacy, http_proxy, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://user:wrong@127.0.0.1:{http_proxy}")
    with pytest.raises(ConnectError, match="407"):
        connect(legacy)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert connect(legacy).call("echo", 1) == 1


def test_a_proxy_that_refuses_is_named_without_its_password(connect, legacy, http_proxy):
    with socks() as socks_proxy:  # one of its own, as this one remembers whom it has let in
        for kind, port in (("http", http_proxy), ("socks5h", socks_proxy)):
            with pytest.raises(ConnectError) as refused:
                connect(legacy, proxies={"http": f"{kind}://user:secret@127.0.0.1:{port}"})
            assert "secret" not in str(refused.value)
