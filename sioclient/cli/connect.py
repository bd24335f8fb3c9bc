"""sioclient connect."""

from __future__ import annotations

import argparse

from .console import Console, find_readline, is_interactive
from .conversation import HELP
from .interactive import Interactive
from .options import ENVIRONMENT, URL_HELP, add_connection_options
from .parser import Parser, seconds
from .script import Script

SYNOPSIS = "URL"

DESCRIPTION = f"""
Connects, sends what you type, and shows above it what comes:

  > subscribe weather
  < news "weather" {{"title": "Sun"}}

{HELP}

The arrows find what was typed before, also in sessions before; Tab completes
the names of events that were seen or sent. The history is in
~/.local/state/sioclient/history, or where SIOCLIENT_HISTORY says.

If the lines come from a pipe, what the server sends is printed as by listen.

{URL_HELP}

{ENVIRONMENT}
"""

EXAMPLES = """
sioclient connect localhost:8000
sioclient connect https://example.com -n /chat --auth '{"token": "x"}'
sioclient connect localhost:8000 --record session.jsonl
echo '/ack sum 1 2' | sioclient connect localhost:8000
"""


def add_options(parser: Parser) -> None:
    """Declare the options."""
    parser.option("Talking", "--record", metavar="FILE", help="write what is sent, and what comes, into a file")
    parser.option(
        *("Talking", "--for"),
        dest="seconds",
        type=seconds,
        default=1.0,
        metavar="S",
        help="stay S seconds after the last line of a pipe (default: 1)",
    )
    add_connection_options(parser, several_namespaces=True)


def run(options: argparse.Namespace) -> int:
    """Talk to the server."""
    if not is_interactive():
        return Script(options).run(options.words[0])
    with Console(options.output, find_readline()) as console:
        return Interactive(options, console).run(options.words[0])
