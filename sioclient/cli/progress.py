"""Progress: how far something is, as a bar on a terminal; elsewhere nothing is shown."""

from __future__ import annotations

import sys

_WIDTH = 30


class Progress:
    """A bar on stderr, which is gone when the block ends."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            self._write("\r\x1b[K")

    def show(self, title: str, share: float) -> None:
        """Show that a share of something, up to 1, is done."""
        if self._is_shown:
            done = round(share * _WIDTH)
            self._write(f"\r\x1b[K{title:<12}[{'#' * done}{'.' * (_WIDTH - done)}] {share:.0%}")

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
