"""sioclient serve."""

from __future__ import annotations

import argparse
from typing import Any

from ..recordings import Recorded
from .failures import OK, Missing, UsageError
from .parser import Parser, at_least
from .recording import read_recording
from .replay import add_speed_option

SYNOPSIS = ""

DESCRIPTION = """
Runs a server until Ctrl-C, for clients of every generation: socket.io 0.7 to
4.x and python-socketio. With --revisions 1 it is one of socket.io 0.9, as old
devices have. What clients send is printed on stdout, a line of JSON for each
event.

It needs tornado: pip install sioclient[server]
"""

EXAMPLES = """
sioclient serve
sioclient serve --echo --port 9000 | jq .args
sioclient serve --chat                 # join it with a browser
sioclient serve --replay session.jsonl --speed 2
sioclient serve --revisions 1          # as a server of socket.io 0.9
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
    parser.option(
        *(section, "--revisions"),
        type=revisions,
        metavar="N,N",
        values=("1", "4", "5"),
        help="whom to serve: 1: socket.io 0.7 to 0.9; 4: 1.x and 2.x; 5: 3.x and 4.x (default: all)",
    )
    add_speed_option(parser)


def revisions(word: str) -> tuple[int, ...]:
    """Return the revisions in a word such as ``1,5``, for the ``type`` of the option."""
    names = word.split(",")
    if not set(names) <= {"1", "4", "5"}:
        raise argparse.ArgumentTypeError(f"must be out of 1, 4 and 5, such as 1,5, not {word!r}")
    return tuple(map(int, names))


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    chosen = [name for name in ("example", "echo", "chat", "replay") if getattr(options, name)]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} are two servers: choose one")
    recorded = read_recording(options.replay) if options.replay is not None else []
    if options.revisions == (1,):
        _check_bytes(recorded)
    try:
        from ..server import SocketServer
        from .applications import application, routes
    except ModuleNotFoundError as error:
        raise Missing(f"a server needs {error.name}: pip install 'sioclient[server]'") from error
    what = (chosen or ["example"])[0]
    settings = {} if options.revisions is None else {"revisions": options.revisions}
    main: Any = application(what, options.output, recorded, options.speed)
    try:
        server = SocketServer(main, options.port, options.host, routes=routes(what), **settings)
    except (OSError, OverflowError, ValueError) as error:
        raise UsageError(
            f"cannot listen on {options.host}, port {options.port}: {error} (--port 0 takes a free one)"
        ) from error
    options.notes.note(f"sioclient: serving {what} at {server.url} (Ctrl-C ends it)")
    server.run()
    return OK


def _check_bytes(recorded: list[Recorded]) -> None:
    for step in recorded:
        if not step.is_sent and _has_bytes(step.args):
            raise UsageError(f"{step.name!r} has bytes in its arguments, which revision 1 cannot carry")


def _has_bytes(value: Any) -> bool:
    if isinstance(value, (list, dict)):
        return any(map(_has_bytes, value.values() if isinstance(value, dict) else value))
    return isinstance(value, bytes)
