"""The phases of a connection, as a table.

::

    IDLE --start--> CONNECTING --opened--> JOINING --joined--> RESTORING --restored--> OPEN
                      ^     |                 |                    |                     |
                      |     +------lost-------+--------lost--------+--------lost---------+
                      |                                 |
                      +-------------due------------- WAITING          every phase but CLOSED --ended--> CLOSED

A step that the table does not have for a phase cannot happen there: it is an error in this package, a KeyError.
"""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """Where a connection is.

    IDLE: it was not opened. CONNECTING: an attempt makes the handshake and opens a transport. JOINING: a transport
    carries the session, and the default endpoint is being joined. RESTORING: the other endpoints are. OPEN: every
    packet may be written. WAITING: the next attempt has a time. CLOSED: it has ended.
    """

    IDLE = "idle"
    CONNECTING = "connecting"
    JOINING = "joining"
    RESTORING = "restoring"
    OPEN = "open"
    WAITING = "waiting"
    CLOSED = "closed"

    __hash__ = object.__hash__  # that of Enum is written in Python


class Step(Enum):
    """What moves a connection from one phase to the next."""

    START = "start"
    OPENED = "opened"
    JOINED = "joined"
    RESTORED = "restored"
    LOST = "lost"
    DUE = "due"
    ENDED = "ended"

    __hash__ = object.__hash__


TRANSITIONS: dict[tuple[Phase, Step], Phase] = {
    (Phase.IDLE, Step.START): Phase.CONNECTING,
    (Phase.CONNECTING, Step.OPENED): Phase.JOINING,
    (Phase.JOINING, Step.JOINED): Phase.RESTORING,
    (Phase.RESTORING, Step.RESTORED): Phase.OPEN,
    (Phase.CONNECTING, Step.LOST): Phase.WAITING,
    (Phase.JOINING, Step.LOST): Phase.WAITING,
    (Phase.RESTORING, Step.LOST): Phase.WAITING,
    (Phase.OPEN, Step.LOST): Phase.WAITING,
    (Phase.WAITING, Step.DUE): Phase.CONNECTING,
    **{(phase, Step.ENDED): Phase.CLOSED for phase in Phase if phase is not Phase.CLOSED},
}
"""The phase after each step."""

LINKED = frozenset({Phase.CONNECTING, Phase.JOINING, Phase.RESTORING, Phase.OPEN})
"""Phases in which an attempt, or the transport that it opened, is wanted."""
