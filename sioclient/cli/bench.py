"""sioclient bench."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from .. import Channel
from .arguments import HELP, add_argument_options, argument_lists, split_words
from .failures import OK, sending
from .load import Load
from .options import ENVIRONMENT, URL_HELP, add_connection_options
from .parser import Parser, at_least, seconds
from .progress import Progress
from .session import target

SYNOPSIS = "URL [EVENT] [ARG...]"

DESCRIPTION = f"""
Opens connections one after the other, then measures round trips on each, one
at a time, then how many events a second are acknowledged with many at once.
EVENT must be one that the server acknowledges (default: echo hello). Prints a
table on a terminal, and a line of JSON elsewhere.

This is a first look, from one process of Python, which takes some of the time
itself: for the load of thousands of users see Locust.

{HELP}

{URL_HELP}

{ENVIRONMENT}
"""

EXAMPLES = """
sioclient bench localhost:8000
sioclient bench localhost:8000 sum 1 2 -c 50 -d 10
sioclient bench https://example.com whoami | jq .round_trip_ms
"""

SHARES = (50, 90, 99)
"""The percentiles that are printed."""


def add_options(parser: Parser) -> None:
    """Declare the options."""
    section = "Measuring"
    parser.option(
        section, "-c", "--connections", type=at_least(1), default=10, metavar="N", help="how many (default: 10)"
    )
    parser.option(
        *(section, "-d", "--duration"),
        type=seconds,
        default=4.0,
        metavar="S",
        help="seconds of both measurements after the connects (default: 4)",
    )
    parser.option(
        *(section, "--at-once"),
        type=at_least(1),
        default=100,
        metavar="N",
        help="events of each connection on their way at once in the second (default: 100)",
    )
    add_argument_options(parser)
    add_connection_options(parser)


def run(options: argparse.Namespace) -> int:
    """Measure, and print what came out."""
    (url, *names), words = split_words(options.words, 2)
    name = names[0] if names else "echo"
    (args,) = argument_lists(words if names else ["hello"])
    with target(url, options) as channel, sending():
        channel.call(name, *args, timeout=options.timeout)  # is it acknowledged? And all modules are loaded now
    with ExitStack() as stack:
        progress = stack.enter_context(Progress())
        channels, connects = _connect(options, url, stack, progress)
        one = Load(channels, name, args, 1).run(options.duration / 2, progress)
        many = Load(channels, name, args, options.at_once).run(options.duration / 2, progress)
    socket = channels[0]
    figures = {
        "url": socket.address,
        "connections": len(channels),
        "connects_per_second": round(len(connects) / sum(connects), 1),
        "connect_ms": percentiles(connects),
        "round_trip_ms": percentiles(one.latencies),
        "round_trips_per_second": round(one.per_second),
        "events_per_second": round(many.per_second),
        "event_ms": percentiles(many.latencies),
    }
    if options.output.is_terminal:
        options.output.line(table(figures))
    else:
        options.output.value(figures)
    return OK


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return percentiles and the maximum of times, in milliseconds."""
    ordered = sorted(values)
    found = {f"p{share}": ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in SHARES}
    return {name: round(value * 1000, 2) for name, value in {**found, "max": ordered[-1]}.items()}


def table(figures: dict[str, Any]) -> str:
    """Return the figures for a person."""

    def row(title: str, per_second: float, times: dict[str, float]) -> str:
        return f"{title:<14}{per_second:>10,.0f}" + "".join(f"{value:>10.2f}" for value in times.values())

    head = f"{'':<14}{'per second':>10}" + "".join(f"{name + ' ms':>10}" for name in figures["connect_ms"])
    return "\n".join(
        [
            f"{figures['url']}, {figures['connections']} connections",
            head,
            row("connects", figures["connects_per_second"], figures["connect_ms"]),
            row("round trips", figures["round_trips_per_second"], figures["round_trip_ms"]),
            row("events", figures["events_per_second"], figures["event_ms"]),
        ]
    )


def _connect(
    options: argparse.Namespace, url: str, stack: ExitStack, progress: Progress
) -> tuple[list[Channel], list[float]]:
    """Open the connections one after the other; return their channels, and how long each took."""
    channels: list[Channel] = []
    took: list[float] = []
    for number in range(options.connections):
        begun = time.perf_counter()
        channels.append(stack.enter_context(target(url, options)))
        took.append(time.perf_counter() - begun)
        progress.show("connects", (number + 1) / options.connections)
    return channels, took
