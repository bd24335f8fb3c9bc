"""What is told to a person beside the data: on stderr, a line each, without control characters."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress

from .output import Output, make_tolerant, wants_colours
from .text import printable
from .verbosity import Shown


class Notes:
    """Writes notes.

    Args:
        no_color: whether colours are unwanted.

    Attributes:
        write: writes a line; who has the terminal for himself writes it in his own way.
    """

    def __init__(self, *, no_color: bool = False) -> None:
        make_tolerant(sys.stderr)
        self._output = Output(sys.stderr, colours=wants_colours(sys.stderr, no_color=no_color))
        self.write: Callable[[str, str], None] = lambda text, colour: self._output.line(
            self._output.coloured(text, colour) if colour else text
        )

    def note(self, text: str) -> None:
        """Tell something. Nobody need listen."""
        with suppress(Exception):
            self.write(printable(text), "")

    def doubt(self, text: str) -> None:
        """Tell what was probably meant in another way."""
        self.note(f"sioclient: {text}")

    def show(self, record: Shown) -> None:
        """Show a record of the log."""
        with suppress(Exception):
            self.write(f"{record.mark} {record.text}", record.colour)
