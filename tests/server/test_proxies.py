"""Who a request is from, behind proxies: as headers say, and behind a real nginx."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import subprocess

import pytest

from sioclient import SocketIO
from sioclient.server import SocketConnection, event
from sioclient.server.bodies import PREAMBLE
from sioclient.server.proxies import LONGEST, MOST_HOPS, client_address, limited_unit, read_address, read_networks
from tests.waiting import PATIENCE, eventually

TRUSTED = read_networks(("127.0.0.1", "10.0.0.0/8", "2001:db8::/32"))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.5", "203.0.113.5"),
        (" 203.0.113.5:4711 ", "203.0.113.5"),
        ('"[2001:DB8::1]:4711"', "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("unknown", "None"),
        ("_hidden", "None"),
        ("", "None"),
        ("203.0.113", "None"),
        ("203.0.113.5\n", "203.0.113.5"),
        ("203.0.113.5" + " " * LONGEST, "None"),
    ],
)
def test_addresses(text, address):
    assert str(read_address(text)) == address


X = "X-Forwarded-For"


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("203.0.113.9", {X: "203.0.113.5"}, "203.0.113.9"),  # no proxy of ours
        ("203.0.113.9", {"Forwarded": "for=203.0.113.5"}, "203.0.113.9"),
        ("127.0.0.1", {}, "127.0.0.1"),
        ("127.0.0.1", {X: "203.0.113.5"}, "203.0.113.5"),
        ("::ffff:127.0.0.1", {X: "203.0.113.5"}, "203.0.113.5"),
        ("127.0.0.1", {X: "1.1.1.1, 203.0.113.5"}, "203.0.113.5"),  # the first is what the client wrote itself
        ("127.0.0.1", {X: "1.1.1.1, 203.0.113.5, 10.1.2.3, 2001:db8::7"}, "203.0.113.5"),
        ("127.0.0.1", {X: "10.0.0.9, 10.1.2.3"}, "10.0.0.9"),  # all of them are proxies
        ("127.0.0.1", {X: "1.1.1.1, unknown, 10.1.2.3"}, "10.1.2.3"),
        ("127.0.0.1", {X: "unknown"}, "127.0.0.1"),
        ("127.0.0.1", {X: ", ,"}, "127.0.0.1"),
        ("127.0.0.1", {X: "1.1.1.1," + "10.0.0.1," * 100 + "10.0.0.2"}, "10.0.0.1"),
        ("127.0.0.1", {"Forwarded": 'for=1.1.1.1, By=x;For="203.0.113.5:80";proto=https'}, "203.0.113.5"),
        ("127.0.0.1", {"Forwarded": 'for="[2001:db9::5]:80"'}, "2001:db9::5"),
        ("127.0.0.1", {"Forwarded": "proto=https"}, "127.0.0.1"),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.5", X: "203.0.113.5"}, "203.0.113.5"),
        ("127.0.0.1", {"Forwarded": "for=1.1.1.1", X: "203.0.113.5"}, "127.0.0.1"),  # one is the client's own
        ("", {X: "203.0.113.5"}, ""),
    ],
)
def test_s15_whom_headers_name(peer, headers, client):
    assert client_address(peer, headers, TRUSTED) == client


def test_s15_a_header_is_read_from_its_end_and_no_further_than_so_many():
    assert client_address("127.0.0.1", {X: "1.1.1.1," + "10.0.0.1," * MOST_HOPS}, TRUSTED) == "127.0.0.1"
    assert client_address("127.0.0.1", {X: "," * 16_000 + "203.0.113.5"}, TRUSTED) == "203.0.113.5"


def test_s15_a_network_of_ipv6_counts_as_one_address():
    assert limited_unit("2001:db8::1") == limited_unit("2001:db8::ffff:0:0:1") == "2001:db8::/64"
    assert limited_unit("2001:db8:0:1::1") != limited_unit("2001:db8::1")
    assert (limited_unit("203.0.113.5"), limited_unit("")) == ("203.0.113.5", "")


class Main(SocketConnection):
    @event
    def who(self):
        return self.request.ip


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_s15_sessions_are_counted_by_the_real_address(socket_server, raw, caplog, header):
    ask = raw(socket_server(Main, max_sessions=2, trusted_proxies=("127.0.0.1",)))

    def handshake(address):
        return ask.ask("GET", "/1/", **{header: ("for=" if header == "Forwarded" else "") + address})[0]

    assert [handshake("203.0.113.5") for _ in range(3)] == [200, 200, 503]
    assert [handshake("203.0.113.6") for _ in range(2)] == [200, 200]
    assert "203.0.113.5" in caplog.text


@pytest.mark.parametrize("trusted", [(), ("10.0.0.0/8",)])
def test_s15_nobody_else_may_say_who_he_is(socket_server, raw, trusted):
    ask = raw(socket_server(Main, max_sessions=2, trusted_proxies=trusted))
    assert [ask.ask("GET", "/1/", X_Forwarded_For=f"203.0.113.{n}")[0] for n in range(3)] == [200, 200, 503]


def test_s15_handshakes_per_second(socket_server, raw):
    ask = raw(socket_server(Main, max_sessions=3, max_handshakes=1, trusted_proxies=("127.0.0.1",)))

    def visit(address):
        status, _, body = ask.ask("GET", "/1/", X_Forwarded_For=address)
        if status == 200:
            ask.get(f"/1/xhr-polling/{body.split(':')[0]}?disconnect")
        return status, body

    assert [visit("203.0.113.5")[0] for _ in range(3)] == [200] * 3
    assert visit("203.0.113.5") == (503, "too many handshakes from this address")
    assert visit("203.0.113.6")[0] == 200
    eventually(lambda: visit("203.0.113.5")[0] == 200, "the next second")


# Behind nginx

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")

CONFIGURATION = """
daemon off; pid {folder}/pid; error_log stderr; worker_processes 1; {user}
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  map $http_upgrade $how {{ default upgrade; '' close; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{behind};
      proxy_http_version {version};
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $how;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
"""


@pytest.fixture
def nginx(tmp_path):
    """What starts an nginx before a server, and returns its port; or a skipped test."""
    if NGINX is None:
        pytest.skip("needs nginx: Debian has it in the package nginx-light")
    with contextlib.ExitStack() as programs:

        def start(behind, version="1.1"):
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            user = "user root;" if hasattr(os, "getuid") and os.getuid() == 0 else ""
            names = {"folder": tmp_path, "port": port, "behind": behind, "version": version, "user": user}
            (tmp_path / "conf").write_text(CONFIGURATION.format(**names))
            command = [NGINX, "-e", "stderr", "-p", str(tmp_path), "-c", str(tmp_path / "conf")]
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            programs.callback(process.communicate)
            programs.callback(process.terminate)
            eventually(lambda: process.poll() is not None or listens(port), "nginx")
            assert process.poll() is None, process.stderr.read()
            return port

        yield start


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), PATIENCE):
        return True
    return False


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling", "jsonp-polling", "htmlfile"])
def test_s15_behind_nginx_each_client_has_its_own_address(socket_server, nginx, transport):
    port = nginx(socket_server(Main, max_sessions=1, trusted_proxies=("127.0.0.1",)).port)

    def client(address):
        options = {"transports": (transport,), "headers": {X: address}, "reconnect": False}
        return SocketIO("127.0.0.1", port, **options)

    # nginx is the second proxy here: the test stands for the first one, which is on this machine too.
    with client("203.0.113.5") as first, client("1.1.1.1, 203.0.113.6") as second:
        assert first.call("who", timeout=PATIENCE) == "203.0.113.5"
        assert second.call("who", timeout=PATIENCE) == "203.0.113.6"


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_htmlfile_arrives_through_nginx(socket_server, nginx, raw, version):
    server = socket_server(Main)
    port, name = nginx(server.port, version), raw(server).handshake()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", f"/socket.io/1/htmlfile/{name}")
    response = connection.getresponse()
    expected = f'{PREAMBLE}<script>_("1::");</script>'
    assert response.read(len(expected)).decode() == expected
    raw(server).post(f"/1/htmlfile/{name}", '5:1+::{"name":"who"}')
    expected = '<script>_("6:::1+[\\"127.0.0.1\\"]");</script>'
    assert response.read(len(expected)).decode() == expected
    connection.sock.close()
    response.close()
    connection.close()
