"""Recordings: the events of a session with their times, as lines of JSON. What ``listen`` prints is one, too.

::

    {"event": "news", "args": ["weather"], "endpoint": "", "time": 1700000000.123}
    {"event": "sum", "args": [1, 2], "endpoint": "", "time": 1700000001.5, "sent": true, "id": 1}
    {"ack": [3], "endpoint": "", "time": 1700000001.6, "id": 1}
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from .arguments import standard_input
from .failures import UsageError
from .text import decoded


class Recorded(NamedTuple):
    """An event of a recording.

    Attributes:
        endpoint: the namespace.
        name: that of the event.
        args: its arguments.
        time: when it came or was sent, in seconds since any moment.
        is_sent: whether the client sent it.
        ack: what it was acknowledged with; None: nothing came.
    """

    endpoint: str
    name: str
    args: list[Any]
    time: float
    is_sent: bool
    ack: list[Any] | None


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
    found: list[Recorded] = []
    places: dict[Any, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            _add(decoded(line), found, places)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise UsageError(
                f"line {number} of {name} is none of a recording: it must be JSON as sioclient listen prints it"
            ) from None
    return found


def _add(line: dict[str, Any], found: list[Recorded], places: dict[Any, int]) -> None:
    if "ack" in line:
        place = places.get(line["id"])
        if place is not None:
            found[place] = found[place]._replace(ack=list(line["ack"]))
        return
    moment = float(line.get("time", found[-1].time if found else 0))
    if not isinstance(line["event"], str) or not isinstance(line.get("args", []), list):
        raise TypeError("the name must be text, the arguments a list")
    if "id" in line:
        places[line["id"]] = len(found)
    endpoint = str(line.get("endpoint", ""))
    found.append(Recorded(endpoint, line["event"], line.get("args", []), moment, bool(line.get("sent")), None))


def _now() -> float:
    return round(time.time(), 3)
