"""sioclient detect."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from .. import ServerInfo, detect
from .failures import OK, UsageError
from .options import ENVIRONMENT, URL_HELP, add_address_options, address_options, url_of
from .parser import Parser
from .text import printable

SYNOPSIS = "URL"

DESCRIPTION = f"""
Prints in a line which generation of Socket.IO a server speaks, which server
it probably is, and how it tells that its clients are alive. Nothing is
joined, and nothing stays open.

{URL_HELP}

{ENVIRONMENT}
"""

EXAMPLES = """
sioclient detect localhost:8000
sioclient detect --json https://example.com | jq .revision
"""


def add_options(parser: Parser) -> None:
    """Declare the options."""
    parser.option("Output", "--json", action="store_true", help="print all of it as JSON")
    add_address_options(parser)


def run(options: argparse.Namespace) -> int:
    """Ask the server, and print what it is."""
    try:
        info = detect(url_of(options.words[0]), **address_options(options))
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from error
    if options.json:
        options.output.value(asdict(info))
    else:
        options.output.line(printable(described(info)))
    return OK


def described(info: ServerInfo) -> str:
    """Return what a server is, in a line."""
    engine = f", Engine.IO {info.engine}" if info.engine is not None else ""
    transports = f"transports {', '.join(info.transports)}" if info.transports else "no transport"
    if info.heartbeat_timeout is None:
        alive = "no heartbeats"
    elif info.heartbeat_interval is None:
        alive = f"a heartbeat within {info.heartbeat_timeout:g} s"
    else:
        alive = f"a heartbeat each {info.heartbeat_interval:g} s, within {info.heartbeat_timeout:g} s"
    return f"{info.family}: revision {info.revision}{engine}; {transports}; {alive}"
