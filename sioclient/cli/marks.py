"""Marks at the words of a command line. No word can have NUL in it by itself, on any system."""

from __future__ import annotations

import re

PLAIN, BYTES, TEXT, JSON = "\0.", "\0b", "\0t", "\0j"
"""A word that is no option though it looks like one; one whose bytes are meant; what follows is text; it is JSON."""


def unmarked(text: str) -> str:
    """Return a text without marks."""
    return re.sub("\0.", "", text, flags=re.DOTALL)
