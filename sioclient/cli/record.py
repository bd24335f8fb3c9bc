"""sioclient record."""

from __future__ import annotations

import argparse
from contextlib import ExitStack

from .listening import Listening, add_listening_options
from .options import ENVIRONMENT, URL_HELP
from .parser import Parser
from .recorder import Recorder

SYNOPSIS = "URL FILE"

DESCRIPTION = f"""
Writes each event that a server sends into a file, as listen prints it, until
Ctrl-C or SIGTERM. FILE is written anew; - is stdout.

sioclient replay sends the events of such a file, sioclient serve --replay is
a server that sends them. What is sent, too, is recorded by
sioclient connect URL --record FILE.

{URL_HELP}

{ENVIRONMENT}
"""

EXAMPLES = """
sioclient record localhost:8000 session.jsonl --emit 'subscribe weather'
sioclient record https://example.com morning.jsonl --for 1h --retry
sioclient serve --replay session.jsonl
"""


def add_options(parser: Parser) -> None:
    """Declare the options."""
    add_listening_options(parser)


def run(options: argparse.Namespace) -> int:
    """Write what comes."""
    url, name = options.words
    with ExitStack() as stack:
        write = options.output.value if name == "-" else stack.enter_context(Recorder(name)).write
        listening = Listening(options, url, write, options.output.check if name == "-" else lambda: None)
        try:
            return listening.run()
        finally:
            options.notes.note(f"sioclient: {listening.heard} events in {name}")
