"""What the log says of a connection that a ``SocketIO`` has."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Protocol

from ..errors import SocketIOError
from ..protocol.notices import Connected, Dropped, Ended, Notice, Retrying, TransportClosed

logger = logging.getLogger("sioclient")


class Link(Protocol):
    """What is asked of a connection here."""

    @property
    def address(self) -> str: ...

    @property
    def transport_name(self) -> str | None: ...

    @property
    def revision(self) -> int | None: ...


def log_notice(notice: Notice, link: Link) -> None:
    """Log what happened to a connection: at INFO how it fares, and what was malformed as a warning.

    Whatever a handler of the log raises, the notice has yet to reach the functions that are for it.
    """
    with suppress(BaseException):
        _log(notice, link)


def log_step(text: str, *values: object) -> None:
    """Log a step of an attempt to connect, which goes on whatever a handler of the log raises."""
    with suppress(BaseException):
        logger.info(text, *values)


def _log(notice: Notice, link: Link) -> None:
    address = link.address
    if isinstance(notice, Dropped):
        problem, text = notice.example.problem, notice.example.text
        logger.warning("dropped %d malformed packets, the last: %.200r (%.200s)", notice.count, text, problem)
    elif isinstance(notice, Ended):
        logger.info("%s: the connection has ended: %s", address, text_of_end(notice))
    elif isinstance(notice, TransportClosed):
        logger.info("%s: disconnected: %.200s", address, notice.reason)
    elif isinstance(notice, Connected) and not notice.endpoint:
        logger.info("%s: connected over %s, revision %s", address, link.transport_name, link.revision)
    elif isinstance(notice, Retrying):
        level = level_of(notice.error)
        logger.log(level, "%s: attempt %d in %.1f s: %s", address, notice.attempt, notice.delay, notice.error)


def level_of(error: SocketIOError) -> int:
    """Return how loud to say that an attempt failed so: what would be final at first, somebody may have to mend."""
    return logging.INFO if getattr(error, "retryable", True) else logging.WARNING


def text_of_end(notice: Ended) -> str:
    """Return why a connection has ended, in words for the log."""
    if notice.error is not None:
        return str(notice.error)
    if notice.by == "server":
        return "the server disconnected us (with reconnect_when_kicked=True, the client would connect again)"
    return "as wanted"
