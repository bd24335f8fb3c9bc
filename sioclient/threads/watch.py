"""Finds the function of a user that has kept a connection from being read for too long.

Nothing is measured for it when an event is handled. Somebody looks now and then at what runs: what he sees twice has
run for the time between, and the first function of several since the listener stopped reading.
"""

from __future__ import annotations

import logging

from ..protocol.notices import Notice
from ..protocol.session import Session

logger = logging.getLogger("sioclient")


class Watch:
    """What was seen so far."""

    def __init__(self) -> None:
        self._seen: tuple[Notice, float] | None = None
        self._since = 0.0
        self._told: Notice | None = None

    def look(
        self, running: Notice | None, first: Notice | None, session: Session | None, now: float
    ) -> tuple[str, float] | None:
        """Look at what runs.

        Args:
            running: what a function runs for now.
            first: the first of all that functions have run for since the listener stopped reading.
            session: knows since when the listener does not read, and which heartbeat time-out the server announced.
            now: seconds on the clock of the session.

        Returns:
            What the function runs for and the seconds for which it has run at least, once it is half the time-out; None
            otherwise, and if that was returned before.
        """
        paused_at = session.reading.away_since if session is not None else None
        timeout = session.handshake.heartbeat_timeout if session is not None else None
        if running is None or paused_at is None or not timeout:
            self._seen, self._told = None, self._told if running is self._told else None
            return None
        if self._seen is None or self._seen[0] is not running or self._seen[1] != paused_at:
            self._seen, self._since = (running, paused_at), paused_at if running is first else now
        if self._told is running or now < self._since + timeout / 2:
            return None
        self._told = running
        return _name_of(running), now - self._since


def warn(seen: tuple[str, float] | None) -> None:
    """Log what ``look`` returned, if it did."""
    if seen is None:
        return
    name, seconds = seen
    logger.warning(
        "your function for %.200r has run for %.1f s: the connection is kept, but what the server sends waits until it "
        "returns; let long work be done in a thread of your own",
        name,
        seconds,
    )


def _name_of(notice: Notice) -> str:
    """Return what a user calls that which his function runs for: the name of the event, or of its kind."""
    subject = getattr(notice, "waiter", notice)
    return str(getattr(subject, "name", type(notice).__name__.lower()))
