"""Recordings: writes their lines, and reads files; see ``sioclient.recordings``. What ``listen`` prints is one, too."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..recordings import Recorded, read_lines
from .arguments import standard_input
from .failures import UsageError


def event_line(endpoint: str, name: str, args: list[Any], moment: float | None = None) -> dict[str, Any]:
    """Return the line for an event that came, by default now."""
    return {"event": name, "args": args, "endpoint": endpoint, "time": _now() if moment is None else round(moment, 3)}


def sent_line(endpoint: str, name: str, args: list[Any], number: int | None) -> dict[str, Any]:
    """Return the line for an event that is sent; ``number`` is for its acknowledgement, if one is wanted."""
    line = {**event_line(endpoint, name, args), "sent": True}
    return line if number is None else {**line, "id": number}


def ack_line(endpoint: str, number: int, args: list[Any]) -> dict[str, Any]:
    """Return the line for an acknowledgement that came now."""
    return {"ack": args, "endpoint": endpoint, "time": _now(), "id": number}


def read_recording(name: str) -> list[Recorded]:
    """Return the events in a file; ``-`` is the standard input.

    Raises:
        UsageError: it cannot be read, or is no recording.
    """
    if name == "-":
        return parsed(standard_input(), "the standard input")
    try:
        return parsed(Path(name).read_text(encoding="utf-8").splitlines(), name)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{name} is no recording: it is no text in UTF-8") from None


def parsed(lines: Iterable[str], name: str) -> list[Recorded]:
    """Return the events in the lines of a recording, with their acknowledgements.

    Raises:
        UsageError: a line is none of a recording.
    """
    try:
        return read_lines(lines, name)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _now() -> float:
    return round(time.time(), 3)
