"""sioclient listen."""

from __future__ import annotations

import argparse
from typing import Any

from .listening import Listening, add_listening_options
from .options import ENVIRONMENT, URL_HELP
from .parser import Parser

SYNOPSIS = "URL [EVENT...]"

DESCRIPTION = f"""
Prints each event that a server sends as a line of JSON, until Ctrl-C or
SIGTERM, or until nobody reads it any more:

  {{"event": "news", "args": ["weather"], "endpoint": "", "time": 1700000000.1}}

If there are EVENTs, only those of these names; --event says the same.
Bytes are {{"$base64": "AP8="}}. A message is an event called message.
Many servers send nothing before they were asked: see --emit.

{URL_HELP}

{ENVIRONMENT}
"""

EXAMPLES = """
sioclient listen localhost:8000
sioclient listen localhost:8000 news --emit 'subscribe weather'
sioclient listen localhost:8000 -n /chat -n /game --retry
sioclient listen localhost:8000 --count 10 | jq -r '.args[0]'
sioclient listen localhost:8000 price --raw | while read -r price; do
    echo "now $price"; done
sioclient listen localhost:8000 --emit 'start job' --until-ack
"""


def add_options(parser: Parser) -> None:
    """Declare the options."""
    parser.option("Output", "-r", "--raw", action="store_true", help="print the arguments alone, texts as they are")
    add_listening_options(parser)


def run(options: argparse.Namespace) -> int:
    """Print what comes."""

    def show(line: dict[str, Any]) -> None:
        if options.raw:
            options.output.raw(*line["args" if "args" in line else "ack"])
        else:
            options.output.value(line)

    url, *names = options.words
    options.event = [*(options.event or []), *names] or None
    return Listening(options, url, show, options.output.check).run()
