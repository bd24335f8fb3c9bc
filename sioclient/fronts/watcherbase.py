"""Keeps events until they are asked for: what ``wait_for`` and ``events`` of a channel stand on, in both fronts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..errors import ConnectionLost, WaitTimeout
from ..names import Name, check_name
from .dispatch import Dispatcher

MOST_WAITING = 1000
"""Events that wait to be asked for, before the listener waits for whoever asks."""


class WatcherBase(ABC):
    """Keeps events until they are asked for.

    Args:
        dispatcher: where events come from.
        names: of the events; none: all.
        address: where the server is, for messages.
        changed: wakes whoever waits for an event, or for room for one.

    Raises:
        TypeError: a name is neither text nor a whole number.
    """

    def __init__(self, dispatcher: Dispatcher, names: tuple[Name, ...], address: str, changed: Any) -> None:
        self._dispatcher, self._address, self._changed = dispatcher, address, changed
        self._names = [check_name(name) for name in names]  # all of them, before any function is registered
        self._events: deque[tuple[str, list[Any]]] = deque()
        self._ended = self._closed = False
        heard: list[str] | list[None] = self._names or [None]
        self._ears = [(name, self._make_ear(name)) for name in heard]
        for name, ear in self._ears:
            dispatcher.any.append(ear) if name is None else dispatcher.register(name, ear, is_event=True)

    def end(self) -> None:
        """No event follows."""
        self._ended = True
        self._changed.wake()

    def close(self) -> None:
        """Nobody asks any more."""
        self._closed = True
        self._changed.wake()
        for name, ear in self._ears:
            forget(self._dispatcher, name, ear)

    @abstractmethod
    def _make_ear(self, name: str | None) -> Callable[..., Any]:
        """Return the function that hears the events of a name, or all."""

    def _lost(self) -> ConnectionLost:
        return ConnectionLost(f"the connection to {self._address} ended before {self._what()} came")

    def _late(self, timeout: float | None) -> WaitTimeout:
        return WaitTimeout(f"{self._what()} did not come from {self._address} within {timeout:g} s")

    def _what(self) -> str:
        return " or ".join(map(repr, self._names)) or "an event"


def forget(dispatcher: Dispatcher, name: str | None, ear: Callable[..., Any]) -> None:
    """Let a function that heard the events of a name, or all, hear nothing more."""
    if name is not None:
        dispatcher.forget(name, ear)
    with suppress(ValueError):
        dispatcher.any.remove(ear)


def one_value(values: list[Any]) -> Any:
    """Return the arguments of an event, or what an acknowledgement carries, as a user gets them: None, one or a tuple.

    ``dispatch.ack_args`` is the way back.
    """
    return values[0] if len(values) == 1 else tuple(values) or None
