"""What went wrong, for a person at a shell: one line that says what to do, and an exit status."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from .. import (
    AckTimeout,
    ChannelError,
    ConnectError,
    ConnectionLost,
    HandshakeRejected,
    LocalProtocolError,
    NotConnected,
    SocketIOError,
    WaitTimeout,
)
from .text import encoded

OK, FAULT, USAGE, NO_CONNECTION, NO_REPLY, REFUSED, TERMINATED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 143, 130

STATUSES = """
  0    everything that was asked for was done
  1    a fault of sioclient itself, or of a file
  2    this cannot be done as it was typed
  3    no connection came about, or it was lost, or the server ended it
  4    no acknowledgement, no event, or no word on a namespace came in time
  5    the server refused us
  130  Ctrl-C; 143: SIGTERM, unless that is the way to end a command
""".strip("\n")


class UsageError(Exception):
    """What was typed cannot be done; the text says what can."""


class Missing(UsageError):
    """A package is not installed that is needed for this."""


@contextmanager
def sending() -> Iterator[None]:
    """Raise UsageError for what the server's generation cannot be told, in the block that tells it."""
    try:
        yield
    except LocalProtocolError:
        raise
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from error


_IN_WORDS_OF_A_SHELL = [
    ("see auth=, params= and headers={'Origin': ...}", "see --auth, -u, -q and -H 'Origin: ...'"),
    ("see auth=, headers=, cookies= and params=", "see -u, --auth, -H, --cookie and -q"),
    ("parser='msgpack'", "--parser msgpack"),
    ('parser="msgpack"', "--parser msgpack"),
    (": use params= (for HTTP, auth= is a pair of user and password)", ": use -q (for HTTP, use -u)"),
    ("auth= came with", "--auth came with"),
    (", or give secure=True", ""),
    (" (secure=True)", ""),
    (" (secure=False)", ""),
    (
        "give verify= an ssl.SSLContext that allows them",
        "a program in Python can allow them, with verify=ssl.SSLContext",
    ),
    ("See verify=", "See --cacert and -k"),
    ("params=", "-q"),
    ("headers=", "-H"),
    ("cookies=", "--cookie"),
    ("proxies=", "-x"),
    ("revision=", "--revision"),
    ("resource=", "--path"),
    ("parser=", "--parser"),
    ("transports=", "-t"),
    ("retries=", "--resend"),
]
"""Options of Python in errors of the library, and what they are called here; the first that fits comes first."""

_CONNECT = re.compile(r'call connect\("([^"]*)"\)')


def explained(error: Exception) -> tuple[int, str]:
    """Return the exit status for an error, and a line about it."""
    text = str(error) or type(error).__name__
    if isinstance(error, SocketIOError):
        text = in_words_of_a_shell(text)
        if error.data is not None and encoded(error.data) not in text:
            text = f"{text} {encoded(error.data)}"
    if isinstance(error, AckTimeout):
        text = f"{text}: does the server acknowledge this event, and so soon? See --timeout"
    status = _status(error)
    if status == FAULT and not isinstance(error, OSError):
        text = f"a fault of sioclient, please report it ({type(error).__name__}: {text}); -vv shows more"
    return status, " ".join(text.split())


def in_words_of_a_shell(text: str) -> str:
    """Return an error's text with options as they are called here."""
    for python, shell in _IN_WORDS_OF_A_SHELL:
        text = text.replace(python, shell)
    return _CONNECT.sub(r"give -n \1", text)


def _status(error: Exception) -> int:
    if isinstance(error, (UsageError, LocalProtocolError)):
        return USAGE
    if isinstance(error, (AckTimeout, WaitTimeout)) or (isinstance(error, ChannelError) and error.timed_out):
        return NO_REPLY
    if isinstance(error, (HandshakeRejected, ChannelError)):
        return REFUSED
    return NO_CONNECTION if isinstance(error, (ConnectError, ConnectionLost, NotConnected)) else FAULT
