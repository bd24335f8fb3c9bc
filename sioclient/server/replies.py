"""Who waits for the acknowledgement of a client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import SocketIOError


@dataclass(slots=True)
class Callbacks:
    """The application's functions: one gets the values, the other the error if none can come."""

    callback: Callable[..., Any] | None
    errback: Callable[[SocketIOError], Any] | None = None


class Call:
    """A coroutine that waits; it goes on as soon as the acknowledgement was read, ahead of what came before."""

    def __init__(self, future: asyncio.Future[Any]) -> None:
        self.future = future

    def succeed(self, args: list[Any]) -> None:
        """Hand over the values: None, the one value, or a tuple of several."""
        if not self.future.done():
            self.future.set_result(tuple(args) if len(args) > 1 else args[0] if args else None)

    def fail(self, error: SocketIOError) -> None:
        """Raise an error in the coroutine."""
        if not self.future.done():
            self.future.set_exception(error)
