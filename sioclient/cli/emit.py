"""sioclient emit."""

from __future__ import annotations

import argparse
import queue
import time
from collections.abc import Callable, Iterator
from typing import Any

from .. import Channel, SocketIOError
from .arguments import HELP, add_argument_options, argument_lists, split_words, standard_input
from .failures import OK, UsageError, sending
from .lines import event_of
from .marks import JSON, TEXT
from .options import ENVIRONMENT, URL_HELP, add_connection_options
from .parser import Parser, at_least, seconds
from .recording import parsed
from .session import target

SYNOPSIS = "URL EVENT [ARG...]"

DESCRIPTION = f"""
Connects, sends an event, and leaves when it is written. If EVENT is @-, each
line of the standard input is an event: as listen prints it, or EVENT ARG...

{HELP}

{URL_HELP}

{ENVIRONMENT}
"""

EXAMPLES = """
sioclient emit localhost:8000 subscribe weather
sioclient emit localhost:8000 move '{"x": 1, "y": 2}' -n /game
sioclient emit localhost:8000 'user message' --text 42
sioclient emit localhost:8000 photo cat.png -b @cat.png
tail -f log | sioclient emit localhost:8000 log @-
sioclient listen localhost:8000 | sioclient emit localhost:9000 @-
sioclient emit --send localhost:8000 hello
sioclient emit --wait-ack=5 localhost:8000 'save this' @document.json
sioclient emit --resend 3 --retry localhost:8000 reading 21.5
"""

MOST_AWAITED = 1000
"""Acknowledgements that are awaited at once; the next packet waits until one of them came."""


def add_options(parser: Parser) -> None:
    """Declare the options."""
    add_argument_options(parser)
    parser.option("Sending", "--send", action="store_true", help="send a message, which has no name: URL ARG")
    parser.option(
        *("Sending", "--wait-ack"),
        if_bare="0",
        type=at_least(0, float),
        metavar="[=S]",
        help="wait for the acknowledgement, S seconds (default: --timeout); exit status 4 if none comes",
    )
    parser.option(
        *("Sending", "--resend"),
        type=at_least(1),
        metavar="N",
        help="send it again until it is acknowledged, N times at most: at least once, one after the other",
    )
    parser.option("Sending", "--repeat", type=at_least(1), metavar="N", help="send it N times")
    parser.option("Sending", "--interval", type=seconds, metavar="S", help="seconds between two packets")
    add_connection_options(parser)


def run(options: argparse.Namespace) -> int:
    """Send what was typed."""
    heads, words = split_words(options.words, 1 if options.send else 2)
    if options.send and len([word for word in words if word not in (TEXT, JSON)]) != 1:
        raise UsageError("--send takes one ARG, and no name: sioclient emit --send URL ARG")
    name = None if options.send else heads[1]
    packets = repeated(packets_of(name, words, options.notes.doubt), options.repeat or 1)
    waits = options.wait_ack is not None or options.resend is not None
    acks = Acks(options.wait_ack or options.timeout, options.resend) if waits else None
    with target(heads[0], options) as channel:
        for number, (name, args) in enumerate(packets):
            if number and options.interval:
                time.sleep(options.interval)
            send(channel, name, args, acks)
        if acks is not None:
            acks.wait_below(1)
    return OK


def packets_of(
    name: str | None, words: list[str], doubt: Callable[[str], None]
) -> Iterator[tuple[str | None, list[Any]]]:
    """Return names and arguments of what is to be sent; a message has no name."""
    if name != "@-":
        return ((name, args) for args in argument_lists(words, doubt))
    if words:
        raise UsageError("@- as EVENT reads whole events, so no ARG may follow: sioclient emit URL @-")
    return map(recorded_or_typed, standard_input())


def recorded_or_typed(line: str) -> tuple[str | None, list[Any]]:
    """Return the event in a line: as ``listen`` prints it, or as it is typed in ``connect``."""
    if line.lstrip().startswith("{"):
        for event in parsed([line], "the standard input"):
            return event.name, event.args
    return event_of(line)


def repeated(packets: Iterator[Any], times: int) -> Iterator[Any]:
    """Yield each packet several times."""
    return (packet for packet in packets for _ in range(times))


class Acks:
    """The acknowledgements that are awaited.

    Args:
        timeout: seconds for each.
        resends: how often a packet is sent again while there is none.
    """

    def __init__(self, timeout: float, resends: int | None = None) -> None:
        self._timeout, self._resends = timeout, resends
        self._came: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._awaited = 0

    def keywords(self) -> dict[str, Any]:
        """Return what ``emit`` of a channel needs so that one more is awaited."""
        self._awaited += 1
        return {
            "callback": lambda *_: self._came.put(None),
            "errback": self._came.put,
            "timeout": self._timeout,
            "retries": self._resends,
        }

    def wait_below(self, most: int) -> None:
        """Wait until fewer than ``most`` are awaited.

        Raises:
            AckTimeout, ConnectionLost: one did not come.
        """
        while self._awaited >= most:
            try:
                outcome = self._came.get(timeout=1)  # not longer, so that Ctrl-C comes through on Windows
            except queue.Empty:
                continue
            self._awaited -= 1
            if isinstance(outcome, SocketIOError):
                raise outcome


def send(channel: Channel, name: str | None, args: list[Any], acks: Acks | None = None) -> None:
    """Send an event, or a message if there is no name."""
    if acks is not None:
        acks.wait_below(MOST_AWAITED)
    how = {} if acks is None else acks.keywords()
    with sending():
        if name is None:
            channel.send(args[0], **how)
        else:
            channel.emit(name, *args, **how)
