"""Whatever goes wrong in a transport is an error that users know, with its cause in the text."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import closing
from http.client import BadStatusLine
from typing import Any

import pytest

from sioclient.errors import ConnectError, ConnectionLost, HandshakeRejected, RemoteProtocolError
from sioclient.options import Options
from sioclient.protocol.revisions import Handshake, revision1
from sioclient.transports import make_transport
from sioclient.transports.base import Transport
from sioclient.transports.failures import TooLarge, connect_error, connect_errors, connection_lost, losses, other_scheme
from sioclient.transports.http import HttpClient
from tests.servers_py import Peer, Script, Server, Task, hand_over, soon
from tests.transports.conftest import sent

CHUNKED = b"HTTP/1.1 %d OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n%s"
BAD_CHUNKS = [b"-5\r\nx", b"-%s\r\nx" % (b"f" * 20), b"f" * 20 + b"\r\nx", b"zz\r\nx", b"5\r\nx"]
FIRST_SCRIPT = b'<script>_("1::");</script>'


# Bad responses, in every place where one is read


def replying(*bodies: bytes, status: int = 200) -> Script:
    """Script: reply to one request after the other with so many bodies, whose chunks the test writes; then end."""

    def run(peer: Peer) -> None:
        for body in bodies:
            request = peer.read_head()
            peer.read(int(request.header("Content-Length") or 0))
            peer.send(CHUNKED % (status, body))
        peer.end()

    return run


def page(peer: Peer) -> None:
    """Script: reply with the first script of a page, and leave the rest to the test."""
    peer.read_head()
    peer.send(CHUNKED % (200, b"%x\r\n%s\r\n" % (len(FIRST_SCRIPT), FIRST_SCRIPT)))
    hand_over(peer)


def polled(body: str) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body.encode())


def opened(http: HttpClient, kind: str, server: Server) -> Transport:
    made = make_transport(kind, http, 1000, revision1().framing(kind, Handshake("sid", 60, 60, ())))
    try:
        made.open(server.url("/socket.io/1/"), soon())
    except ConnectError:
        made.close(0)
        raise
    return made


def failure(kind: str, scripts: list[Script], use: Callable[[Transport], Any]) -> Exception:
    """Return what using a transport raises when the server does this."""
    with Server(*scripts) as server, closing(HttpClient(Options())) as http:
        http.renew()
        transport = Task(opened, http, kind, server).result()
        try:
            with pytest.raises(ConnectionLost) as caught:
                Task(lambda: [use(transport) for _ in range(3)]).result()
        finally:
            transport.abort()
            transport.close(0)
        assert caught.value.__cause__ is not None or "transport closed" in str(caught.value)
        return caught.value


@pytest.mark.parametrize("chunks", BAD_CHUNKS, ids=repr)
def test_a_bad_response_to_the_handshake_is_a_connect_error(chunks: bytes) -> None:
    with Server(replying(chunks)) as server, closing(HttpClient(Options())) as http:
        http.renew()
        with pytest.raises(ConnectError, match=f"cannot connect to http://127.0.0.1:{server.port}: ") as caught:
            Task(http.get, server.url(), soon()).result()
    assert caught.value.__cause__ is not None
    assert caught.value.retryable


@pytest.mark.parametrize("chunks", BAD_CHUNKS, ids=repr)
@pytest.mark.parametrize("kind", ["xhr-polling", "jsonp-polling"])
def test_a_bad_response_to_the_first_poll_is_a_connect_error(kind: str, chunks: bytes) -> None:
    with Server(replying(chunks)) as server, closing(HttpClient(Options())) as http:
        http.renew()
        with pytest.raises(ConnectError, match="cannot connect"):
            Task(opened, http, kind, server).result()


@pytest.mark.parametrize("chunks", BAD_CHUNKS, ids=repr)
def test_a_bad_response_to_a_poll_is_a_lost_connection(chunks: bytes) -> None:
    loss = failure("xhr-polling", [replying(polled("1::"), chunks)], lambda transport: transport.recv())
    assert str(loss).startswith("transport closed: ")


@pytest.mark.parametrize("chunks", BAD_CHUNKS, ids=repr)
def test_a_bad_response_to_a_post_is_a_lost_connection(chunks: bytes) -> None:
    scripts = [replying(polled("1::")), replying(chunks)]
    loss = failure("xhr-polling", scripts, lambda transport: sent(transport, ["3:::x"]))
    assert str(loss).startswith("transport closed: ")


@pytest.mark.parametrize("chunks", [*BAD_CHUNKS[:4], b"fffffffff\r\nx"], ids=repr)
def test_a_bad_chunk_of_a_page_is_a_lost_connection(chunks: bytes) -> None:
    with Server(page) as server, closing(HttpClient(Options())) as http:
        http.renew()
        transport = opened(http, "htmlfile", server)
        try:
            assert transport.recv() == ["1::"]
            server.next_peer().send(chunks + b"x" * 1024)
            with pytest.raises(ConnectionLost, match="transport closed: not a chunk of HTTP"):
                Task(transport.recv).result()
        finally:
            transport.close(0)


@pytest.mark.parametrize("chunks", BAD_CHUNKS, ids=repr)
def test_a_bad_response_to_an_upgrade_is_a_refusal(chunks: bytes) -> None:
    with Server(replying(chunks, status=503)) as server, closing(HttpClient(Options())) as http:
        http.renew()
        with pytest.raises(HandshakeRejected, match="status 503"):
            Task(opened, http, "websocket", server).result()


# What the errors say


class OwnError(Exception):
    """An exception of a type of which nobody has heard."""


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError("reset"), "transport closed: reset"),
        (TooLarge("5 bytes"), "message too big: 5 bytes: see max_message_size="),
        (RemoteProtocolError("no frame"), "protocol error: no frame"),
        (BadStatusLine("x"), "transport closed: BadStatusLine: x"),
        (ValueError("read length must be non-negative or -1"), "transport closed: ValueError: read length must be"),
        (OwnError("mine"), "transport closed: OwnError: mine"),
    ],
)
def test_a_loss_says_its_cause(error: Exception, text: str) -> None:
    with pytest.raises(ConnectionLost) as caught, losses:
        raise error
    assert str(caught.value).startswith(text)
    assert caught.value.__cause__ is error


def test_a_loss_stays_what_it_is() -> None:
    loss = ConnectionLost("known")
    with pytest.raises(ConnectionLost) as caught, losses:
        raise loss
    assert caught.value is connection_lost(loss) is loss


def test_an_interrupt_is_no_loss() -> None:
    for inside in (lambda: losses, lambda: connect_errors("it", "http://host")):
        with pytest.raises(KeyboardInterrupt), inside():
            raise KeyboardInterrupt


def test_whatever_goes_wrong_in_opening_is_a_connect_error() -> None:
    for error, text in (
        (OwnError("mine"), "cannot connect to http://host:80 (through the proxy proxy:1): OwnError: mine"),
        (RemoteProtocolError("no frame"), "htmlfile does not work here: no frame"),
        (ConnectionLost("it ended"), "htmlfile does not work here: it ended"),
    ):
        with pytest.raises(ConnectError) as caught, connect_errors("htmlfile", "http://host/", "u:p@proxy:1"):
            raise error
        assert str(caught.value) == text
        assert caught.value.__cause__ is error
    refusal = HandshakeRejected("no", status=401)
    with pytest.raises(HandshakeRejected) as again, connect_errors("htmlfile", "http://host/"):
        raise refusal
    assert again.value is refusal


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConnectionRefusedError(111, "no"), "https://host.example:443 refused the connection"),
        (TimeoutError("no"), "https://host.example:443 did not respond in time"),
        (
            ssl.SSLCertVerificationError(1, "certificate verify failed"),
            "the certificate of https://host.example:443 was not",
        ),
        (OSError("something else"), "cannot connect to https://host.example:443: OSError: something else"),
    ],
)
def test_an_error_says_where_and_what(error: Exception, text: str) -> None:
    found = connect_error("https://user:secret@host.example/path?token=secret", error)
    assert str(found).startswith(text)
    assert "secret" not in str(found)


def test_an_ipv6_address_is_named_as_in_a_url() -> None:
    assert "http://[::1]:8000 refused" in str(connect_error("http://[::1]:8000/x", ConnectionRefusedError()))


def tls_error(reason: str, kind: type[ssl.SSLError] = ssl.SSLError) -> ssl.SSLError:
    error = kind(1, f"[SSL: {reason}]")
    error.reason = reason
    return error


NOT_TLS = ". This port does not speak TLS: try http://h:8443 (secure=False)"
OLD_TLS = ". If the server knows only old TLS or ciphers, give verify= an ssl.SSLContext that allows them."
PERHAPS_NOT_TLS = " If this port does not speak TLS, try http://h:8443 (secure=False)"
PERHAPS_TLS = " If this port speaks TLS, try https://h:8080 (secure=True)"


@pytest.mark.parametrize(
    ("url", "error", "advice"),
    [
        ("https://h:8443/", tls_error("WRONG_VERSION_NUMBER"), NOT_TLS),
        ("https://h:8443/", tls_error("SSLV3_ALERT_HANDSHAKE_FAILURE"), OLD_TLS),
        ("https://h:8443/", tls_error("UNEXPECTED_EOF", ssl.SSLEOFError), OLD_TLS + PERHAPS_NOT_TLS),
        ("https://h:8443/", ConnectionResetError("reset"), "." + PERHAPS_NOT_TLS),
        ("https://h:8443/", TimeoutError(), "port?" + PERHAPS_NOT_TLS),
        ("http://h:8080/", TimeoutError(), "port?" + PERHAPS_TLS),
        ("http://h:8080/", ConnectionResetError("no response"), "." + PERHAPS_TLS),
        ("http://h:8080/", OSError(r"not a response of HTTP: b'\x15\x03\x01'"), "." + PERHAPS_TLS),
        ("http://h/", OSError(r"not a response of HTTP: b'\x15\x03\x01'"), " try https://h:80 (secure=True)"),
        ("http://h:8080/", OSError("no such host"), "no such host"),
    ],
)
def test_an_error_says_which_scheme_to_try(url: str, error: Exception, advice: str) -> None:
    found = connect_error(url, error)
    assert str(found).endswith(advice)
    assert found.retryable is not (type(error) is ssl.SSLError)


def test_the_other_scheme_has_the_same_port() -> None:
    assert other_scheme("https://u:secret@[::1]/x?t=secret") == "http://[::1]:443 (secure=False)"
