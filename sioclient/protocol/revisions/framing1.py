"""How the transports of revision 1 carry payloads in HTTP bodies: as they are, in forms and scripts, or in a page."""

from __future__ import annotations

from ..framing import MOST_IN_FORM, MOST_SHARED
from .jsonp1 import Scripts, decode_jsonp, encode_form
from .payload1 import decode_payload, encode_payload


class PlainFraming:
    """Bodies that are payloads: xhr-polling."""

    content_type = "text/plain;charset=UTF-8"
    noop, most_shared = "8", MOST_SHARED

    def encode_payload(self, frames: list[str]) -> str:
        """Return the body of a POST that carries ``frames``."""
        return encode_payload(frames)

    def decode_payload(self, body: str) -> list[str]:
        """Return the frames in the response to a poll, or raise RemoteProtocolError."""
        return decode_payload(body)


class JsonpFraming(PlainFraming):
    """Forms to the server, scripts from it: jsonp-polling.

    Args:
        as_json: whether the server reads the form's field as JSON. A field without JSON kills socket.io 0.8.6 to 0.9;
            one with JSON is lost silently on older ones.
    """

    content_type, most_shared = "application/x-www-form-urlencoded", MOST_IN_FORM

    def __init__(self, *, as_json: bool = True) -> None:
        self._as_json = as_json

    def encode_payload(self, frames: list[str]) -> str:
        """Return the form that carries ``frames``."""
        return encode_form(encode_payload(frames), as_json=self._as_json)

    def decode_payload(self, body: str) -> list[str]:
        """Return the frames in the script of a response, or raise RemoteProtocolError."""
        return decode_payload(decode_jsonp(body)) if body else []


class PageFraming(PlainFraming):
    """Payloads to the server, the scripts of a page that never ends from it: htmlfile."""

    def __init__(self) -> None:
        self._scripts = Scripts()

    @property
    def waiting(self) -> int:
        """How many bytes wait for the rest of their script."""
        return self._scripts.waiting

    def feed(self, data: bytes) -> list[str]:
        """Take the next bytes of the page; return the frames that they complete, or raise RemoteProtocolError."""
        return [frame for payload in self._scripts.feed(data) for frame in decode_payload(payload)]
