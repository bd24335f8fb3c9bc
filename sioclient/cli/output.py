"""Output: the data of a command, on stdout. Nothing else is written there."""

from __future__ import annotations

import errno
import os
import re
import select
import sys
from typing import Any, TextIO

from .text import encoded, printable

_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d[\d.eE+-]*)')

BOLD, DIM, RED, GREEN, YELLOW, BLUE, CYAN = (f"\x1b[{code}m" for code in ("1", "2", "31", "32", "33", "34", "36"))
_END = "\x1b[0m"


class Closed(Exception):
    """Nobody reads what we write any more."""


class Output:
    """Writes to a stream, at once.

    Args:
        stream: where.
        colours: whether ``coloured`` has an effect.

    Attributes:
        is_terminal: whether somebody looks at it.
    """

    def __init__(self, stream: TextIO, *, colours: bool) -> None:
        self._stream, self._colours = stream, colours
        self.is_terminal = stream.isatty()
        self._ascii_only = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "") != "utf8"

    def coloured(self, text: str, colour: str) -> str:
        """Return a text in a colour, if there are colours."""
        return f"{colour}{text}{_END}" if self._colours else text

    def json(self, value: Any) -> str:
        """Return a value as JSON, in colours if there are any."""
        text = encoded(value, ascii_only=self._ascii_only)
        return _TOKEN.sub(self._colour, text) if self._colours else text

    def value(self, value: Any) -> None:
        """Write a value as a line of JSON."""
        self.line(self.json(value))

    def raw(self, *values: Any) -> None:
        """Write values as a line, with tabs between them: texts as they are, all else as JSON."""
        texts = (value if isinstance(value, str) else encoded(value, ascii_only=self._ascii_only) for value in values)
        line = "\t".join(texts)
        self.line(printable(line) if self.is_terminal else line)

    def line(self, text: str) -> None:
        """Write a line.

        Raises:
            Closed: nobody reads it.
        """
        self.write(f"{text}\n")

    def write(self, text: str) -> None:
        """Write a text; see ``line``."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            raise Closed from None
        except OSError as error:
            if error.errno == errno.EINVAL and os.name == "nt":  # what a closed pipe is there
                raise Closed from None
            raise

    def check(self) -> None:
        """Raise Closed if it is known that nobody reads any more, so that who waits for an event need not go on."""
        if not hasattr(select, "poll"):
            return
        try:
            poll = select.poll()
            poll.register(self._stream.fileno(), 0)
            if poll.poll(0):
                raise Closed
        except (OSError, ValueError):  # a stream of a test has no descriptor
            return

    def _colour(self, found: re.Match[str]) -> str:
        text, colon, word, _ = found.groups()
        colour = BLUE if colon else GREEN if text else YELLOW if word else CYAN
        return f"{colour}{text}{_END}{colon}" if colon else f"{colour}{found[0]}{_END}"


def standard_output(*, no_color: bool = False) -> Output:
    """Return the standard output."""
    make_tolerant(sys.stdout)
    return Output(sys.stdout, colours=wants_colours(sys.stdout, no_color=no_color))


def wants_colours(stream: TextIO, *, no_color: bool = False) -> bool:
    """Return whether colours are wanted on a stream: on a terminal, unless somebody said no."""
    if no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return False
    # The oldest windows of Windows show escape sequences as they are.
    return os.name != "nt" or any(name in os.environ for name in ("WT_SESSION", "ANSICON", "TERM"))


def make_tolerant(stream: TextIO) -> None:
    """Let a stream escape what its encoding does not have."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


def silence() -> None:
    """Let what is still in the buffer of stdout go nowhere, so that Python does not complain at its end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return
