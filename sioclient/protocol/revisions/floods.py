"""Bodies that a server has filled with packets which say next to nothing.

Within 16 MiB there is room for eight million heartbeats. Each costs as much as any packet once it is a frame, so of a
long run of the same heartbeat only a few become frames. Any other packets are limited in number.
"""

from __future__ import annotations

from typing import AnyStr

from ...errors import RemoteProtocolError

MOST_FRAMES = 2**20
"""Frames in one body: as texts, they need sixty bytes each, however small they are."""

_RUN = 64
"""Packets in a row that are a flood: a server that waits for replies has sent few."""


def end_of_run(body: AnyStr, piece: AnyStr, at: int) -> int:
    """Return where the run ends that begins at a place in a body, if the piece before it is repeated there for long."""
    run = piece * _RUN
    while body.startswith(run, at):
        at += len(run)
    return at


def without_runs(body: str, separator: str, packets: tuple[str, ...]) -> str:
    """Return a body between whose packets a separator stands, with only a few of these in a row."""
    for packet in packets:
        one = packet + separator
        run = separator + one * _RUN
        while len(body) >= len(run) and run in body:
            body = body.replace(run, separator + one)
    return body


def check_count(count: int) -> None:
    """Raise RemoteProtocolError if a body has too many frames."""
    if count > MOST_FRAMES:
        raise RemoteProtocolError(f"a payload cannot be read: it has more than {MOST_FRAMES} packets")
