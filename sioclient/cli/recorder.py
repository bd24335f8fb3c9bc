"""Recorder: writes a recording into a file."""

from __future__ import annotations

from typing import Any

from .failures import UsageError
from .text import encoded


class Recorder:
    """Writes the lines of a recording into a file, each at once.

    Args:
        name: that of the file, which is written anew.

    Raises:
        UsageError: it cannot be written.
    """

    def __init__(self, name: str) -> None:
        try:
            self._file = open(name, "w", encoding="utf-8", buffering=1)  # noqa: SIM115 - it is closed by __exit__
        except OSError as error:
            raise UsageError(f"{name} cannot be written: {error.strerror}") from None

    def write(self, line: dict[str, Any]) -> None:
        """Write a line."""
        self._file.write(f"{encoded(line)}\n")

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
