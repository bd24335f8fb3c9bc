"""The verbs with which a thread waits for what the server sends."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

from .fronts.registry import Registry
from .fronts.watcherbase import one_value
from .names import Name
from .threads.watcher import Watchers


class Emitter(Registry):
    """Calls that wait in the calling thread for what the server sends."""

    def wait_for(self, name: Name, timeout: float | None = None) -> Any:
        """Wait for the next event ``name`` and return its arguments as ``call`` does: None, the one value, or a tuple.

        Args:
            name: the event's name.
            timeout: seconds to wait; None: as long as the connection lasts.

        Raises:
            WaitTimeout: it did not come in time.
            ConnectionLost: the connection or this channel has ended.
            LocalProtocolError: called in a handler, which the event would wait for.
            TypeError, ValueError: the name or the time-out is none.
        """
        with self._watching(timeout).watch((name,), self._is_over) as watcher:
            _, args = watcher.next(timeout)
        return one_value(args)

    def events(self, *names: Name, timeout: float | None = None) -> Iterator[tuple[str, list[Any]]]:
        """Iterate over the events of these names, or over all if none is named, as pairs of name and arguments.

        Events count from this call on. The iteration ends when the connection or this channel does. While nobody asks
        for the next event, a thousand are kept; then the server is held back.

        Args:
            names: of the events.
            timeout: seconds to wait for each; None: as long as the connection lasts.

        Raises:
            WaitTimeout: none came in time.
            LocalProtocolError: called in a handler, which the events would wait for.
            TypeError, ValueError: a name or the time-out is none.
        """
        return self._watching(timeout).iterate(names, timeout, self._is_over)

    @abstractmethod
    def _watching(self, timeout: float | None) -> Watchers:
        """Return what has the threads that wait, or raise if one cannot wait now for so long."""
