"""How frames stand in the bodies of HTTP, one entry for each of the transports over it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qs

from ..errors import RemoteProtocolError
from ..protocol.jsontext import JsonText
from ..protocol.revisions.payload1 import decode_payload, encode_payload

PLAIN = "text/plain; charset=UTF-8"
SCRIPT = "text/javascript; charset=UTF-8"
HTML = "text/html; charset=UTF-8"

GONE = "7:::1+0"
"""What a session that is not there says: client not handshaken, reconnect."""

PREAMBLE = "<html><body><script>var _ = function (msg) { parent.s._(msg, document); };</script>".ljust(256)
"""The beginning of an htmlfile; browsers begin to run one when they have 256 bytes."""

_INDEX = re.compile(r"[0-9]{1,9}")
_json = JsonText()


class Poll(NamedTuple):
    """How a transport of polls and posts writes an answer, given its index (``i=`` of the query), and reads a post."""

    content_type: str
    encode: Callable[[list[str], str], str]
    decode: Callable[[bytes], list[str]]


def is_index(text: str) -> bool:
    """Return whether a text may be the index of a page's function: nothing but a number goes into a script."""
    return _INDEX.fullmatch(text) is not None


def jsonp(argument: str, index: str) -> str:
    """Return the call of the page's function number ``index``."""
    return f"io.j[{index if is_index(index) else '0'}]({argument});"


def script(frame: str) -> str:
    """Return the element that brings one frame into an htmlfile; nothing in it can end or change that element."""
    text = _quote(frame).replace("/", "\\/").replace("<", "\\u003c")
    return f"<script>_({text});</script>"


def _quote(text: str) -> str:
    """Return a text as one of JavaScript; not as ASCII, for some clients look for the marks of a payload before."""
    return json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _encode_jsonp(frames: list[str], index: str) -> str:
    return jsonp(_quote(encode_payload(frames)), index)


def _decode_text(body: bytes) -> list[str]:
    try:
        return decode_payload(body.decode("utf-8", "replace"))
    except RemoteProtocolError:
        return [body[:200].decode("utf-8", "replace")]  # it is no packet either, and so is counted and dropped as one


def _decode_form(body: bytes) -> list[str]:
    """Return the frames of ``d=``: a JSON text, or as socket.io-client 0.7 sends it, the payload itself."""
    try:
        data = parse_qs(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=10)["d"][0]
    except (KeyError, ValueError):
        return _decode_text(body)
    try:
        payload = _json.read(data)
    except ValueError:
        payload = data
    return _decode_text(str(payload).encode("utf-8", "surrogatepass"))


POLLS = {
    "xhr-polling": Poll(PLAIN, lambda frames, index: encode_payload(frames), _decode_text),
    "jsonp-polling": Poll(SCRIPT, _encode_jsonp, _decode_form),
}
"""The transports that have an answer to each poll."""
