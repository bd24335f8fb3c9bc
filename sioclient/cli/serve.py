"""sioclient serve."""

from __future__ import annotations

import argparse
from typing import Any

from .failures import OK, Missing, UsageError
from .parser import Parser, at_least
from .recording import read_recording
from .replay import add_speed_option

SYNOPSIS = ""

DESCRIPTION = """
Runs a server until Ctrl-C. It speaks socket.io 0.9, as old devices do; every
client of sioclient finds that out. What clients send is printed on stdout, a
line of JSON for each event.

It needs tornado: pip install sioclient[server]
"""

EXAMPLES = """
sioclient serve
sioclient serve --echo --port 9000 | jq .args
sioclient serve --chat                 # join it with a browser
sioclient serve --replay session.jsonl --speed 2
"""


def add_options(parser: Parser) -> None:
    """Declare the options."""
    section = "Serving"
    parser.option(section, "--example", action="store_true", help="what the README's examples ask for (the default)")
    parser.option(
        section, "--echo", action="store_true", help="send back each event, and acknowledge it with its arguments"
    )
    parser.option(section, "--chat", action="store_true", help="a chat, with a page to join it from a browser")
    parser.option(
        *(section, "--replay"), metavar="FILE", help="what a server sent when sioclient record wrote this file"
    )
    parser.option(
        section, "-p", "--port", type=at_least(0), default=8000, help="where to listen; 0: anywhere (default: 8000)"
    )
    parser.option(section, "--host", default="127.0.0.1", help="0.0.0.0 admits other machines (default: 127.0.0.1)")
    add_speed_option(parser)


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    chosen = [name for name in ("example", "echo", "chat", "replay") if getattr(options, name)]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} are two servers: choose one")
    recorded = read_recording(options.replay) if options.replay is not None else []
    try:
        from ..server import SocketServer
        from .applications import application, routes
    except ModuleNotFoundError as error:
        raise Missing(f"a server needs {error.name}: pip install 'sioclient[server]'") from error
    what = (chosen or ["example"])[0]
    main: Any = application(what, options.output, recorded, options.speed)
    try:
        # docs/cli.md and the README say what a client of the first revision finds here.
        server = SocketServer(main, options.port, options.host, routes=routes(what), revisions=(1,))
    except (OSError, OverflowError, ValueError) as error:
        raise UsageError(
            f"cannot listen on {options.host}, port {options.port}: {error} (--port 0 takes a free one)"
        ) from error
    options.notes.note(f"sioclient: serving {what} at {server.url} (Ctrl-C ends it)")
    server.run()
    return OK
