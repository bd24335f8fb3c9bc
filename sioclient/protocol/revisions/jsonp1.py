"""The scripts and forms in which revision 1 hides its payloads from browsers: jsonp-polling and htmlfile.

Nothing is evaluated: a text that looks like a call of JavaScript is taken apart, and its argument read as JSON.
"""

from __future__ import annotations

import json
import re
from string import ascii_letters, digits

from ...errors import RemoteProtocolError

_SCRIPT, _SCRIPT_ENDS = b"<script>_(", b");</script>"

_PERCENT = ord("%")
_UNRESERVED = f"{ascii_letters}{digits}-._~".encode()
"""What a form holds as it is (RFC 3986, 2.3)."""


def decode_jsonp(body: str) -> str:
    """Return the payload in a JSONP response such as ``io.j[0]("1::");``.

    gevent-socketio puts the text between single quotes and escapes nothing; such a text is taken as it is.

    Raises:
        RemoteProtocolError: it is not such a response.
    """
    argument = _argument(body) or ""
    if len(argument) >= 2 and argument[0] == argument[-1] == "'":
        return argument[1:-1]
    return _read_text(argument, body)


def jsonp_error(body: str) -> str | None:
    """Return the text of a refusal such as ``io.j[0](new Error("handshake unauthorized"));``, or None."""
    error = re.fullmatch(r'new Error\((".*")\)', _argument(body) or "", re.DOTALL)
    try:
        return str(json.loads(error[1])) if error else None
    except ValueError:
        return None


def _argument(body: str) -> str | None:
    """Return the text between the parentheses of ``io.j[0](...);``, or None.

    Not by a regular expression: one that tries every bracket takes minutes for a megabyte made for that.
    """
    call = body.strip().removesuffix(";").rstrip()
    start = call.find("](")
    if not call.startswith("io.j[") or start < 0 or not call.endswith(")"):
        return None
    return call[start + 2 : -1].strip()


def encode_form(payload: str, *, as_json: bool) -> str:
    """Return the form whose field ``d`` carries a payload, from socket.io 0.8.6 on as JSON."""
    # Not as ASCII: gevent-socketio reads no escape but those of quotes and backslashes.
    form = (json.dumps(payload, ensure_ascii=False) if as_json else payload).encode()
    # urllib's quote goes through it byte by byte, which takes four to ten times as long.
    for byte in sorted(set(form.translate(None, _UNRESERVED)), key=_PERCENT.__ne__):
        form = form.replace(bytes((byte,)), b"%%%02X" % byte)
    return "d=" + form.decode()


class Scripts:
    """The payloads in a page that never ends: ``<script>_("1::");</script>`` for each."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0

    @property
    def waiting(self) -> int:
        """How many bytes wait for the rest of their script."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[str]:
        """Take the next bytes of the page; return the payloads that they complete.

        Raises:
            RemoteProtocolError: the argument of a script is not a text.
        """
        self._buffer += data
        payloads = []
        while (script := self._next_script()) is not None:
            text = _decode(script)
            payloads.append(_read_text(text, text))
        return payloads

    def _next_script(self) -> bytes | None:
        """Return the argument of the next complete script, and drop all bytes up to its end; None: there is none."""
        start = self._buffer.find(_SCRIPT)
        if start < 0:
            del self._buffer[: max(len(self._buffer) - len(_SCRIPT) + 1, 0)]
            return None
        start += len(_SCRIPT)
        end = self._buffer.find(_SCRIPT_ENDS, max(start, self._searched))
        # socket.io 0.8 escapes only the quote before a "</script>" in the text, not the slash in it.
        while end >= 0 and self._is_within_text(end):
            end = self._buffer.find(_SCRIPT_ENDS, end + 1)
        if end < 0:
            self._searched = len(self._buffer) - len(_SCRIPT_ENDS)
            return None
        script = bytes(self._buffer[start:end])
        del self._buffer[: end + len(_SCRIPT_ENDS)]
        self._searched = 0
        return script

    def _is_within_text(self, end: int) -> bool:
        """Return whether this end of a script is part of its text: no quote that ends the text is before it."""
        quote = backslash = end - 1
        while backslash > 0 and self._buffer[backslash - 1] == ord("\\"):
            backslash -= 1
        return self._buffer[quote] != ord('"') or (quote - backslash) % 2 == 1


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")  # TornadIO2 sends half a surrogate pair as three bytes
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def _read_text(argument: str, whole: str) -> str:
    try:
        text = json.loads(argument, strict=False)
    except (ValueError, RecursionError):
        text = None
    if not isinstance(text, str):
        raise RemoteProtocolError(f"not a text in a script: {whole[:200]!r}")
    return text
