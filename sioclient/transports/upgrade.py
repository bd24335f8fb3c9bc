"""The upgrade of HTTP to a websocket: what is asked, and what a server may say to that. There is no I/O in here."""

from __future__ import annotations

import base64
import hashlib
import os
import re

from ..errors import HandshakeRejected, RemoteProtocolError, advice
from .http1 import Head, redirect_target, retry_after

MOST_SHOWN = 200
"""Bytes of a refusal that are shown."""

PATIENCE = 1.0
"""Seconds that the body of a refusal may come later than its head."""

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, 1.3."""

_LAST_CHUNK = b"\r\n0\r\n\r\n"
_FIRST_CHUNK = re.compile(rb"[0-9A-Fa-f]+\r\n(.*?)(?:\r\n0\r\n\r\n)?\Z", re.DOTALL)
"""What a short refusal consists of whose length was not known when it began: engine.io without upgrades sends it so."""


def upgrade_headers() -> dict[str, str]:
    """Return the headers that ask for the upgrade, with a key that nobody can foresee."""
    key = base64.b64encode(os.urandom(16)).decode("ascii")
    return {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    }


def check_upgrade(head: Head, headers: dict[str, str]) -> None:
    """Raise RemoteProtocolError unless this is the response to a request with these ``upgrade_headers``."""
    key = headers["Sec-WebSocket-Key"].encode("ascii")
    expected = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode("ascii")
    upgrades = "upgrade" in head.get("connection").lower()
    if not upgrades or "websocket" not in re.split("[, ]+", head.get("upgrade").lower()):
        raise RemoteProtocolError("the response to the upgrade names no websocket")
    if expected not in head.headers.get("sec-websocket-accept", ()):
        raise RemoteProtocolError("the response to the upgrade does not know the key that was asked with")


def is_enough(head: Head, data: bytes) -> bool:
    """Return whether these first bytes of a refusal's body are all that is shown of it."""
    length, is_chunked = head.size_of_body()
    size = MOST_SHOWN if length is None else min(length, MOST_SHOWN)
    return len(data) >= size or (is_chunked and data.endswith(_LAST_CHUNK))


def refusal(head: Head, data: bytes) -> HandshakeRejected:
    """Return the error for a response that is no upgrade, and whose body begins so."""
    length, is_chunked = head.size_of_body()
    chunk = _FIRST_CHUNK.match(data) if is_chunked else None
    size = MOST_SHOWN if length is None else min(length, MOST_SHOWN)
    body = redirect_target(head) or (chunk[1] if chunk else data)[:size].decode("utf-8", "replace")
    return HandshakeRejected(
        f"the server refused the websocket with status {head.status}, {body!r}: {advice(head.status, body)}",
        status=head.status,
        body=body,
        retry_after=retry_after(head.headers),
    )
