"""Servers of 2013, whose TLS today's OpenSSL refuses by default, and ports of the other kind."""

from __future__ import annotations

import pathlib
import ssl

import pytest
import trustme

from sioclient import ConnectError, SocketIO, detect
from tests.conftest import start
from tests.servers import SERVERS
from tests.servers_py import Peer, Server

pytestmark = pytest.mark.usefixtures("no_thread_left")

RSA = trustme.KeyType.RSA


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """An authority with RSA keys, as Node 0.10 knows no other key exchange, and a server's certificate."""
    folder = tmp_path_factory.mktemp("rsa")
    authority = trustme.CA(key_type=RSA)
    certificate = authority.issue_cert("localhost", key_type=RSA)
    found = {name: str(folder / name) for name in ("ca", "cert", "key")}
    authority.cert_pem.write_to_path(found["ca"])
    certificate.cert_chain_pems[0].write_to_path(found["cert"])
    certificate.private_key_pem.write_to_path(found["key"])
    return found


@pytest.fixture(scope="module")
def node010(files):
    """The port of a socket.io 0.8.7 on https of Node 0.10: without ECDHE, with RSA key exchange only."""
    with start("legacy.js", version="0.8.7", cert=files["cert"], key=files["key"]) as server:
        yield server.port


def context_for(files, ciphers, version=ssl.TLSVersion.TLSv1_2):
    context = ssl.create_default_context(cafile=files["ca"])
    context.set_ciphers(ciphers)
    context.minimum_version = version
    return context


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling", "jsonp-polling", "htmlfile"])
def test_a_context_reaches_node_010(node010, files, transport):
    context = context_for(files, "AES128-GCM-SHA256")
    with SocketIO(f"https://localhost:{node010}", verify=context, transports=transport) as socket:
        assert socket.transport_name == transport
        assert socket.call("echo", "x" * 100_000) == "x" * 100_000


def test_without_one_the_error_names_it(node010, files):
    with pytest.raises(ConnectError, match=r"If the server knows only old TLS or ciphers, give verify= an ssl.SSLCont"):
        SocketIO(f"https://localhost:{node010}", verify=files["ca"])


def test_a_context_still_verifies(node010):
    context = ssl.create_default_context()
    context.set_ciphers("AES128-GCM-SHA256")
    with pytest.raises(ConnectError, match="certificate"):
        SocketIO(f"https://localhost:{node010}", verify=context)


def handshake(peer: Peer) -> None:
    peer.read_head()
    peer.answer(200, b"1234567890:60:60:websocket,xhr-polling", "Content-Type: text/plain")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1 is deprecated")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
@pytest.mark.parametrize("name", ["TLSv1", "TLSv1_1"])
def test_a_server_of_old_tls_needs_a_context(files, name):
    version = ssl.TLSVersion[name]
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.load_cert_chain(files["cert"], files["key"])
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = version
    with Server(handshake, tls=old) as server:
        url = f"https://localhost:{server.port}"
        with pytest.raises(ConnectError, match=r"old TLS or ciphers, give verify= an ssl\.SSLContext"):
            detect(url, verify=files["ca"])
        assert detect(url, verify=context_for(files, "DEFAULT:@SECLEVEL=0", version)).revision == 1


def test_verify_is_a_path_of_any_kind(secure):
    port, authority = secure
    with SocketIO(f"https://localhost:{port}", verify=pathlib.Path(authority)) as socket:
        assert socket.call("echo", 1) == 1


def failure(url, **options):
    with pytest.raises(ConnectError) as caught:
        SocketIO(url, connect_timeout=2, **options)
    return str(caught.value)


@pytest.mark.parametrize("options", [{}, {"transports": "websocket", "revision": 5}], ids=["any", "websocket"])
def test_http_on_a_port_for_https(secure, node010, options):
    for port in (secure[0], node010):  # the first closes, the other says nothing
        assert f"try https://localhost:{port} (secure=True)" in failure(f"http://localhost:{port}", **options)


@pytest.mark.parametrize("name", ["0.8.7", "0.9.19", "4.8.1", "embedded", "python-socketio"])
def test_https_on_a_port_for_http(name):
    with start(SERVERS[name]) as server:
        text = failure(f"https://localhost:{server.port}")
        assert f"try http://localhost:{server.port} (secure=False)" in text


@pytest.mark.parametrize(
    "said",
    [
        "400 The plain HTTP request was sent to HTTPS port",
        "Client sent an HTTP request to an HTTPS server.",
        "Reason: You're speaking plain HTTP to an SSL-enabled server port.",
    ],
    ids=["nginx", "Go", "Apache"],
)
def test_a_front_that_says_that_it_is_for_https(said):
    def refuse(peer):
        peer.read_head()
        peer.answer(400, said.encode())

    with Server(refuse) as server:
        assert "this port is for https: begin the URL with https://" in failure(server.url(""))
