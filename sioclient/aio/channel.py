"""The verbs of a user on one endpoint, to be awaited, and what runs when something arrives there."""

from __future__ import annotations

import weakref
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ..fronts.channelbase import ChannelBase
from ..fronts.dispatch import Dispatcher
from ..fronts.functions import spread
from ..fronts.watcherbase import one_value
from ..names import Name
from ..options import check_timeout, given_data
from ..protocol.notices import Notice
from ..protocol.packets import Event
from .steps import begin_steps, run_steps
from .watcher import Events, Watchers


class Channel(ChannelBase[Coroutine[Any, Any, None]]):
    """One endpoint of a connection: made by ``SocketIO.channel`` or ``SocketIO.connect``.

    It is ``sioclient.Channel``, whose verbs are awaited here. Functions and methods that are called may be coroutine
    functions.
    """

    awaits = True

    async def open(self, timeout: float | None = 10, *, wait: bool = True) -> None:
        """Ask the server to join us to this endpoint, and return when it has; see the threaded ``Channel.open``."""
        check_timeout(timeout)
        data = None if self._auth is None else await run_steps(given_data(self._auth))
        if self._joined is None or not self.is_wanted:
            connection = self._newest_connection()
            self._channels.begin_hearing(self, connection)
            self._channels.keep(self)
            try:
                joined = connection.joins.ask(self.endpoint, self._query, timeout, weakref.ref(self), self._auth, data)
            except BaseException:
                self._channels.end_hearing(self)
                raise
            self.change_connection(connection, joined)
        if wait:
            await self._connection.joins.wait_for(self._joined)

    async def call(self, name: Name, *args: Any, timeout: float | None = 60) -> Any:
        """Send an event, and return what the server acknowledges it with; see the threaded ``Channel.call``.

        It works in a handler too. If it is cancelled, nobody waits for the acknowledgement any more.
        """
        check_timeout(timeout)
        packet = Event(name, list(args), self.endpoint, self._connection.new_id(self.endpoint), True)
        if self._dispatcher.any_outgoing:
            self._show(name, args)
        return one_value(await self._connection.call(packet, self._joined, timeout))

    async def wait_for(self, name: Name, timeout: float | None = None) -> Any:
        """Wait for the next event ``name`` and return its arguments as ``call`` does; see the threaded one."""
        events = self.events(name, timeout=timeout)
        try:
            return one_value((await events.next())[1])
        finally:
            events.close()

    def events(self, *names: Name, timeout: float | None = None) -> Events:
        """Iterate over the events of these names, or over all if none is named, with ``async for``.

        Events count from this call on. The iteration ends when the connection or this channel does; ``close`` of what
        is returned ends it before. While nobody asks for the next event, a thousand are kept; then no function runs.

        Raises:
            WaitTimeout: in the iteration: none came within ``timeout`` seconds.
            LocalProtocolError: called in a handler, which the events would wait for.
        """
        check_timeout(timeout)
        self._connection.check_may_wait()
        return Events(self._watchers, names, timeout, is_over=not self.is_wanted)

    async def disconnect(self) -> None:
        """Leave this endpoint; the connection stays. ``open`` joins it again."""
        self._leave()

    def _make_watchers(self, dispatcher: Dispatcher) -> Watchers:
        return Watchers(dispatcher, self.address)

    # In the task that runs functions

    def deliver(self, notice: Notice) -> Awaitable[None] | None:
        """Run the user's functions for what happened on this endpoint; return what is to be awaited, if anything."""
        found = None
        if type(notice) is Event and notice.id is None and not self._dispatcher.any:  # as nearly all are
            name, functions, args, _ = found = self._dispatcher.find(notice, self)
            if len(functions) == 1:
                return begin_steps(self._called(name, functions[0], spread(functions[0], args)))
        return begin_steps(self._delivering(notice, found))

    def run(self, name: str, function: Callable[..., Any], *args: Any) -> Awaitable[None] | None:
        """Call a function of the user; return what is to be awaited, if anything."""
        return begin_steps(self._called(name, function, args))
