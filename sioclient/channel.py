"""The verbs of a user on one endpoint, and what runs when something arrives there."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from .channels import Channels, check_given
from .connection import Connection
from .dispatch import Dispatcher, ack_args, explained, spread
from .emitter import Emitter
from .errors import ChannelError, NotConnected, SocketIOError
from .handler import Handler, attach, check_handler
from .names import Name, name_text
from .options import auth_data, check_timeout
from .protocol.endpoints import Endpoint, Joining
from .protocol.notices import Dropped, Ended, JoinFailed, Left, Notice
from .protocol.packets import Event, Json, Message, UserPacket
from .records import log_notice
from .watcher import Watchers

logger = logging.getLogger("sioclient")


class Channel(Emitter):
    """One endpoint of a connection: made by ``SocketIO.channel`` or ``SocketIO.connect``.

    Attributes:
        endpoint: the endpoint's name, empty for the default one.
    """

    def __init__(
        self,
        connection: Connection,
        endpoint: str,
        handler: Handler[Any] | None,
        socket: Channel | None,
        channels: Channels,
        joined: Endpoint | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._dispatcher = Dispatcher(check_handler(handler))
        attach(self._dispatcher.handler, self)
        self._connection = connection
        self._socket = socket  # whoever holds a channel holds its connection
        self._channels = channels  # they keep this one while it is wanted: the threads of the connection hold none
        self._joined = joined
        self._query, self._auth = "", None
        self._next_handler: Handler[Any] | None = None  # when all is delivered that is for the one before
        self._resending = connection.resending
        self._watchers = Watchers(self._dispatcher, self.address)

    @property
    def handler(self) -> Handler[Any]:
        """Whose methods are called; another may take its place."""
        return self._dispatcher.handler

    @handler.setter
    def handler(self, handler: Handler[Any]) -> None:
        self._dispatcher.handler = check_handler(handler)
        attach(self._dispatcher.handler, self)
        self._keep()

    @property
    def connected(self) -> bool:
        """Whether the server has joined us to this endpoint."""
        return self._joined is not None and self._joined.state is Joining.OPEN

    @property
    def id(self) -> str | None:
        """The name that the server's application has for this channel, from socket.io 3.0 on; None: there is none."""
        found = self._joined.connect_data.get("sid") if self._joined is not None and self.connected else None
        return found if isinstance(found, str) else None

    @property
    def recovered(self) -> bool:
        """Whether the session is that of before the last loss, with all that was missed: socket.io 4.6 can do that."""
        return self._joined is not None and self._joined.recovered

    @property
    def address(self) -> str:
        """Where the server is, for messages."""
        return self._connection.address or "the server"

    @property
    def is_wanted(self) -> bool:
        """Whether this endpoint is connected, or will be when the connection is there."""
        return self._joined is not None and self._connection.joins.wants(self._joined)

    def give(self, handler: Handler[Any] | None, query: str | None, auth: Any) -> None:
        """Take what the user gives for this endpoint; None: nothing. For ``SocketIO.channel``.

        Raises:
            ChannelError: it has something else, and has not ended since.
            TypeError: the handler or the auth is none.
        """
        own = self._next_handler or (self.handler if type(self.handler) is not Handler else None)
        has_ended = self._joined is not None and not self.is_wanted
        if not has_ended:
            given = (("handler", handler, own), ("query", query, self._query), ("auth", auth, self._auth))
            check_given(self.endpoint, given)
        if not callable(auth):
            auth_data(auth)
        self._query = self._query if query is None else query
        self._auth = self._auth if auth is None else auth
        if handler is not None and handler is not own:
            self._next_handler = check_handler(handler)
            if not (has_ended and self._channels.hears(self)):
                self._change_handler()

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
        connection = self._connection if self._socket is None else self._socket._connection
        try:
            channels.begin_hearing(self, connection)
            channels.keep(self)
            joined = connection.joins.ask(self.endpoint, self._query, timeout, owner, self._auth)
            is_asked = True
            self.change_connection(connection, joined)
            if wait:
                connection.joins.wait_for(joined)
        except BaseException as problem:
            has_left = not isinstance(problem, Exception) and connection.joins.leave_unheld(self.endpoint, owner)
            if not (is_asked or has_left):  # else a last notice follows
                channels.end_hearing(self)
            raise

    def follow(self, connection: Connection) -> None:
        """If this ended with the connection, have the next one join it again: for ``SocketIO.open``."""
        if self._joined is not None and isinstance(self._joined.error, NotConnected):
            if not self._channels.hears(self):
                self._change_handler()
            self._channels.begin_hearing(self, connection)
            joined = connection.joins.expect(self.endpoint, self._query, weakref.ref(self), self._auth)
            self.change_connection(connection, joined)

    def emit(
        self,
        name: Name,
        *args: Any,
        callback: Callable[..., Any] | None = None,
        errback: Callable[[SocketIOError], Any] | None = None,
        timeout: float | None = None,
        msgid: int | None = None,
        volatile: bool = False,
        retries: int | None = None,
    ) -> None:
        """Send an event.

        Args:
            name: the event's name.
            args: values that JSON can hold; a function at their end is the callback, as in JavaScript.
            callback: called with the values of the server's acknowledgement.
            errback: called with an AckTimeout or a ConnectionLost instead, when there will be no acknowledgement.
            timeout: seconds until an AckTimeout, or that each try has; None: the option ``ack_timeout``, or as long as
                the connection lasts.
            msgid: an id of your own, from 1; without a callback, ``Handler.ack`` is called with it.
            volatile: whether to forget the event if it cannot be written now, because there is no connection, or too
                much waits already.
            retries: how often to write the event again, at most, until it is acknowledged; None: the option
                ``retries``; 0: it is written once.

        Raises:
            NotConnected, BufferFull: there is no connection, or too much waits for it.
            ChannelError: this channel is not connected any more.
            LocalProtocolError, TypeError: the protocol cannot say this.
        """
        if args and callable(args[-1]):
            if callback is not None:
                raise TypeError("there are two callbacks: the last argument and callback=")
            *args, callback = args  # type: ignore[assignment]
        if retries is None:
            retries = 0 if volatile else self._resending.retries
        waiter, number, wants_data = None, None, False
        if callback is not None or errback is not None or msgid is not None or timeout is not None or retries:
            waiter, timeout = self._resending.of_packet(self, name, callback, errback, timeout, msgid, retries)
            number = self._connection.new_id(self.endpoint) if msgid is None else msgid
            wants_data = not retries or callback is not None or msgid is not None
        if volatile and waiter is not None:
            raise TypeError("a volatile event may be forgotten, so nobody can wait for its acknowledgement")
        packet = Event(name, list(args), self.endpoint, number, wants_data)
        if self._dispatcher.any_outgoing:
            self._show(name, args)
        self._connection.send(packet, self._joined, waiter, timeout, volatile)

    def send(
        self,
        data: Any,
        callback: Callable[..., Any] | None = None,
        *,
        errback: Callable[[SocketIOError], Any] | None = None,
        timeout: float | None = None,
        msgid: int | None = None,
        retries: int | None = None,
    ) -> None:
        """Send a message: a text as it is, anything else as a JSON message; the rest is as in ``emit``."""
        if retries is None:
            retries = self._resending.retries
        waiter, number, wants_data = None, None, False
        if callback is not None or errback is not None or msgid is not None or timeout is not None or retries:
            waiter, timeout = self._resending.of_packet(self, "message", callback, errback, timeout, msgid, retries)
            number = self._connection.new_id(self.endpoint) if msgid is None else msgid
            wants_data = not retries or callback is not None or msgid is not None
        kind = Message if isinstance(data, str) else Json
        packet = kind(data, self.endpoint, number, wants_data)
        if self._dispatcher.any_outgoing:
            self._show("message", (data,))
        self._connection.send(packet, self._joined, waiter, timeout)

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
        self._channels.let_go(self)
        if self._joined is not None:
            self._connection.joins.leave(self._joined)

    def close(self) -> None:
        """Leave this endpoint: another name for ``disconnect``."""
        self.disconnect()

    def __repr__(self) -> str:
        """Return the endpoint, where the server is, and whether we are connected."""
        return f"<Channel {self.endpoint!r} of {self.address} {'connected' if self.connected else 'not connected'}>"

    def change_connection(self, connection: Connection, joined: Endpoint) -> None:
        """Belong to another connection, which joins this endpoint: for ``SocketIO.open``."""
        self._joined = joined  # first, so that whoever sends meanwhile hears of the connection that has ended
        self._connection = connection

    def _keep(self) -> None:
        if self._socket is not None:
            self._channels.keep(self)

    def _change_handler(self) -> None:
        handler, self._next_handler = self._next_handler, None
        if handler is not None:
            self.handler = handler

    def _watching(self, timeout: float | None) -> Watchers:
        check_timeout(timeout)
        self._connection.check_may_wait()
        return self._watchers

    def _is_over(self) -> bool:
        if self._joined is None:
            return (self._socket or self)._connection.has_ended
        return not self.is_wanted

    def _registry(self, *, to_register: bool = True) -> Dispatcher:
        if to_register:
            self._keep()
        return self._dispatcher

    def _show(self, name: Name, args: Sequence[Any]) -> None:
        for function in list(self._dispatcher.any_outgoing):
            function(name_text(name), *args)

    # On the listener thread

    def deliver(self, notice: Notice) -> None:
        """Run the user's functions for what happened on this endpoint."""
        if type(notice) is not Event:  # as nearly all are
            self._note(notice)
        if self._dispatcher.any:
            self._run_any(notice)
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

    def _run_any(self, notice: Notice) -> None:
        if isinstance(notice, (Event, Message, Json)):
            name, args = (
                (name_text(notice.name), notice.args) if isinstance(notice, Event) else ("message", [notice.data])
            )
            for function in list(self._dispatcher.any):
                self.run(name, function, name, *args)

    def acknowledge(self, packet: UserPacket, values: Sequence[Any]) -> None:
        """Acknowledge a packet that ``deliver`` got, for whoever does so later; nothing, if its session has ended."""
        self._connection.acknowledge(packet, list(values))

    def run(self, name: str, function: Callable[..., Any], *args: Any) -> None:
        """Call a function of the user."""
        try:
            function(*args)
        except (Exception, SystemExit) as error:
            self._on_exception(name, explained(error, function, list(args)))

    def _note(self, notice: Notice) -> None:
        """Log what is for nobody else, and let go of what is over."""
        if logger.isEnabledFor(logging.INFO) or isinstance(notice, Dropped):
            log_notice(notice, self._connection)
        if isinstance(notice, (Left, Ended)):
            self._end(notice)
        elif isinstance(notice, JoinFailed) and notice.again:  # the first time, ``connect`` raises
            name, functions, args, _ = self._dispatcher.find_error(str(notice.error))
            for function in functions:
                self.run(name, function, *args)

    def _end(self, notice: Left | Ended) -> None:
        """Nothing more comes of one join; this may have been joined anew since."""
        if isinstance(notice, Left):
            joined = self._joined
            was_open = joined is not None and (joined.join_number or joined.was_open)
            if joined is not None and was_open and isinstance(joined.error, ChannelError):
                self._channels.let_go(self)  # the server closed it, or did not join it again
            self._channels.end_hearing(self)
            self._change_handler()
        # The end of the connection is told to the SocketIO alone, and a channel that was never joined hears of nothing.
        for channel in [self, *self._channels.all()] if isinstance(notice, Ended) else [self]:
            if channel._is_over():
                channel._watchers.end()

    def _acknowledge(self, packet: UserPacket, result: Any) -> None:
        """Acknowledge a packet with what its functions returned."""
        try:
            self._connection.acknowledge(packet, ack_args(result))
        except (SocketIOError, TypeError, ValueError) as error:
            self._on_exception(name_text(packet.name) if isinstance(packet, Event) else "message", error)

    def _on_exception(self, name: str, error: BaseException) -> None:
        try:
            self.handler.on_exception(name, error)
        except Exception:
            with suppress(BaseException):  # what logs is the user's, too
                logger.exception("on_exception raised for %.200r", name)
