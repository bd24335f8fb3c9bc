"""What wakes a thread that waits for a socket: one descriptor where the system has eventfd, else a pair of sockets."""

from __future__ import annotations

import io
import os
import socket
import sys
from collections.abc import Callable
from typing import Protocol

_ONE = (1).to_bytes(8, sys.byteorder)

_eventfd: Callable[[int, int], int] | None = getattr(os, "eventfd", None)


class WakerEnd(Protocol):
    """What both kinds have in common with a socket; nothing of it blocks."""

    def send(self, data: bytes) -> int | None: ...

    def recv(self, size: int) -> bytes | None: ...

    def fileno(self) -> int: ...

    def close(self) -> None: ...


class _EventFd(io.FileIO):
    """Both ends at once: what was sent any number of times is received once."""

    def send(self, data: bytes) -> int | None:
        try:
            return self.write(_ONE)
        except ValueError as error:
            raise OSError("closed") from error

    def recv(self, size: int) -> bytes | None:
        return self.read(8)


def make_waker() -> tuple[WakerEnd, WakerEnd]:
    """Return the end to send to and the end that becomes readable; they may be the same."""
    if _eventfd is not None:
        both = _EventFd(_eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC), "r+")
        return both, both
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    return ours, theirs
