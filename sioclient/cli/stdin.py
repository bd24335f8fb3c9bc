"""The standard input, read by a thread of its own, for who waits for other things, too."""

from __future__ import annotations

import os
import sys
import threading

from .inbox import Inbox, Typed

_CHUNK = 2**16


def read_stdin(inbox: Inbox) -> None:
    """Put the lines of the standard input into an inbox, as they come, and their end."""
    threading.Thread(target=_read, args=(inbox,), name="sioclient stdin", daemon=True).start()


def _read(inbox: Inbox) -> None:
    rest = b""
    try:
        # Not through sys.stdin: Python cannot end while a thread waits in its buffer.
        while chunk := os.read(sys.stdin.fileno(), _CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                inbox.put(Typed(line.decode(errors="replace").rstrip("\r")))
        if rest:
            inbox.put(Typed(rest.decode(errors="replace")))
    except OSError as error:
        inbox.put(error)
    inbox.put(Typed(None))
