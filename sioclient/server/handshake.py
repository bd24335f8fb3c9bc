"""What a handshake is answered with, in the words of socket.io 0.9; and which origins may make one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from .settings import Settings, Verdict
from .wire import jsonp

SCRIPT = "application/javascript"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Answer(NamedTuple):
    """An answer of HTTP."""

    status: int
    content_type: str
    body: str


REFUSALS = {
    "unauthorized": Answer(403, "text/plain", "handshake unauthorized"),
    "error": Answer(500, "text/plain", "handshake error"),
    "origin": Answer(403, "text/plain", "handshake bad origin"),
    "full": Answer(503, "text/plain", "too many sessions from this address"),
    "stopping": Answer(503, "text/plain", "the server is stopping"),
}


def announcement(session_id: str, settings: Settings) -> Answer:
    """Return the answer that opens a session: its id, both time-outs and the transports."""
    times = f"{settings.heartbeat_timeout:g}:{settings.close_timeout:g}"
    return Answer(200, "text/plain", f"{session_id}:{times}:{','.join(settings.transports)}")


def refusal(verdict: Verdict) -> Answer | None:
    """Return the answer to a handshake that is not authorized; None: it is. The text of an error stays here."""
    if verdict is True:
        return None
    return REFUSALS["error"] if isinstance(verdict, str) else REFUSALS["unauthorized"]


def as_jsonp(answer: Answer, index: str) -> Answer:
    """Return the answer as a script; a script with another status than 200 would not be run."""
    quoted = '"' + answer.body + '"'
    argument = quoted if answer.status == 200 else f"new Error({quoted})"
    return Answer(200, SCRIPT, jsonp(argument, index))


def may_come_from(headers: Mapping[str, str], origins: tuple[str, ...]) -> bool:
    """Return whether the page that makes a request is of an allowed origin. The Referer stands in for an Origin."""
    if "*:*" in origins or "*" in origins:
        return True
    page = headers.get("Origin") or headers.get("Referer") or ""
    try:
        parts = urlsplit(page)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return False
    host = parts.hostname
    if not host or port is None:
        return False
    names = {f"{host}:{port}", f"{host}:*", f"*:{port}", f"{parts.scheme}://{parts.netloc.lower()}"}
    return not names.isdisjoint(origins)
