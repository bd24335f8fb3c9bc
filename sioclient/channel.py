"""The verbs of a user on one endpoint, and what runs when something arrives there."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

from .connection import Connection
from .dispatch import Dispatcher, Function, ack_args, check_name, spread
from .errors import SocketIOError
from .handler import Handler, check_handler
from .options import check_timeout
from .protocol.endpoints import Endpoint, Joining
from .protocol.notices import (
    Acknowledged,
    Dropped,
    Ended,
    JoinFailed,
    Left,
    Notice,
    Retrying,
    Unacknowledged,
)
from .protocol.packets import Event, Json, Message, UserPacket, name_text

logger = logging.getLogger("sioclient")


class _Waiter(NamedTuple):
    """Whom the acknowledgement of a packet is for."""

    channel: Channel
    name: str
    msgid: int | None
    callback: Callable[..., Any] | None
    errback: Callable[[SocketIOError], Any] | None

    def deliver(self, notice: Acknowledged | Unacknowledged) -> None:
        """Run the function that waits for this."""
        channel, handler = self.channel, self.channel.handler
        if isinstance(notice, Unacknowledged):
            if self.errback is not None:
                channel.run(self.name, self.errback, notice.error)
            else:
                logger.debug("no acknowledgement for %.200r: %s", self.name, notice.error)
        elif self.callback is not None:
            channel.run(self.name, self.callback, *notice.args)
        elif self.msgid is not None:
            channel.run("ack", handler.ack, self.msgid, self.name, notice.args)


class Channel:
    """One endpoint of a connection: made by ``SocketIO.connect``.

    Attributes:
        endpoint: the endpoint's name, empty for the default one.
    """

    def __init__(
        self,
        connection: Connection,
        endpoint: str,
        handler: Handler | None,
        socket: Channel | None,
        kept: set[Channel],
        joined: Endpoint | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._dispatcher = Dispatcher(check_handler(handler))
        self._connection = connection
        self._socket = socket  # whoever holds a channel holds its connection
        self._kept = kept  # the channels of a connection that may still hear something: its threads hold none
        self._joined = joined

    @property
    def handler(self) -> Handler:
        """Whose methods are called; another may take its place."""
        return self._dispatcher.handler

    @handler.setter
    def handler(self, handler: Handler) -> None:
        self._dispatcher.handler = check_handler(handler)

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
    def is_wanted(self) -> bool:
        """Whether this endpoint is connected, or will be when the connection is there."""
        return self._joined is not None and self._connection.is_wanted(self._joined)

    def join(self, query: str, timeout: float | None, auth: Any) -> None:
        """Ask the server to join us, and wait until it has: for ``SocketIO.connect``."""
        owner = weakref.ref(self)
        try:
            self._kept.add(self)
            self._joined = self._connection.join(self.endpoint, query, timeout, owner, auth)
            self._connection.wait_for_join(self._joined)
        except BaseException as problem:
            if self._joined is None or not isinstance(problem, Exception):  # if it was refused, a notice follows
                self._kept.discard(self)
                self._connection.leave_unheld(self.endpoint, owner)
            raise

    def emit(
        self,
        name: str,
        *args: Any,
        callback: Callable[..., Any] | None = None,
        errback: Callable[[SocketIOError], Any] | None = None,
        timeout: float | None = None,
        msgid: int | None = None,
        volatile: bool = False,
    ) -> None:
        """Send an event.

        Args:
            name: the event's name.
            args: values that JSON can hold; a function at their end is the callback, as in JavaScript.
            callback: called with the values of the server's acknowledgement.
            errback: called with an AckTimeout or a ConnectionLost instead, when there will be no acknowledgement.
            timeout: seconds until an AckTimeout; None: as long as the connection lasts.
            msgid: an id of your own, from 1; without a callback, ``Handler.ack`` is called with it.
            volatile: whether to forget the event if it cannot be written now, because there is no connection, or too
                much waits already.

        Raises:
            NotConnected, BufferFull: there is no connection, or too much waits for it.
            ChannelError: this channel is not connected any more.
            LocalProtocolError, TypeError: the protocol cannot say this.
        """
        if args and callable(args[-1]):
            if callback is not None:
                raise TypeError("there are two callbacks: the last argument and callback=")
            *args, callback = args  # type: ignore[assignment]
        waiter = number = None
        if callback is not None or errback is not None or msgid is not None or timeout is not None:
            waiter, number = self._waiter(name, callback, errback, timeout, msgid)
        if volatile and waiter is not None:
            raise TypeError("a volatile event may be forgotten, so nobody can wait for its acknowledgement")
        packet = Event(name, list(args), self.endpoint, number, number is not None)
        self._connection.send(packet, self._joined, waiter, timeout, volatile)

    def send(
        self,
        data: Any,
        callback: Callable[..., Any] | None = None,
        *,
        errback: Callable[[SocketIOError], Any] | None = None,
        timeout: float | None = None,
        msgid: int | None = None,
    ) -> None:
        """Send a message: a text as it is, anything else as a JSON message; the rest is as in ``emit``."""
        waiter = number = None
        if callback is not None or errback is not None or msgid is not None or timeout is not None:
            waiter, number = self._waiter("message", callback, errback, timeout, msgid)
        kind = Message if isinstance(data, str) else Json
        packet = kind(data, self.endpoint, number, number is not None)
        self._connection.send(packet, self._joined, waiter, timeout)

    def call(self, name: str, *args: Any, timeout: float | None = 60) -> Any:
        """Send an event and wait for the server's acknowledgement; works in a handler too.

        Args:
            name: the event's name.
            args: values that JSON can hold.
            timeout: seconds to wait; None: as long as the connection lasts.

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
        values = self._connection.call(packet, self._joined, timeout)
        return values[0] if len(values) == 1 else tuple(values) or None

    def on(self, name: str, function: Function | None = None) -> Any:
        """Call ``function`` for every event ``name``, before the handler's method; usable as a decorator.

        It gets what the handler's method would get. Names of the connection itself (connect, disconnect, error,
        open, close, retry, reconnect) are called for that, never for an event of the server.
        """
        return self._register(name, function, once=False)

    def once(self, name: str, function: Function | None = None) -> Any:
        """Call ``function`` for the next event ``name`` only; usable as a decorator."""
        return self._register(name, function, once=True)

    def off(self, name: str, function: Callable[..., Any] | None = None) -> None:
        """Forget ``function``, or all functions, that ``on`` or ``once`` registered for ``name``."""
        self._dispatcher.forget(name, function)

    def disconnect(self) -> None:
        """Leave this endpoint; the connection stays. ``SocketIO.connect`` connects it again."""
        if self._joined is not None:
            self._connection.leave(self._joined)

    def _register(self, name: str, function: Function | None, *, once: bool) -> Any:
        check_name(name)
        if function is None:
            return lambda decorated: self._dispatcher.register(name, decorated, once=once)
        return self._dispatcher.register(name, function, once=once)

    def _waiter(
        self,
        name: str,
        callback: Callable[..., Any] | None,
        errback: Callable[[SocketIOError], Any] | None,
        timeout: float | None,
        msgid: int | None,
    ) -> tuple[_Waiter, int]:
        """Return who waits for the acknowledgement of a packet, and the packet's id."""
        if callback is None and errback is None and msgid is None and timeout is not None:
            check_timeout(timeout)
            raise TypeError("timeout= is that of an acknowledgement: give callback=, errback= or msgid= too")
        for what, function in (("callback", callback), ("errback", errback)):
            if function is not None and not callable(function):
                raise TypeError(f"{what} must be a function, not {type(function).__name__}")
        check_timeout(timeout)
        number = self._connection.new_id(self.endpoint) if msgid is None else msgid
        return _Waiter(self, name, msgid, callback, errback), number

    # On the listener thread

    def deliver(self, notice: Notice) -> None:
        """Run the user's functions for what happened on this endpoint."""
        if type(notice) is not Event:  # as nearly all are
            self._note(notice)
        name, functions, args, wants_ack = self._dispatcher.find(notice, self)
        failed, result, spreads = False, None, len(args) == 1 and type(args[0]) is list
        for function in functions:
            try:
                returned = function(*(spread(function, args) if spreads else args))
                if result is None:
                    result = returned
            except (Exception, SystemExit) as error:
                self._on_exception(name, error)
                failed = True
        if wants_ack and not failed:
            self._acknowledge(notice, result)  # type: ignore[arg-type]

    def run(self, name: str, function: Callable[..., Any], *args: Any) -> None:
        """Call a function of the user."""
        try:
            function(*args)
        except (Exception, SystemExit) as error:
            self._on_exception(name, error)

    def _note(self, notice: Notice) -> None:
        """Log what is for nobody else, and let go of what is over."""
        address = self._connection.address
        if isinstance(notice, Left):
            self._kept.discard(self)
        elif isinstance(notice, Dropped):
            problem, text = notice.example.problem, notice.example.text
            logger.warning("dropped %d malformed packets, the last: %.200r (%.200s)", notice.count, text, problem)
        elif isinstance(notice, Ended):
            logger.info("%s: the connection has ended: %s", address, notice.error or "as wanted")
        elif isinstance(notice, Retrying):
            logger.info("%s: attempt %d in %.1f s: %s", address, notice.attempt, notice.delay, notice.error)
        elif isinstance(notice, JoinFailed) and notice.again:  # the first time, ``connect`` raises
            for function in self._dispatcher.functions_for_error():
                self.run("error", function, str(notice.error), "")

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
            logger.exception("on_exception raised for %.200r", name)
