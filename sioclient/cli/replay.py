"""sioclient replay."""

from __future__ import annotations

import argparse
import time
from contextlib import closing
from functools import partial

from .. import SocketIOError
from ..recordings import Recorded
from .failures import NO_REPLY, OK, UsageError, sending
from .inbox import LOOK, Acked, Heard, Inbox
from .options import ENVIRONMENT, URL_HELP, add_connection_options
from .parser import Parser, at_least, seconds
from .recording import ack_line, event_line, read_recording
from .session import Session, connected

SYNOPSIS = "URL FILE"

DESCRIPTION = f"""
Sends the events of a recording to a server, with the pauses that they had,
and prints what comes as sioclient listen does. FILE is what sioclient record,
listen or connect --record has written; - is the standard input.

What the client had sent is sent again. If that is nothing, because only the
server had sent something, this is sent: so a feed can be played to another
server. Events whose acknowledgement was recorded ask for it again.

{URL_HELP}

{ENVIRONMENT}
"""

EXAMPLES = """
sioclient connect localhost:8000 --record session.jsonl
sioclient replay localhost:8000 session.jsonl
sioclient replay localhost:8000 session.jsonl --speed 10 --for 2 > now.jsonl
"""


def add_options(parser: Parser) -> None:
    """Declare the options."""
    add_speed_option(parser)
    parser.option("Replaying", "--for", dest="seconds", type=seconds, metavar="S", help="stay S seconds after the last")
    add_connection_options(parser)


def add_speed_option(parser: Parser) -> None:
    """Declare how fast a recording is played."""
    parser.option(
        *("Replaying", "--speed"),
        type=at_least(0, float),
        default=1.0,
        metavar="X",
        help="X times as fast; 0: without any pause (default: 1)",
    )


def run(options: argparse.Namespace) -> int:
    """Send what was recorded."""
    url, name = options.words
    recorded = read_recording(name)
    steps = [step for step in recorded if step.is_sent] or recorded
    if not steps:
        raise UsageError(f"{name} holds no event: sioclient record writes such files")
    return Replay(options, steps).run(url)


class Replay:
    """Sends events at their times.

    Args:
        options: of the command.
        steps: the events.
    """

    def __init__(self, options: argparse.Namespace, steps: list[Recorded]) -> None:
        self._options, self._steps = options, steps
        self._inbox = Inbox()
        self._awaited: set[int] = set()
        self._missed = 0

    def run(self, url: str) -> int:
        """Send all, then wait for acknowledgements, and for ``--for`` seconds."""
        with connected(url, self._options, self._inbox.hear) as (session, _), closing(self._inbox):
            for endpoint in {step.endpoint for step in self._steps} - set(session.channels):
                session.join(endpoint)
            begun, speed = time.monotonic(), self._options.speed
            for number, step in enumerate(self._steps, 1):
                pause = (step.time - self._steps[0].time) / speed if speed else 0
                self._show_until(begun + pause, session)
                self._send(session, number, step)
            self._show_until(time.monotonic() + (self._options.seconds or 0), session)
            while self._awaited:
                self._show(session, LOOK)
        return NO_REPLY if self._missed else OK

    def _send(self, session: Session, number: int, step: Recorded) -> None:
        channel = session.channels[step.endpoint]
        how = {}
        if step.ack is not None:
            self._awaited.add(number)
            how = {
                "callback": partial(self._acked, step.endpoint, number),
                "errback": partial(self._unacked, number),
                "timeout": self._options.timeout,
            }
        with sending():
            if step.name == "message" and len(step.args) == 1:
                channel.send(step.args[0], **how)
            else:
                channel.emit(step.name, *step.args, **how)

    def _show_until(self, moment: float, session: Session) -> None:
        while (left := moment - time.monotonic()) > 0:
            self._show(session, min(left, LOOK))

    def _show(self, session: Session, patience: float) -> None:
        item = self._inbox.take(patience)
        if isinstance(item, Heard):
            self._options.output.value(event_line(*item))
        elif isinstance(item, Acked):
            self._awaited.discard(item.number)
            self._options.output.value(ack_line(item.endpoint, item.number, item.args))
        else:
            self._options.output.check()
            session.check()

    def _acked(self, endpoint: str, number: int, *args: object) -> None:
        self._inbox.put(Acked(endpoint, number, list(args)))

    def _unacked(self, number: int, error: SocketIOError) -> None:
        self._missed += 1
        self._awaited.discard(number)
        self._options.notes.note(f"sioclient: {error}")
