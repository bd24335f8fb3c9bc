"""main: from the words of a command line to an exit status."""

from __future__ import annotations

import os
import re
import sys

from .. import __version__
from .commands import SUMMARIES, load, parser_of
from .failures import FAULT, INTERRUPTED, OK, STATUSES, TERMINATED, UsageError, explained
from .options import ENVIRONMENT, URL_HELP
from .output import Closed, silence, standard_output
from .parser import page
from .signals import Terminated, terminating
from .stderr import Notes
from .verbosity import LEVELS, narrated

_EXAMPLES = """
# What is it?
sioclient detect https://example.com
# Send, ask, listen
sioclient emit localhost:8000 subscribe weather
sioclient call localhost:8000 sum 1 2
sioclient listen localhost:8000 news | jq .args
# Talk to it (wscat -c URL)
sioclient connect localhost:8000
# Something to try this with
sioclient serve --example
""".strip()

_URL = re.compile(r"[a-z]+://.|:?\d+$|[\w.-]+:\d+", re.IGNORECASE)


def main(arguments: list[str] | None = None) -> int:
    """Run a command, and return the exit status."""
    open_what_is_closed()
    typed = list(sys.argv[1:] if arguments is None else arguments)
    notes = Notes(no_color="--no-color" in typed)
    try:
        with terminating():
            return run(typed, notes)
    except Closed:
        silence()
        return OK
    except Terminated:
        return TERMINATED
    except SystemExit as end:  # of --help
        return int(end.code or 0)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        status, text = explained(error)
        notes.note(f"sioclient: {text}")
        if status == FAULT and "-vv" in typed:
            raise
        return status


def open_what_is_closed() -> None:
    """Open a standard stream that was closed when we were started (``>&-``), before a connection takes its place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - until the end


def run(typed: list[str], notes: Notes) -> int:
    """Run a command; what goes wrong is raised."""
    name, rest = command_of(typed)
    if name in ("help", "version"):
        standard_output().write(help_of(rest) if name == "help" else f"sioclient {__version__}\n")
        return OK
    parser = parser_of(name)
    options = parser.parse(rest)
    options.notes, options.parser_of, options.summaries = notes, parser_of, SUMMARIES
    options.output = standard_output(no_color=options.no_color)
    level = LEVELS[min(options.verbose, len(LEVELS) - 1)]
    with narrated(level, notes.show):
        return load(name).run(options)


def command_of(typed: list[str]) -> tuple[str, list[str]]:
    """Return the name of the command, and what was typed besides.

    Raises:
        UsageError: there is no such command.
    """
    if not typed:
        return "help", []
    place = next((place for place, word in enumerate(typed) if not word.startswith("-")), len(typed))
    before, words = typed[:place], typed[place:]
    if {"-V", "--version"} & set(before):
        return "version", []
    if {"-h", "--help"} & set(before) or not words:
        return "help", words
    name, rest = words[0], words[1:]
    if name in SUMMARIES or name in ("help", "version"):
        return name, [*before, *rest]
    if _URL.match(name):  # as in wscat -c URL
        return "connect", [*(word for word in before if word not in ("-c", "--connect")), *words]
    from difflib import get_close_matches

    close = get_close_matches(name, SUMMARIES, 1)
    guess = f"did you mean {close[0]}?" if close else f"there are {', '.join(SUMMARIES)}"
    raise UsageError(f"there is no command {name!r}: {guess} (see sioclient --help)")


def help_of(words: list[str]) -> str:
    """Return the help for a command, or for all."""
    if words and words[0] in SUMMARIES:
        return parser_of(words[0]).format_help()
    if words:
        command_of(words[:1])
    return page(
        name="sioclient - talk to Socket.IO servers of every generation from a shell",
        synopsis="sioclient COMMAND [WORD...] [OPTION...]\nsioclient URL      as sioclient connect URL",
        commands="\n".join(f"{name:<12}{summary}" for name, summary in SUMMARIES.items()),
        description=(
            "sioclient COMMAND --help says all about a command.\n"
            "It finds out by itself what a server speaks: socket.io 0.7 to 4.x.\n\n"
            f"{URL_HELP}\n\n"
            "Data go to stdout, a line of JSON each; all else goes to stderr.\n"
            "-v shows the life of a connection there, -vv every packet."
        ),
        environment=f"{ENVIRONMENT}\nNO_COLOR, HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY are heeded.",
        exit_status=STATUSES,
        examples=_EXAMPLES,
    )
