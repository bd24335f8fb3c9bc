"""JSON as old servers need it: ASCII, compact, and only one exception when it is bad.

TornadIO2 and gevent-socketio count code points where JavaScript counts UTF-16 units, and raw U+2028
loses packets on 0.7; none of it matters to text that is ASCII.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from itertools import accumulate
from json.encoder import c_make_encoder, encode_basestring_ascii  # type: ignore[attr-defined]
from typing import Any, Protocol

from ..errors import LocalProtocolError

MOST_LEVELS = 512
"""How deep a JSON text from the server may be nested."""

# What raw_decode calls: C, without a function in Python around it.
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]

_LONG = 1000
"""Characters from which on it pays to look for each character that must be escaped: measured."""

LONG_TEXT = 8000
"""Characters of a frame from which on the same pays in reading."""

_PIECE = 2**14
"""Characters of a long text that are looked through at a time."""

_NOT_PLAIN = ("\\", *map(chr, range(32)))
"""What a text in JSON does not have as it is."""

_MOST_LOOKED_AT = 8
"""Values of a list among which long texts are looked for."""

_ESCAPES = [(c, encode_basestring_ascii(c)[1:-1]) for c in ("\\", '"', *map(chr, range(32)), "\x7f")]
"""All that JSON in ASCII escapes of ASCII; the backslash first, as the others bring it in."""

_NON_ASCII = re.compile(r"[^\x00-\x7f]")
# The quote at the end may be missing: trying the next quote after each that does not end takes time in squares.
_STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_NOT_FINITE = re.compile("NaN|Infinity")
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_NOT_BRACKETS = re.compile(r"[^\[\]{}]+")


class JsonModule(Protocol):
    """Anything with ``dumps`` and ``loads``: the standard library's json, orjson, simplejson."""

    def dumps(self, obj: Any, /) -> str | bytes: ...

    def loads(self, s: str, /) -> Any: ...


class JsonText:
    """Writes and reads JSON through the module that the user chose.

    Args:
        module: an object with ``dumps`` and ``loads``; the standard library's by default.

    Attributes:
        refuses_bytes: whether ``write`` raises for bytes; simplejson, for one, makes text of them.
    """

    def __init__(self, module: JsonModule | None = None) -> None:
        self.refuses_bytes = module is None or module is json or not _writes_bytes(module)
        if module is None or module is json:
            self._pieces: Callable[[Any, int], Iterable[str]] = _encoder()
            self._pieces_of_long: Callable[[Any, int], Iterable[str]] = self._write_long
            self._loads: Callable[[str], Any] = _decode
            self.read_within, self.read_within_long = _scan, _scan_long
        else:
            self._pieces, self._loads = _ascii_encoder(module.dumps), module.loads
            self._pieces_of_long = self._pieces
            self.read_within = self.read_within_long = self._read_all_but_one

    def write(self, value: Any, before: str = "", after: str = "") -> str:
        """Return ``value`` as ASCII JSON, between two other texts: all is put together once, as long texts want it.

        Raises:
            LocalProtocolError: JSON cannot hold the value (NaN, a circular list).
            TypeError: the JSON module does not know the type.
        """
        pieces = self._pieces
        for item in value[:_MOST_LOOKED_AT] if type(value) is list else ():
            if type(item) is str and len(item) >= _LONG:
                pieces = self._pieces_of_long
                break
        try:
            return "".join([before, *pieces(value, 0), after])
        except (ValueError, OverflowError, RecursionError) as error:
            raise LocalProtocolError(f"this value is not JSON: {error}") from error

    def _write_long(self, values: list[Any], level: int) -> Iterable[str]:
        """Write a list that has long texts: where the standard library looks at each character, this does not."""
        yield "["
        for position, item in enumerate(values):
            if position:
                yield ","
            yield from _quoted(item) if type(item) is str else self._pieces(item, level)
        yield "]"

    read_within: Callable[[str, int], tuple[Any, int]]
    """Return the value between an index of a text and its last character, and where it ends, without a copy of it. The
    text must have few brackets; what is raised is StopIteration, ValueError or RecursionError."""

    read_within_long: Callable[[str, int], tuple[Any, int]]
    """Do the same; faster from ``LONG_TEXT`` characters on."""

    def _read_all_but_one(self, text: str, start: int) -> tuple[Any, int]:
        return self._loads(text[start:-1]), len(text) - 1

    def read(self, text: str) -> Any:
        """Return the value of a JSON text.

        NaN and Infinity are read as floats: gevent-socketio sends them bare.

        Raises:
            ValueError: it is not JSON, or nested more than 512 levels deep, with which nobody would be happy.
        """
        if not has_few_brackets(text):
            _check_depth(text)
        try:
            return self._loads(text)
        except RecursionError as error:
            raise ValueError("nested too deep") from error


