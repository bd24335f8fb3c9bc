"""The responses to a handshake, as socket.io 0.9 words them, and the origins that may make one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .bodies import jsonp
from .origins import names_of
from .settings import Settings, Verdict

SCRIPT = "application/javascript"


class Response(NamedTuple):
    """A response of HTTP."""

    status: int
    content_type: str
    body: str


REFUSALS = {
    "unauthorized": Response(403, "text/plain", "handshake unauthorized"),
    "error": Response(500, "text/plain", "handshake error"),
    "origin": Response(403, "text/plain", "handshake bad origin"),
    "full": Response(503, "text/plain", "too many sessions from this address"),
    "often": Response(503, "text/plain", "too many handshakes from this address"),
    "crowded": Response(503, "text/plain", "too many sessions"),
    "stopping": Response(503, "text/plain", "the server is stopping"),
}


def accepted(session_id: str, settings: Settings) -> Response:
    """Return the response that opens a session: its id, both time-outs and the transports."""
    times = f"{settings.heartbeat_timeout:g}:{settings.close_timeout:g}"
    return Response(200, "text/plain", f"{session_id}:{times}:{','.join(settings.transports)}")


def refusal(verdict: Verdict) -> Response | None:
    """Return the response to a handshake that is not authorized, or None if it is. A reason is not sent."""
    if verdict is True:
        return None
    return REFUSALS["error"] if isinstance(verdict, str) else REFUSALS["unauthorized"]


def as_jsonp(response: Response, index: str) -> Response:
    """Return the response as a script, with the status 200, for a browser runs no other."""
    quoted = '"' + response.body + '"'
    argument = quoted if response.status == 200 else f"new Error({quoted})"
    return Response(200, SCRIPT, jsonp(argument, index))


def may_come_from(headers: Mapping[str, str], origins: tuple[str, ...]) -> bool:
    """Return whether the page that makes a request is of an allowed origin. Without an Origin, the Referer counts.

    ``origins`` are in the form of ``read_allowed``.
    """
    if "*:*" in origins or "*" in origins:
        return True
    page = headers.get("Origin") or headers.get("Referer") or ""
    return not names_of(page).isdisjoint(origins)
