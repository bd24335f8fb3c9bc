"""How the transports of revision 1 carry payloads in HTTP bodies: as they are, in forms and scripts, in a page."""

from __future__ import annotations

from .jsonp1 import Scripts, decode_jsonp, encode_form
from .payload1 import decode_payload, encode_payload


class PlainFraming:
    """Bodies that are payloads: xhr-polling."""

    content_type = "text/plain;charset=UTF-8"

    def encode_payload(self, frames: list[str]) -> str:
        """Return the body of a POST that carries ``frames``."""
        return encode_payload(frames)

    def decode_payload(self, body: str) -> list[str]:
        """Return the frames in the answer to a poll, or raise RemoteProtocolError."""
        return decode_payload(body)


class JsonpFraming(PlainFraming):
    """Forms there, scripts back: jsonp-polling.

    Args:
        as_json: whether the server reads the form's field as JSON. What is not meant for it kills socket.io 0.8.6 to
            0.9, and is lost without a word on those before.
    """

    content_type = "application/x-www-form-urlencoded"

    def __init__(self, *, as_json: bool = True) -> None:
        self._as_json = as_json

    def encode_payload(self, frames: list[str]) -> str:
        """Return the form that carries ``frames``."""
        return encode_form(encode_payload(frames), as_json=self._as_json)

    def decode_payload(self, body: str) -> list[str]:
        """Return the frames in the script that a poll was answered with, or raise RemoteProtocolError."""
        return decode_payload(decode_jsonp(body)) if body else []


class PageFraming(PlainFraming):
    """Payloads there, the scripts of a page that never ends back: htmlfile."""

    def __init__(self) -> None:
        self._scripts = Scripts()

    @property
    def waiting(self) -> int:
        """How many bytes wait for the rest of their script."""
        return self._scripts.waiting

    def feed(self, data: bytes) -> list[str]:
        """Take what came next of the page; return the frames that it completes, or raise RemoteProtocolError."""
        return [frame for payload in self._scripts.feed(data) for frame in decode_payload(payload)]
