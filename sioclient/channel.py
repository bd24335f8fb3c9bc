"""The verbs of a user on one endpoint, and what runs when something arrives there."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from typing import Any

from .emitter import Emitter
from .fronts.channelbase import ChannelBase
from .fronts.dispatch import Dispatcher
from .fronts.functions import explained, spread
from .names import Name
from .options import auth_data, check_timeout
from .protocol.notices import Notice
from .protocol.packets import Event
from .threads.watcher import Watchers

logger = logging.getLogger("sioclient")


class Channel(ChannelBase[None], Emitter):
    """One endpoint of a connection: made by ``SocketIO.channel`` or ``SocketIO.connect``.

    Attributes:
        endpoint: the endpoint's name, empty for the default one.
    """

    def open(self, timeout: float | None = 10, *, wait: bool = True) -> None:
        """Ask the server to join us to this endpoint, and return when it has; works in a handler too.

        Functions and handler stay from one time to the next. On a channel that is open, this does nothing.

        Args:
            timeout: seconds for the server's confirmation, since old servers say nothing about endpoints that they do
                not have; None: as long as the connection lasts.
            wait: whether to wait for the confirmation; if not, ``on_connect`` and ``on_connect_error`` tell.

        Raises:
            ChannelError: the server refused or did not confirm.
            NotConnected: ``SocketIO.open`` was not called yet, or the connection has ended.
            LocalProtocolError, TypeError: there can be no endpoint of this name.
        """
        check_timeout(timeout)
        if self._joined is not None and self.is_wanted:
            if wait:
                self._connection.joins.wait_for(self._joined)
            return
        owner, channels, is_asked = weakref.ref(self), self._channels, False
        data = auth_data(self._auth)
        connection = self._newest_connection()
        try:
            channels.begin_hearing(self, connection)
            channels.keep(self)
            joined = connection.joins.ask(self.endpoint, self._query, timeout, owner, self._auth, data)
            is_asked = True
            self.change_connection(connection, joined)
            if wait:
                connection.joins.wait_for(joined)
        except BaseException as problem:
            has_left = not isinstance(problem, Exception) and connection.joins.leave_unheld(self.endpoint, owner)
            if not (is_asked or has_left):  # else a last notice follows
                channels.end_hearing(self)
            raise

    def call(self, name: Name, *args: Any, timeout: float | None = 60) -> Any:
        """Send an event and wait for the server's acknowledgement; works in a handler too.

        Args:
            name: the event's name.
            args: values that JSON can hold.
            timeout: seconds to wait, in all; None: as long as the connection lasts. With the option ``retries``, the
                event is written again within this time, and comes after all that was emitted before.

        Returns:
            None, the one value, or a tuple of several.

        Raises:
            AckTimeout: it did not come in time.
            ConnectionLost: it can come no more.
            NotConnected, BufferFull, ChannelError, LocalProtocolError, TypeError: see ``emit``.
        """
        check_timeout(timeout)
        number = self._connection.new_id(self.endpoint)
        packet = Event(name, list(args), self.endpoint, number, True)
        if self._dispatcher.any_outgoing:
            self._show(name, args)
        values = self._connection.call(packet, self._joined, timeout)
        return values[0] if len(values) == 1 else tuple(values) or None

    def disconnect(self) -> None:
        """Leave this endpoint; the connection stays. ``open`` joins it again."""
        self._leave()

    def _make_watchers(self, dispatcher: Dispatcher) -> Watchers:
        return Watchers(dispatcher, self.address)

    def _watching(self, timeout: float | None) -> Watchers:
        check_timeout(timeout)
        self._connection.check_may_wait()
        watchers: Watchers = self._watchers
        return watchers

    # On the listener thread

    def deliver(self, notice: Notice) -> None:
        """Run the user's functions for what happened on this endpoint."""
        if type(notice) is not Event:  # as nearly all are
            for function in self._note(notice):
                self.run("error", function, str(notice.error), "")  # type: ignore[union-attr]
        if self._dispatcher.any and (heard := self._heard_by_any(notice)):
            for function in list(self._dispatcher.any):
                self.run(heard[0], function, *heard)
        name, functions, args, wants_ack = self._dispatcher.find(notice, self)
        failed, result, spreads = False, None, len(args) == 1 and type(args[0]) is list
        for function in functions:
            try:
                returned = function(*(spread(function, args) if spreads else args))
                if result is None:
                    result = returned
            except (Exception, SystemExit) as error:
                self._on_exception(name, explained(error, function, args))
                failed = True
        if wants_ack and not failed:
            self._acknowledge(notice, result)  # type: ignore[arg-type]

    def run(self, name: str, function: Callable[..., Any], *args: Any) -> None:
        """Call a function of the user."""
        try:
            function(*args)
        except (Exception, SystemExit) as error:
            self._on_exception(name, explained(error, function, list(args)))