def json_text(module: JsonModule | None = None) -> JsonText:
    """Return what goes through a module: it knows nothing of a connection, so all that have the usual one share it."""
    return _USUAL if module is None else JsonText(module)


def _writes_bytes(module: JsonModule) -> bool:
    try:
        module.dumps([b""])
    except Exception:
        return False
    return True


def _encoder() -> Callable[[Any, int], Iterable[str]]:
    """Return what writes compact JSON in pieces. JSONEncoder would set up the same part of itself for every value."""
    encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
    if c_make_encoder is None:
        return lambda value, level: encoder.iterencode(value)
    # No memory of what it is inside of: a circular list is a RecursionError soon enough.
    return c_make_encoder(  # type: ignore[no-any-return]
        None, encoder.default, encode_basestring_ascii, None, ":", ",", False, False, False
    )


def _ascii_encoder(dumps: Callable[[Any], str | bytes]) -> Callable[[Any, int], Iterable[str]]:
    """Return what writes JSON with a module's ``dumps``, whatever it makes of characters beyond ASCII."""

    def pieces(value: Any, level: int) -> Iterable[str]:
        text = dumps(value)
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        if ("NaN" in text or "Infinity" in text) and _NOT_FINITE.search(_STRINGS.sub("", text)):
            raise ValueError("NaN and Infinity are not in JSON, though the JSON module writes them")
        return (text if text.isascii() else _NON_ASCII.sub(_escape, text),)

    return pieces


def _quoted(text: str) -> Iterable[str]:
    """Return a text in quotes; where the standard library looks at each character, this looks for those to escape."""
    if len(text) < _LONG or not text.isascii():
        return (encode_basestring_ascii(text),)
    for character, escape in _ESCAPES:
        if character in text:  # which is found out at thirty times the speed of replace
            text = text.replace(character, escape)
    return '"', text, '"'


def _scan_long(text: str, start: int) -> tuple[Any, int]:
    """Do what ``_scan`` does; a list of few texts without a backslash is cut at the quotes between them."""
    stop = text.rfind('"]', max(start + 2, len(text) - 3))
    places = _texts_between(text, start + 2, stop) if text.startswith('["', start) else []
    if not places or not _is_plain(text, start + 2, stop):
        return _scan(text, start)
    return [text[begin:end] for begin, end in places], stop + 2


def _is_plain(text: str, start: int, stop: int) -> bool:
    """Return whether a part of a text is in JSON as it is; in pieces that fit into the processor's cache."""
    for at in range(start, stop, _PIECE):
        piece = text[at : min(at + _PIECE, stop)]
        for character in _NOT_PLAIN:
            if character in piece:
                return False
    return True


def _texts_between(text: str, at: int, stop: int) -> list[tuple[int, int]]:
    """Return where texts begin and end that have nothing but quotes and a comma between them; empty: they have."""
    places: list[tuple[int, int]] = []
    while at <= stop and len(places) < _MOST_LOOKED_AT:
        end = text.find('"', at)
        places.append((at, end))
        if end == stop:
            return places
        at = end + 3 if text.startswith('","', end) else stop + 1
    return []


def _decode(text: str) -> Any:
    try:
        value, end = (_scan if len(text) < LONG_TEXT else _scan_long)(text, 0)
    except StopIteration:
        end = -1
    # Spaces around it are rare; and it knows best what is wrong.
    return value if end == len(text) else json.JSONDecoder().decode(text)


def has_few_brackets(text: str) -> bool:
    """Return whether a text has too few brackets to be nested too deep."""
    if len(text) <= MOST_LEVELS:
        return True
    left = MOST_LEVELS
    for bracket in "[{":
        at = text.find(bracket)  # which is forty times as fast as count where there are few
        while at >= 0:
            left -= 1
            if left < 0:
                return False
            at = text.find(bracket, at + 1)
    return True


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


_USUAL = JsonText()
