"""sioclient call."""

from __future__ import annotations

import argparse
from typing import Any

from .arguments import HELP, add_argument_options, argument_lists, split_words
from .failures import OK, sending
from .options import ENVIRONMENT, URL_HELP, add_connection_options
from .parser import Parser
from .session import target

SYNOPSIS = "URL EVENT [ARG...]"

DESCRIPTION = f"""
Connects, sends an event, and prints as JSON what the server acknowledges it
with: null if that is nothing, a list if it is several values. The exit
status is 4 if no acknowledgement comes within --timeout.

{HELP}

{URL_HELP}

{ENVIRONMENT}
"""

EXAMPLES = """
sioclient call localhost:8000 sum 1 2
sioclient call localhost:8000 login @user.json --timeout 30 | jq .token
sioclient call localhost:8000 name -r
seq 3 | sioclient call localhost:8000 sum @- 100
"""


def add_options(parser: Parser) -> None:
    """Declare the options."""
    add_argument_options(parser)
    parser.option("Output", "-r", "--raw", action="store_true", help="print a text as it is, without quotes (as jq -r)")
    add_connection_options(parser)


def run(options: argparse.Namespace) -> int:
    """Send what was typed, and print what is acknowledged."""
    (url, name), words = split_words(options.words, 2)
    batches = argument_lists(words, options.notes.doubt)
    with target(url, options) as channel:
        for args in batches:
            with sending():
                value = channel.call(name, *args, timeout=options.timeout)
            show(options, value)
    return OK


def show(options: argparse.Namespace, value: Any) -> None:
    """Print what came."""
    if options.raw:
        options.output.raw(*(value if isinstance(value, tuple) else [value]))
    else:
        options.output.value(value)
