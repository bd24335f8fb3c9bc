"""What is asked for an upgrade to a websocket, and what a server may say to that."""

from __future__ import annotations

import re

import pytest

from sioclient.errors import RemoteProtocolError
from sioclient.transports.http1 import Head, HeadReader
from sioclient.transports.upgrade import check_upgrade, is_enough, refusal, upgrade_headers

ASKED = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # RFC 6455, 1.3
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def head_of(*lines: str) -> Head:
    head = HeadReader().feed(("\r\n".join(lines) + "\r\n\r\n").encode())
    assert head is not None
    return head


def test_each_request_has_a_key_of_its_own() -> None:
    first, second = upgrade_headers(), upgrade_headers()
    assert first["Sec-WebSocket-Key"] != second["Sec-WebSocket-Key"]
    assert (first["Upgrade"], first["Connection"], first["Sec-WebSocket-Version"]) == ("websocket", "Upgrade", "13")


def test_the_response_to_the_upgrade_is_taken() -> None:
    lines = ["Upgrade: WebSocket", "Connection: keep-alive, Upgrade", f"Sec-WebSocket-Accept: {ACCEPT}"]
    check_upgrade(head_of("HTTP/1.1 101 Switching Protocols", *lines), ASKED)


@pytest.mark.parametrize(
    "lines",
    [
        ["Upgrade: websocket", "Upgrade: websocket", f"Sec-WebSocket-Accept: {ACCEPT}"],
        ["Upgrade: websocket, foo", f"Sec-WebSocket-Accept: {ACCEPT}"],
        ["Upgrade: websocket", f"Sec-WebSocket-Accept: {ACCEPT}", f"Sec-WebSocket-Accept: {ACCEPT}"],
    ],
)
def test_proxies_may_repeat_or_add_something(lines: list[str]) -> None:
    check_upgrade(head_of("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", *lines), ASKED)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["Upgrade: websocket", f"Sec-WebSocket-Accept: {ACCEPT}"], "names no websocket"),
        (["Upgrade: h2c", "Connection: Upgrade", f"Sec-WebSocket-Accept: {ACCEPT}"], "names no websocket"),
        (["Upgrade: websocket", "Connection: Upgrade"], "does not know the key"),
        (["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: x"], "does not know the key"),
    ],
)
def test_what_is_no_response_to_the_upgrade_is_refused(lines: list[str], why: str) -> None:
    with pytest.raises(RemoteProtocolError, match=why):
        check_upgrade(head_of("HTTP/1.1 101 Switching Protocols", *lines), ASKED)


def test_a_refusal_shows_what_the_server_says() -> None:
    head = head_of("HTTP/1.1 503 Busy", "Content-Length: 4", "Retry-After: 7")
    assert not is_enough(head, b"lat")
    assert is_enough(head, b"late")
    error = refusal(head, b"later")
    assert (error.status, error.body, error.retry_after) == (503, "late", 7.0)
    assert "status 503, 'late'" in str(error)


def test_a_refusal_in_chunks_is_shown_without_them() -> None:
    head = head_of("HTTP/1.1 400 Bad Request", "Transfer-Encoding: chunked")
    data = b'9\r\n{"code":0\r\n0\r\n\r\n'
    assert not is_enough(head, data[:-1])
    assert is_enough(head, data)
    assert refusal(head, data).body == '{"code":0'


def test_a_refusal_without_a_length_is_cut() -> None:
    head = head_of("HTTP/1.1 400 Bad Request")
    assert not is_enough(head, b"x" * 199)
    assert is_enough(head, b"x" * 200)
    assert refusal(head, b"x" * 1000).body == "x" * 200


def test_a_redirect_shows_no_path_of_another_host() -> None:
    head = head_of("HTTP/1.1 302 Found", "Location: https://user:password@elsewhere.example/secret?token=1")
    assert refusal(head, b"").body == "to https://elsewhere.example"
    assert re.search("302", str(refusal(head, b"")))
