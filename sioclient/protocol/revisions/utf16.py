"""Text as JavaScript counts it: what is beyond the first 65,536 characters is two units, a pair of surrogates."""

from __future__ import annotations

import re

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def to_units(text: str) -> str:
    """Return ``text`` with one character for each unit."""
    return _ASTRAL.sub(lambda match: _surrogates(ord(match[0]) - 0x10000), text)


def from_units(units: str) -> str:
    """Return the text of these units; half of a pair stays as it is."""
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _surrogates(offset: int) -> str:
    return chr(0xD800 | offset >> 10) + chr(0xDC00 | offset & 0x3FF)
