"""What a SocketIO or an EngineIO, the owner of one connection after the other, has to do with them."""

from __future__ import annotations

import warnings
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

from ..errors import SocketIOError
from .steps import Steps

Done = TypeVar("Done")
"""What a verb of a front returns when there is nothing to return: None, or what is awaited."""


class Closable(ABC, Generic[Done]):
    """What can be disconnected."""

    @abstractmethod
    def disconnect(self) -> Done:
        """End it, until it is opened again."""

    def close(self) -> Done:
        """Do what ``disconnect`` does: another name for it."""
        return self.disconnect()


def waiting_for_end(current: Callable[[], Any], seconds: float | None, clock: Callable[[], float]) -> Steps[str | None]:
    """Wait until the current connection has ended and no other came in its place; see ``Connection.wait``."""
    deadline, first = None if seconds is None else clock() + seconds, current()
    while True:
        connection = current()
        left = None if deadline is None else max(deadline - clock(), 0)
        try:
            ended_by: str | None = yield partial(connection.wait, left, will_open=connection is not first)
        except SocketIOError:
            if connection is current():
                raise
        else:
            if ended_by is None or connection is current():
                return ended_by


def end_when_forgotten(owner: object, connection: Any, address: str) -> weakref.finalize[Any, Any]:
    """End the connection when its owner is gone, and warn that nobody did so before; return what does so.

    At the end of the program the connection ends by itself.
    """
    finalizer = weakref.finalize(owner, _abandon, connection, type(owner).__name__, address)
    finalizer.atexit = False
    return finalizer


def _abandon(connection: Any, owner: str, address: str) -> None:
    try:
        is_open = connection.is_open
    except RuntimeError:
        return  # after a fork, the connection is that of the parent process
    if not is_open:
        return
    told = f"{owner}({address!r}) was never disconnected: use it in a with block"
    connection.abandon(f"{told}, or keep it in a variable. Nothing refers to it any more, so the connection ends")
    warnings.warn(told, ResourceWarning, stacklevel=1)  # last, as it may be made an error
