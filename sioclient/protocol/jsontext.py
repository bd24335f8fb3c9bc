"""JSON as old servers need it: ASCII, compact, and only one exception when it is bad.

TornadIO2 and gevent-socketio count code points where JavaScript counts UTF-16 units, and raw U+2028
loses packets on 0.7; none of it matters to text that is ASCII.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import accumulate
from typing import Any, Protocol

from ..errors import LocalProtocolError

MOST_LEVELS = 512
"""How deep a JSON text from the server may be nested."""

_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_NOT_BRACKETS = re.compile(r"[^\[\]{}]+")


class JsonModule(Protocol):
    """Anything with ``dumps`` and ``loads``: the standard library's json, orjson, simplejson."""

    def dumps(self, obj: Any) -> str | bytes: ...

    def loads(self, s: str) -> Any: ...


class JsonText:
    """Writes and reads JSON through the module that the user chose.

    Args:
        module: an object with ``dumps`` and ``loads``; the standard library's by default.
    """

    def __init__(self, module: JsonModule | None = None) -> None:
        self._dumps: Callable[[Any], str | bytes]
        if module is None or module is json:
            # One encoder for good: json.dumps with options builds a new one on every call.
            self._dumps = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
            self._loads: Callable[[str], Any] = json.JSONDecoder().decode
        else:
            self._dumps, self._loads = module.dumps, module.loads

    def write(self, value: Any) -> str:
        """Return ``value`` as ASCII JSON.

        Raises:
            LocalProtocolError: JSON cannot hold the value (NaN, a circular list).
            TypeError: the JSON module does not know the type.
        """
        try:
            text = self._dumps(value)
        except (ValueError, RecursionError) as error:
            raise LocalProtocolError(f"this value is not JSON: {error}") from error
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        return text if text.isascii() else _NON_ASCII.sub(_escape, text)

    def read(self, text: str) -> Any:
        """Return the value of a JSON text.

        NaN and Infinity are read as floats: gevent-socketio sends them bare.

        Raises:
            ValueError: it is not JSON, or nested more than 512 levels deep, with which nobody would be happy.
        """
        if text.count("[") + text.count("{") > MOST_LEVELS:
            _check_depth(text)
        try:
            return self._loads(text)
        except RecursionError as error:
            raise ValueError("nested too deep") from error


def _check_depth(text: str) -> None:
    """Raise ValueError if ``text`` is nested too deep."""
    brackets = _NOT_BRACKETS.sub("", _STRINGS.sub("", text))
    if max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > MOST_LEVELS:
        raise ValueError("nested too deep")


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 | code >> 10:04x}\\u{0xDC00 | code & 0x3FF:04x}"
