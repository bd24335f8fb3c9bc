"""What a channel is in every front: one endpoint, its functions, and the packets that are sent on it, without I/O."""

from __future__ import annotations

import logging
import weakref
from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

from ..errors import ChannelError, NotConnected, SocketIOError
from ..handler import Handler, attach, check_handler
from ..names import Name, name_text
from ..protocol.endpoints import Endpoint, Joining
from ..protocol.notices import Dropped, Ended, JoinFailed, Left, Notice
from ..protocol.packets import Event, Json, Message, UserPacket
from .channels import Channels, check_given
from .dispatch import Dispatcher, Found
from .functions import ack_args, check_function, explained, spread
from .ownership import Closable, Done
from .records import log_notice
from .registry import Registry
from .steps import Steps

logger = logging.getLogger("sioclient")

_FAILED = object()
"""What a function returned that raised."""


class ChannelBase(Registry, Closable[Done]):
    """One endpoint of a connection.

    The connection is that of the front. Of its methods, those that are called here return at once.

    Attributes:
        endpoint: the endpoint's name, empty for the default one.
        awaits: whether functions of the user may be coroutine functions.
    """

    awaits: ClassVar[bool] = False

    def __init__(
        self,
        connection: Any,
        endpoint: str,
        handler: Handler[Any] | None,
        socket: ChannelBase[Any] | None,
        channels: Channels,
        joined: Endpoint | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._dispatcher = Dispatcher(check_handler(handler, awaits=self.awaits), awaits=self.awaits)
        attach(self._dispatcher.handler, self)
        self._connection = connection
        self._socket = socket  # whoever holds a channel holds its connection
        self._channels = channels  # they keep this one while it is wanted: the threads of the connection hold none
        self._joined = joined
        self._query, self._auth = "", None
        self._next_handler: Handler[Any] | None = None  # when all is delivered that is for the one before
        self._resending = connection.resending
        self._watchers = self._make_watchers(self._dispatcher)

    @property
    def handler(self) -> Handler[Any]:
        """Whose methods are called; another may take its place."""
        return self._dispatcher.handler

    @handler.setter
    def handler(self, handler: Handler[Any]) -> None:
        self._dispatcher.handler = check_handler(handler, awaits=self.awaits)
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
        """Take what the user gives for this endpoint; None: nothing. For ``SocketIO.channel``, which has looked at it.

        Raises:
            ChannelError: it has something else, and has not ended since.
        """
        own = self._next_handler or (self.handler if type(self.handler) is not Handler else None)
        has_ended = self._joined is not None and not self.is_wanted
        if not has_ended:
            given = (("handler", handler, own), ("query", query, self._query), ("auth", auth, self._auth))
            check_given(self.endpoint, given)
        self._query = self._query if query is None else query
        self._auth = self._auth if auth is None else auth
        if handler is not None and handler is not own:
            self._next_handler = handler
            if not (has_ended and self._channels.hears(self)):
                self._change_handler()

    def follow(self, connection: Any) -> None:
        """If this ended with the connection, have the next one join it again: for ``SocketIO.open``."""
        if self._joined is not None and isinstance(self._joined.error, NotConnected):
            if not self._channels.hears(self):
                self._change_handler()
            self._channels.begin_hearing(self, connection)
            joined = connection.joins.expect(self.endpoint, self._query, weakref.ref(self), self._auth)
            self.change_connection(connection, joined)

    def _leave(self) -> None:
        """Leave this endpoint; the connection stays. One that never joined may be given another query and auth then."""
        self._channels.let_go(self)
        if self._joined is not None:
            self._connection.joins.leave(self._joined)
        else:
            self._query, self._auth = "", None

    def __repr__(self) -> str:
        """Return the endpoint, where the server is, and whether we are connected."""
        return f"<Channel {self.endpoint!r} of {self.address} {'connected' if self.connected else 'not connected'}>"

    def change_connection(self, connection: Any, joined: Endpoint) -> None:
        """Belong to another connection, which joins this endpoint: for ``SocketIO.open``."""
        self._joined = joined  # first, so that whoever sends meanwhile hears of the connection that has ended
        self._connection = connection

    def _newest_connection(self) -> Any:
        """Return the connection that may be open: that of the SocketIO, if this is another channel of it."""
        return self._connection if self._socket is None else self._socket._connection

    def _keep(self) -> None:
        if self._socket is not None:
            self._channels.keep(self)

    def _change_handler(self) -> None:
        handler, self._next_handler = self._next_handler, None
        if handler is not None:
            self.handler = handler

    def _is_over(self) -> bool:
        if self._joined is None:
            return bool((self._socket or self)._connection.has_ended)
        return not self.is_wanted

    def _registry(self, *, to_register: bool = True) -> Dispatcher:
        if to_register:
            self._keep()
        return self._dispatcher

    def check(self, what: str, function: object) -> None:
        """Raise TypeError unless this is a function that can be called here."""
        check_function(what, function, awaits=self.awaits)

    @abstractmethod
    def _make_watchers(self, dispatcher: Dispatcher) -> Any:
        """Return what keeps events for those who wait for them."""

    # What is sent

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
    ) -> Done:
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
            waiter, timeout, number = self._waiter_of(name, callback, errback, timeout, msgid, retries)
            wants_data = not retries or callback is not None or msgid is not None
        if volatile and waiter is not None:
            raise TypeError("a volatile event may be forgotten, so nobody can wait for its acknowledgement")
        if self._dispatcher.any_outgoing:
            self._show(name, args)
        packet = Event(name, list(args), self.endpoint, number, wants_data)
        sent: Done = self._connection.send(packet, self._joined, waiter, timeout, volatile)
        return sent

    def send(
        self,
        data: Any,
        callback: Callable[..., Any] | None = None,
        *,
        errback: Callable[[SocketIOError], Any] | None = None,
        timeout: float | None = None,
        msgid: int | None = None,
        retries: int | None = None,
    ) -> Done:
        """Send a message: a text as it is, anything else as a JSON message; the rest is as in ``emit``."""
        if retries is None:
            retries = self._resending.retries
        waiter, number, wants_data = None, None, False
        if callback is not None or errback is not None or msgid is not None or timeout is not None or retries:
            waiter, timeout, number = self._waiter_of("message", callback, errback, timeout, msgid, retries)
            wants_data = not retries or callback is not None or msgid is not None
        if self._dispatcher.any_outgoing:
            self._show("message", (data,))
        kind = Message if isinstance(data, str) else Json
        sent: Done = self._connection.send(kind(data, self.endpoint, number, wants_data), self._joined, waiter, timeout)
        return sent

    def _waiter_of(
        self,
        name: Name,
        callback: Callable[..., Any] | None,
        errback: Callable[[SocketIOError], Any] | None,
        timeout: float | None,
        msgid: int | None,
        retries: int,
    ) -> tuple[Any, float | None, int]:
        """Return who waits for the acknowledgement of a packet, for how long, and the packet's id."""
        waiter, seconds = self._resending.of_packet(self, name, callback, errback, timeout, msgid, retries)
        return waiter, seconds, self._connection.new_id(self.endpoint) if msgid is None else msgid

    def _show(self, name: Name, args: Sequence[Any]) -> None:
        for function in list(self._dispatcher.any_outgoing):
            function(name_text(name), *args)

    # What is heard

    def acknowledge(self, packet: UserPacket, values: Sequence[Any]) -> None:
        """Acknowledge a packet that ``deliver`` got, for whoever does so later; nothing, if its session has ended."""
        self._connection.acknowledge(packet, list(values))

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

    def _note(self, notice: Notice) -> Sequence[Callable[..., Any]]:
        """Log what is for nobody else, let go of what is over, and return the functions that are told of an error."""
        if logger.isEnabledFor(logging.INFO) or isinstance(notice, Dropped):
            log_notice(notice, self._connection)
        if isinstance(notice, (Left, Ended)):
            self._end(notice)
        elif isinstance(notice, JoinFailed) and notice.again:  # the first time, ``connect`` raises
            return self._dispatcher.find_error(str(notice.error))[1]
        return ()

    def _delivering(self, notice: Notice, found: Found | None = None) -> Steps[None]:
        """Run the user's functions for what happened on this endpoint: those that were found already, if any were."""
        if type(notice) is not Event:
            for function in self._note(notice):
                yield from self._called("error", function, [str(notice.error), ""])  # type: ignore[union-attr]
        if self._dispatcher.any and (heard := self._heard_by_any(notice)):
            for function in list(self._dispatcher.any):
                yield from self._called(heard[0], function, heard)
        name, functions, args, wants_ack = found or self._dispatcher.find(notice, self)
        result, failed = None, False
        for function in functions:
            returned = yield from self._called(name, function, spread(function, args))
            failed |= returned is _FAILED
            result = returned if result is None else result
        if wants_ack and not failed:
            self._acknowledge(notice, result)  # type: ignore[arg-type]

    def _called(self, name: str, function: Callable[..., Any], args: Sequence[Any]) -> Steps[Any]:
        """Call a function of the user, and return what it returns; if it raises, tell the handler."""
        try:
            return (yield partial(function, *args))
        except (Exception, SystemExit) as error:
            yield partial(self._on_exception, name, explained(error, function, list(args)))
            return _FAILED

    @staticmethod
    def _heard_by_any(notice: Notice) -> list[Any]:
        """Return what functions for any event are called with; nothing if this is none."""
        if isinstance(notice, Event):
            return [name_text(notice.name), *notice.args]
        return ["message", notice.data] if isinstance(notice, (Message, Json)) else []

    def _acknowledge(self, packet: UserPacket, result: Any) -> None:
        """Acknowledge a packet with what its functions returned."""
        try:
            self._connection.acknowledge(packet, ack_args(result))
        except (SocketIOError, TypeError, ValueError) as error:
            self._on_exception(name_text(packet.name) if isinstance(packet, Event) else "message", error)

    def _on_exception(self, name: str, error: BaseException) -> Any:
        """Tell the handler, and return what it returns."""
        try:
            return self.handler.on_exception(name, error)
        except Exception:
            with suppress(BaseException):  # what logs is the user's, too
                logger.exception("on_exception raised for %.200r", name)
            return None
