"""What the end of the program, and a fork of it, mean for the connections that are open."""

from __future__ import annotations

import atexit
import os
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

_EXIT_TIMEOUT = 1.0
"""Seconds that the end of the program may wait for all connections together."""

_ABORT_TIMEOUT = 0.5
"""Seconds for threads to end whose network connection was aborted."""


class Closable(Protocol):
    """What is asked of a connection here."""

    def begin_disconnect(self) -> None:
        """Begin to end the connection for good, without waiting for its threads."""

    def join_threads(self, deadline: float) -> None:
        """Wait for the end of its threads until ``deadline``."""

    def abort_link(self) -> None:
        """End whatever is still under way on the network."""

    def forget(self) -> None:
        """Become unusable without touching the network."""


_open: weakref.WeakSet[Closable] = weakref.WeakSet()


def keep_track(connection: Closable) -> None:
    """Have a connection ended with the program, and forgotten in a child process."""
    _open.add(connection)


def finish(connections: Sequence[Closable], timeout: float) -> None:
    """Wait for the threads of connections, then end what they wait for; a handler that blocks is left behind."""
    deadline = time.monotonic() + timeout
    for connection in connections:
        connection.join_threads(deadline)
    for connection in connections:
        connection.abort_link()
    for connection in connections:
        connection.join_threads(deadline + _ABORT_TIMEOUT)


def forget_all() -> None:
    """Forget all connections: they belong to the process that this one was forked from."""
    for connection in list(_open):
        connection.forget()
    _open.clear()


@atexit.register
def disconnect_all() -> None:
    """Tell the servers at the end of the program; all connections share one deadline."""
    connections = list(_open)
    for connection in connections:
        with suppress(Exception):
            connection.begin_disconnect()
    finish(connections, _EXIT_TIMEOUT)


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=forget_all)
