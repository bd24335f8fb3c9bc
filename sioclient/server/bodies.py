"""The bodies of HTTP requests and responses: how each transport over HTTP writes frames into them and reads them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from ..protocol.jsontext import json_text
from ..protocol.revisions.payload1 import encode_payload

PLAIN = "text/plain; charset=UTF-8"
SCRIPT = "text/javascript; charset=UTF-8"
HTML = "text/html; charset=UTF-8"

GONE = "7:::1+0"
"""The error for a session that does not exist: client not handshaken, reconnect."""

PREAMBLE = "<html><body><script>var _ = function (msg) { parent.s._(msg, document); };</script>".ljust(256)
"""The beginning of an htmlfile; browsers begin to run one when they have 256 bytes."""

_INDEX = re.compile(r"[0-9]{1,9}")
_LENGTH = re.compile("\ufffd([0-9]{1,10})\ufffd")
_COUNTINGS = (("utf-16-le", 2), ("utf-32-le", 4), ("utf-8", 1))
_MOST_FIELDS = 10
_PIECE = re.compile(r"(?:[^%]|%[^%]{0,2}){1,4096}")
_json = json_text()


class Poll(NamedTuple):
    """How a transport of polls and posts writes a response, given its index (``i=`` of the query), and reads a post.

    Reading makes a short step at a time, since a mebibyte at once may take a quarter of a second; a step that completes
    no frame yields None. What is no payload is yielded too, cut, to be counted and dropped as a malformed packet.
    """

    content_type: str
    encode: Callable[[list[str], str], str]
    decode: Callable[[bytes], Iterator[str | None]]


def is_index(text: str) -> bool:
    """Return whether a text may be the index of a page's function: only a number may get into a script."""
    return _INDEX.fullmatch(text) is not None


def jsonp(argument: str, index: str) -> str:
    """Return the call of the page's function number ``index``."""
    return f"io.j[{index if is_index(index) else '0'}]({argument});"


def script(frame: str) -> str:
    """Return the element that brings one frame into an htmlfile; nothing in it can end or change that element."""
    text = _quote(frame).replace("/", "\\/").replace("<", "\\u003c")
    return f"<script>_({text});</script>"


def _quote(text: str) -> str:
    """Return a text as a literal of JavaScript, not in ASCII: some clients look for the marks before they parse it."""
    return json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _encode_jsonp(frames: list[str], index: str) -> str:
    return jsonp(_quote(encode_payload(frames)), index)


def split_payload(payload: str) -> Iterator[str | None]:
    """Yield the frames of a payload as ``payload1`` describes it, without going through all of it first."""
    at = 0 if payload.startswith("\ufffd") else len(payload)
    if at and payload:
        yield payload
    while at < len(payload):
        head = _LENGTH.match(payload, at)
        if head is None:
            yield payload[at : at + 200]
            return
        at = _end_of_frame(payload, head.end(), int(head[1]))
        yield payload[head.end() : at] or None


def _end_of_frame(payload: str, start: int, length: int) -> int:
    """Return where a frame of ``length`` units ends.

    JavaScript counts in UTF-16, Python in code points or bytes: a counting fits if another frame begins where this one
    ends. If none fits, the frame is cut short.
    """
    part = payload[start : start + length]  # in every counting, a character has at least one unit
    if len(part) == length and part.isascii():
        return start + length
    for coding, width in _COUNTINGS:
        units = part.encode(coding)[: length * width]
        end = start + len(units.decode(coding, "ignore"))
        if len(units) == length * width and (end == len(payload) or _LENGTH.match(payload, end)):
            return end
    return start + len(part.encode("utf-16-le")[: length * 2].decode("utf-16-le", "ignore"))


def _decode_text(body: bytes) -> Iterator[str | None]:
    return split_payload(body.decode("utf-8", "replace"))


def _decode_form(body: bytes) -> Iterator[str | None]:
    """Yield the frames of ``d=``: a JSON text, or as socket.io-client 0.7 sends it, the payload itself."""
    fields = body.decode("ascii", "replace").split("&", _MOST_FIELDS)
    values = [field[2:] for field in fields if field.startswith("d=")]
    if not values or len(fields) > _MOST_FIELDS:
        yield from _decode_text(body)
        return
    pieces = []
    for piece in _PIECE.finditer(values[0]):
        pieces.append(unquote_to_bytes(piece[0].replace("+", " ")))
        yield None
    data = b"".join(pieces).decode("utf-8", "replace")
    try:
        payload = str(_json.read(data))
    except ValueError:
        payload = data
    yield from split_payload(payload.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))


POLLS = {
    "xhr-polling": Poll(PLAIN, lambda frames, index: encode_payload(frames), _decode_text),
    "jsonp-polling": Poll(SCRIPT, _encode_jsonp, _decode_form),
}
"""The transports that respond to polls."""
