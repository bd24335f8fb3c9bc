"""Text in the units of JavaScript: a character beyond the first 65,536 is two units, a pair of surrogates."""

from __future__ import annotations

import re

from ...errors import LocalProtocolError

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def to_units(text: str) -> str:
    """Return ``text`` with one character for each unit."""
    return _ASTRAL.sub(lambda match: _surrogates(ord(match[0]) - 0x10000), text)


def from_units(units: str) -> str:
    """Return the text of these units; half of a pair stays as it is."""
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def check_pairs(what: str, text: str) -> str:
    """Return ``text`` if UTF-8 can carry it.

    Raises:
        LocalProtocolError: ``what``, as the message calls it, holds half of a surrogate pair.
    """
    try:
        text.isascii() or text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise LocalProtocolError(f"{what} cannot hold half of a surrogate pair: {error}") from error
    return text


def _surrogates(offset: int) -> str:
    return chr(0xD800 | offset >> 10) + chr(0xDC00 | offset & 0x3FF)
