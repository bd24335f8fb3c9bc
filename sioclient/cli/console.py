"""Console: a terminal on which somebody types a line while others appear above it."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from .output import Output

_DOWN, _SAVE, _RESTORE = "\x1bD", "\x1b7", "\x1b8"
"""Go a row down, scrolling at the bottom, in the same column; keep the place of the cursor; go back to it."""

MOST_NAMES = 1000
"""Words that are remembered for completion: the server sends them."""

MOST_NAME = 100
"""Characters of such a word."""

MOST_HISTORY = 1000
"""Lines that are remembered."""


def find_readline() -> Any:
    """Return the module that edits lines, or None: Windows has none."""
    try:
        import readline
    except ImportError:
        return None
    return readline


class Console:
    """Reads lines, with history and completion, and shows others above the one that is being typed.

    Args:
        output: the terminal.
        readline: see ``find_readline``.

    Attributes:
        is_reading: whether a line is being typed.
    """

    def __init__(self, output: Output, readline: Any = None) -> None:
        self._output, self._readline = output, readline
        self.is_reading = False
        self._prompt = ""
        self._lock = threading.Lock()  # between looking whether a line is being typed, and writing accordingly
        self._history = history_file()
        self._words: dict[str, None] = {}
        self._can_move = os.environ.get("TERM") != "dumb" and (os.name != "nt" or "WT_SESSION" in os.environ)

    def __enter__(self) -> Console:
        """Take the history of sessions before."""
        if self._readline is not None:
            self._readline.set_completer(self.complete)
            self._readline.set_completer_delims(" \t\n")
            is_edit = "libedit" in (self._readline.__doc__ or "")
            self._readline.parse_and_bind("bind ^I rl_complete" if is_edit else "tab: complete")
            self._readline.set_history_length(MOST_HISTORY)
            self._readline.clear_history()
            if self._history is not None:
                with suppress(OSError):  # there is none yet
                    self._readline.read_history_file(self._history)
        return self

    def __exit__(self, *_: object) -> None:
        """Keep the history for the next session; only its owner may read it."""
        if self._readline is not None:
            self._readline.set_completer(None)
            if self._history is not None:
                with suppress(OSError):  # nothing can be written there
                    self._history.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                    self._history.touch(mode=0o600)
                    self._readline.write_history_file(self._history)

    def read(self, prompt: str, check: Callable[[], None] = lambda: None) -> str:
        """Return the next line.

        Args:
            prompt: what stands before it.
            check: is called when this can be interrupted already; it may raise.

        Raises:
            EOFError: there is none.
        """
        with self._lock:
            self._prompt, self.is_reading = prompt, True
        try:
            check()
            return input(prompt)
        finally:
            with self._lock:
                self.is_reading = False

    def show(self, text: str, coloured: str = "") -> None:
        """Show a line above the one that is being typed.

        Args:
            text: without control characters.
            coloured: the same in colours, if there are any.
        """
        columns, rows = shutil.get_terminal_size()
        most = columns * max(rows - 3, 1)
        if len(text) > 4 * most or width_of(text) > most:
            text, coloured = f"{text[: most // 2]}... ({len(text)} characters)", ""
        with self._lock:
            self._write(text, coloured or text, columns)

    def _write(self, text: str, line: str, columns: int) -> None:
        if not self.is_reading:
            self._output.write(f"{line}\n")
        elif self._can_move:
            needed = max(1, -(-width_of(text) // columns))
            # Make sure of rows below, go back up, push the line down, write where it was, and follow it.
            self._output.write(f"{_DOWN * needed}\x1b[{needed}A{_SAVE}\r\x1b[{needed}L{line}{_RESTORE}\x1b[{needed}B")
        else:
            self._output.write(f"\r{line}\n{self._prompt}{self._readline.get_line_buffer() if self._readline else ''}")

    def learn(self, words: Iterable[str]) -> None:
        """Remember words for completion."""
        for word in words:
            if len(self._words) < MOST_NAMES and len(word) <= MOST_NAME:
                self._words[word] = None

    def complete(self, text: str, state: int) -> str | None:
        """Return a word that begins with ``text``, with the space behind it; ``state`` counts them."""
        found = [f"{word} " for word in self._words if word.startswith(text)]
        return found[state] if state < len(found) else None


def history_file() -> Path | None:
    """Return where the history is; SIOCLIENT_HISTORY in the environment says it, and may be empty for none."""
    given = os.environ.get("SIOCLIENT_HISTORY")
    if given is not None:
        return Path(given) if given else None
    folder = os.environ.get("XDG_STATE_HOME")
    try:
        return (Path(folder) if folder else Path.home() / ".local" / "state") / "sioclient" / "history"
    except RuntimeError:  # there is no home
        return None


def width_of(text: str) -> int:
    """Return how many columns a terminal needs for a text."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def is_interactive() -> bool:
    """Return whether somebody types, and looks at what is printed."""
    return sys.stdin.isatty() and sys.stdout.isatty()
