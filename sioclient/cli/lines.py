"""A line with an event, as it is typed in ``connect`` and for ``--emit``: ``subscribe weather``, ``move {"x": 1}``.

The first word is the name, the others are arguments: JSON, also with spaces in it; text in single quotes; other text up
to the next space; ``@FILE``; and ``-b @FILE``.
"""

from __future__ import annotations

import re
from json import JSONDecoder
from typing import Any

from ..recordings import decoded
from .arguments import argument_of, bytes_of
from .failures import UsageError

_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"\S+")
_QUOTED = re.compile(r"'([^']*)'(?=\s|$)")
_BYTES = re.compile(r"-b\s+(\S+)")


def event_of(line: str) -> tuple[str, list[Any]]:
    """Return the name and the arguments of an event.

    Raises:
        UsageError: there is none, or a file cannot be read.
    """
    values = values_of(line)
    if not values:
        raise UsageError("an event must have a name: EVENT [ARG...]")
    name, *args = values
    if isinstance(name, (dict, list, bytes, float)) or name is None:
        raise UsageError("the first word must be the name of an event")
    return name if isinstance(name, str) else _WORD.search(line)[0], args  # type: ignore[index]


def values_of(line: str) -> list[Any]:
    """Return what the words of a line mean.

    Raises:
        UsageError: a file cannot be read.
    """
    values: list[Any] = []
    place = _after_space(line, 0)
    while place < len(line):
        value, place = _next_value(line, place)
        values.append(value)
        place = _after_space(line, place)
    return values


def _next_value(line: str, place: int) -> tuple[Any, int]:
    if line[place] in '{["':
        end = _end_of_json(line, place)
        if end is not None:
            return decoded(line[place:end]), end
    found = _QUOTED.match(line, place)
    if found:
        return found[1], found.end()
    found = _BYTES.match(line, place)
    if found:
        return bytes_of(found[1]), found.end()
    found = _WORD.match(line, place)
    assert found is not None
    return argument_of(found[0]), found.end()


def _end_of_json(line: str, place: int) -> int | None:
    """Return where the JSON that begins at ``place`` ends; None: it is none, or another word goes on behind it."""
    try:
        _, end = JSONDecoder().raw_decode(line, place)
        decoded(line[place:end])
    except (ValueError, RecursionError):
        return None
    return end if end == len(line) or line[end].isspace() else None


def _after_space(line: str, place: int) -> int:
    found = _SPACE.match(line, place)
    return found.end() if found else place
