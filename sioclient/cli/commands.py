"""The table of commands."""

from __future__ import annotations

import argparse
from typing import Protocol

from .parser import Parser


class Command(Protocol):
    """What the module of a command has.

    Attributes:
        SYNOPSIS: the words behind its name.
        DESCRIPTION: what it does; lines of at most 77 columns.
        EXAMPLES: lines that can be typed, with comments.
    """

    SYNOPSIS: str
    DESCRIPTION: str
    EXAMPLES: str

    def add_options(self, parser: Parser, /) -> None:
        """Declare its options."""

    def run(self, options: argparse.Namespace, /) -> int:
        """Do it, and return the exit status."""


SUMMARIES = {
    "connect": "talk to a server: type events, see what comes",
    "emit": "send an event, or one for each line that comes from a pipe",
    "call": "send an event and print the acknowledgement",
    "listen": "print what a server sends, a line of JSON for each event",
    "detect": "find out what a server speaks",
    "record": "write what a server sends into a file",
    "replay": "send the events of such a file again",
    "serve": "run a server: an example, an echo, a chat, or a recording",
    "bench": "measure connects, round trips and events: a first look",
    "completion": "print a script with which a shell completes all this",
}
"""What each command does, by its name."""


def load(name: str) -> Command:
    """Return the module of a command. Nothing is loaded for the others: whoever starts a command waits for that."""
    if name == "connect":
        from . import connect

        return connect
    if name == "emit":
        from . import emit

        return emit
    if name == "call":
        from . import call

        return call
    if name == "listen":
        from . import listen

        return listen
    if name == "detect":
        from . import detect

        return detect
    if name == "record":
        from . import record

        return record
    if name == "replay":
        from . import replay

        return replay
    if name == "serve":
        from . import serve

        return serve
    if name == "bench":
        from . import bench

        return bench
    from . import completion

    return completion


def parser_of(name: str) -> Parser:
    """Return the parser of a command, with all its options."""
    command = load(name)
    parser = Parser(name, SUMMARIES[name], command.SYNOPSIS, command.DESCRIPTION, command.EXAMPLES)
    command.add_options(parser)
    parser.option(
        *("Output", "-v", "--verbose"),
        action="count",
        default=0,
        help="show the life of the connection on stderr; -vv: every packet",
    )
    parser.option("Output", "--no-color", action="store_true", help="no colours (as NO_COLOR in the environment)")
    parser.option("Output", "-h", "--help", action="help", help="show this help")
    return parser
