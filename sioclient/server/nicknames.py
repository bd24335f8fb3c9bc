"""Texts that people are to see: without what is invisible, and names that others can tell apart."""

from __future__ import annotations

import unicodedata
from typing import Any

BLANKS = set("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f") | {
    chr(number) for number in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}
"""Characters that count as printable and show nothing: fillers of Hangul, a Braille pattern, variation selectors."""

MOST_MARKS = 4
"""Marks that may stand on one letter; more of them reach over the lines above and below."""


def tidy(text: Any, most: int) -> str:
    """Return a text without control characters, cut to ``most`` characters; empty if nothing of it can be seen."""
    kept = "".join(character for character in str(text) if character.isprintable() or character == "\n")
    return kept.strip()[:most] if any(map(_is_visible, kept)) else ""


def tidy_name(text: Any, most: int) -> str:
    """Return a name in one line, without what cannot be seen; empty if nothing is left."""
    kept: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", tidy(text, 4 * most)):
        marks = marks + 1 if unicodedata.combining(character) else 0
        if character not in BLANKS and marks <= MOST_MARKS:
            kept.append(character)
    name = " ".join("".join(kept).split())[:most].strip()
    return name if any(map(_is_visible, name)) else ""


def name_key(name: str) -> str:
    """Return what two names have in common that look alike, such as in another case or width."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _is_visible(character: str) -> bool:
    """Return whether a character is a letter, a digit, a sign or a picture, and not a blank or a mark on another."""
    return unicodedata.category(character)[0] in "LNPS" and character not in BLANKS
