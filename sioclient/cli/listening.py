"""Listening: hearing what comes until there is a reason to stop; ``listen`` prints it, ``record`` keeps it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

from .. import Channel, WaitTimeout
from .failures import OK, UsageError, sending
from .inbox import LOOK, Acked, Heard, Inbox
from .lines import event_of
from .options import add_connection_options
from .parser import Parser, at_least, seconds
from .recording import ack_line, event_line
from .session import Session, connected
from .signals import Terminated

Show = Callable[[dict[str, Any]], None]


def add_listening_options(parser: Parser) -> None:
    """Declare the options."""
    parser.option("Listening", "-e", "--event", action="append", metavar="NAME", help="only events of this name")
    parser.option("Listening", "-c", "--count", type=at_least(1), metavar="N", help="stop after N events")
    parser.option("Listening", "--for", dest="seconds", type=seconds, metavar="S", help="stop after S seconds (5m, 1h)")
    parser.option(
        *("Listening", "--emit"),
        action="append",
        metavar="'EVENT ARG...'",
        help="send this whenever the connection is there (repeat it for more)",
    )
    parser.option(
        *("Listening", "--until-ack"),
        action="store_true",
        help="ask for the acknowledgement of what --emit sends, and stop when it came",
    )
    add_connection_options(parser, several_namespaces=True)


class Listening:
    """Hears what comes.

    Args:
        options: see ``add_listening_options``.
        url: where the server is.
        show: is called with each line of a recording.
        check: is called now and then; it may raise Closed.

    Attributes:
        heard: how many events came.
    """

    def __init__(
        self, options: argparse.Namespace, url: str, show: Show, check: Callable[[], None] = lambda: None
    ) -> None:
        self.heard = 0
        self._options, self._url, self._show, self._check = options, url, show, check
        self._emits = [event_of(line) for line in options.emit or []]
        if options.until_ack and not self._emits:
            raise UsageError("--until-ack is about what --emit 'EVENT ARG...' sends: give that, too")
        self._inbox = Inbox()
        self._acked: set[tuple[str, int]] = set()
        self._awaited = 0

    def run(self) -> int:
        """Hear until enough came, the time is over, or SIGTERM came.

        Raises:
            SocketIOError: there was no connection, or it ended.
            WaitTimeout: the time is over, but not everything came that was to come.
        """
        try:
            how = (self._url, self._options, self._inbox.hear, self._greet, self._report_gap)
            with connected(*how) as (session, channels), closing(self._inbox):
                self._awaited = len(self._emits) * len(channels)
                self._wait(session)
        except Terminated:
            pass
        return OK

    def _wait(self, session: Session) -> None:
        end = time.monotonic() + self._options.seconds if self._options.seconds else None
        while not self._is_enough():
            left = LOOK if end is None else end - time.monotonic()
            if left <= 0:
                self._end_in_time()
                return
            item = self._inbox.take(min(left, LOOK))
            if item is None:
                self._check()
                session.check()
            elif isinstance(item, Acked):
                self._show(ack_line(item.endpoint, item.number, item.args))
                self._acked.add((item.endpoint, item.number))
            elif isinstance(item, Heard):
                self._take(item)

    def _take(self, item: Heard) -> None:
        if self._options.event is None or item.name in self._options.event:
            self.heard += 1
            self._show(event_line(*item))

    def _is_enough(self) -> bool:
        if self._options.until_ack and len(self._acked) >= self._awaited:
            return True
        return self._options.count is not None and self.heard >= self._options.count

    def _end_in_time(self) -> None:
        wanted = self._options.count
        if wanted is not None:
            raise WaitTimeout(f"{self.heard} of {wanted} events came within {self._options.seconds:g} s")
        if self._options.until_ack:
            raise WaitTimeout(f"no acknowledgement came within {self._options.seconds:g} s")

    def _greet(self, channel: Channel) -> None:
        """Send what is to be sent whenever the channel is there, on the thread of the connection."""
        try:
            with sending():
                for number, (name, args) in enumerate(self._emits, 1):
                    acked = partial(self._put_ack, channel.endpoint, number) if self._options.until_ack else None
                    channel.emit(name, *args, callback=acked)
        except Exception as error:
            self._inbox.put(error)

    def _report_gap(self, attempts: int) -> None:
        self._options.notes.note("sioclient: the connection was lost, and is back: what came meanwhile is missing")

    def _put_ack(self, endpoint: str, number: int, *args: Any) -> None:
        self._inbox.put(Acked(endpoint, number, list(args)))
