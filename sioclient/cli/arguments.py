"""The arguments of an event as they are typed: JSON if it parses, else text; ``@FILE``; ``@-``; bytes.

``@-`` reads a stream of values from the standard input, as jq does: a line is a value, and an object or a list may
take several lines. For each value there is one event.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from json import JSONDecodeError
from pathlib import Path
from typing import Any

from ..recordings import decoded
from .failures import UsageError
from .marks import BYTES, JSON, TEXT, unmarked
from .parser import Parser

HELP = """
ARG is JSON if it parses, else text: 5, true, '{"a": 1}', hello.
  @FILE      what is in a file, by the same rule; @@bob is the text "@bob"
  @-         each line of the standard input; there is one event for each.
             An object or a list of JSON may take several lines.
  --text     what follows is text, also if it is JSON (as last word: all is)
  --json     what follows must be JSON (as last word: all must)
  -b @FILE   the bytes of a file; -b @-: of the standard input; -b TEXT: of it
{"$base64": "AP8="} are bytes, too, as they are printed.
""".strip()

_LIKE_JSON = re.compile(r"\{.*\"|\[[\d\"\[{]", re.DOTALL)
"""How words begin that are probably mistyped JSON."""

_MODES = {TEXT: "text", JSON: "json"}


class _Lines:
    """Stands for the value that comes from the standard input."""

    def __init__(self, mode: str) -> None:
        self.mode = mode


def add_argument_options(parser: Parser) -> None:
    """Declare what says how the words behind it are read; the parser marks the words accordingly."""
    parser.takes_arguments = True
    parser.option("Argument", "-b", "--bytes", metavar="@FILE", help="the bytes of a file as the next argument")
    parser.option("Argument", "--text", action="store_true", help="what follows is text")
    parser.option("Argument", "--json", action="store_true", help="what follows is JSON")


def split_words(words: list[str], count: int) -> tuple[list[str], list[str]]:
    """Return the first ``count`` words, such as the URL and the name of an event, and those for arguments."""
    heads: list[str] = []
    rest: list[str] = []
    for word in words:
        is_head = len(heads) < count and not word.startswith((BYTES, TEXT, JSON))
        (heads if is_head else rest).append(unmarked(word) if is_head else word)
    return heads, rest


def argument_lists(words: list[str], doubt: Callable[[str], None] = lambda text: None) -> Iterator[list[Any]]:
    """Return the arguments of each event: of one, or of one for each value of the standard input if one is ``@-``.

    Args:
        words: as the parser has marked them.
        doubt: is told what was probably meant in another way.

    Raises:
        UsageError: a word is not what it should be.
    """
    values = _values(words, doubt)
    places = [place for place, value in enumerate(values) if isinstance(value, _Lines)]
    if len(places) > 1:
        raise UsageError("@- may be there only once: the standard input can be read once")
    return iter([values]) if not places else _for_each_line(values, places[0])


def _for_each_line(values: list[Any], place: int) -> Iterator[list[Any]]:
    for value in read_values(standard_input(), values[place].mode):
        yield [*values[:place], value, *values[place + 1 :]]


def value_of(word: str, mode: str = "auto") -> Any:
    """Return what a word means: JSON if it parses, else text; ``mode`` may be "text" or "json".

    Raises:
        UsageError: it must be JSON, and is none.
    """
    if mode == "text":
        return word
    try:
        return decoded(word)
    except (ValueError, RecursionError) as error:
        if mode == "json":
            raise UsageError(
                f"{word[:60]!r} is no JSON ({error}): leave --json out, or quote it for the shell"
            ) from None
        return word


def argument_of(word: str, mode: str = "auto") -> Any:
    """Return what a word means that may also be ``@FILE``; ``@@`` is how a text begins with @."""
    if word.startswith("@@") or word == "@":
        return value_of(word[1:] or word, mode)
    return value_of(read_text(word[1:]) if word.startswith("@") else word, mode)


def bytes_of(word: str) -> bytes:
    """Return the bytes of a file, or of a text."""
    return read_file(word[1:]) if word.startswith("@") else word.encode(errors="surrogateescape")


def read_file(name: str) -> bytes:
    """Return what is in a file; ``-`` is the standard input.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"@{name} cannot be read: {error.strerror}. A text that begins with @ is written @@") from None


def read_text(name: str) -> str:
    """Return the text in a file, without the line break at its end."""
    try:
        return read_file(name).decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise UsageError(f"@{name} is no text in UTF-8: give -b @{name} to send its bytes") from None


def standard_input() -> Iterable[str]:
    """Return the lines of the standard input, which are in UTF-8 on every system."""
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    return sys.stdin


def read_values(lines: Iterable[str], mode: str = "auto") -> Iterator[Any]:
    """Yield the values in a stream of lines; what begins as an object or a list may go on in the next lines."""
    begun: list[str] = []
    for line in lines:
        text = line.rstrip("\r\n")
        if begun:
            begun.append(text)
            # Only now, for it would take long to try at each line of a long text.
            if text[:1] in ("}", "]") and _parses("\n".join(begun)):
                yield value_of("\n".join(begun), mode)
                begun = []
        elif mode != "text" and text.lstrip()[:1] in ("{", "[") and _goes_on(text):
            begun = [text]
        else:
            yield value_of(text, mode)
    if begun and _parses("\n".join(begun)):
        yield value_of("\n".join(begun), mode)
    else:
        yield from (value_of(text, mode) for text in begun)


def _values(words: list[str], doubt: Callable[[str], None]) -> list[Any]:
    """Return the value of each word; a switch at the end is for those before it."""
    switches = [word for word in words if word in _MODES]
    mode = _MODES[words[-1]] if words and words[-1] in _MODES and len(switches) == 1 else "auto"
    values: list[Any] = []
    for word in words:
        if word in _MODES:
            mode = _MODES[word]
        elif word.startswith(BYTES):
            values.append(bytes_of(word.removeprefix(BYTES)))
        else:
            values.append(_value(word, mode))
            if values[-1] == unmarked(word) and _LIKE_JSON.match(values[-1]) and mode == "auto":
                doubt(f"{values[-1][:60]} is no JSON, so it is sent as text; --text says that this is meant")
    return values


def _value(word: str, mode: str) -> Any:
    plain = unmarked(word)
    return _Lines(mode) if plain == "@-" else argument_of(plain, mode)


def _parses(text: str) -> bool:
    try:
        decoded(text)
    except (ValueError, RecursionError):
        return False
    return True


def _goes_on(text: str) -> bool:
    """Return whether a text is the beginning of JSON, so that more of it may follow."""
    try:
        decoded(text)
    except JSONDecodeError as error:
        return error.pos >= len(text.rstrip())
    except (ValueError, RecursionError):
        return False
    return False
