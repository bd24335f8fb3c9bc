"""Recordings: the events of a session with their times, as lines of JSON, for who writes, sends or serves them.

::

    {"event": "news", "args": ["weather"], "endpoint": "", "time": 1700000000.123}
    {"event": "sum", "args": [1, 2], "endpoint": "", "time": 1700000001.5, "sent": true, "id": 1}
    {"ack": [3], "endpoint": "", "time": 1700000001.6, "id": 1}

Bytes are ``{"$base64": "AP8="}``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any, NamedTuple


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


def read_lines(lines: Iterable[str], name: str) -> list[Recorded]:
    """Return the events in the lines of a recording, with their acknowledgements.

    Args:
        lines: those of the file.
        name: that of the file, for the error.

    Raises:
        ValueError: a line is none of a recording.
    """
    found: list[Recorded] = []
    places: dict[Any, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            _add(decoded(line), found, places)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise ValueError(
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


def decoded(text: str) -> Any:
    """Return what a text of JSON means, as recordings and the command line have it.

    Raises:
        ValueError: it is no JSON.
    """
    return json.loads(text, object_hook=_as_bytes, parse_constant=_refuse)


def _as_bytes(found: dict[str, Any]) -> Any:
    if found.keys() == {"$base64"} and isinstance(found["$base64"], str):
        return base64.b64decode(found["$base64"], validate=True)
    return found


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
