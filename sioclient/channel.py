"""The verbs of a user on one endpoint, and what runs when something arrives there."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, overload

from .connection import Connection
from .dispatch import Dispatcher, Function, ack_args, check_function, explained, spread
from .errors import SocketIOError
from .handler import Handler, attach, check_handler
from .names import Name, check_name, name_text
from .options import check_timeout
from .protocol.endpoints import Endpoint, Joining
from .protocol.notices import Dropped, Ended, JoinFailed, Left, Notice
from .protocol.packets import Event, Json, Message, UserPacket
from .records import log_notice
from .waiter import Waiter
from .watcher import Watchers

logger = logging.getLogger("sioclient")


class Channel:
    """One endpoint of a connection: made by ``SocketIO.connect``.

    Attributes:
        endpoint: the endpoint's name, empty for the default one.
    """

    def __init__(
        self,
        connection: Connection,
        endpoint: str,
        handler: Handler[Any] | None,
        socket: Channel | None,
        kept: set[Channel],
        joined: Endpoint | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._dispatcher = Dispatcher(check_handler(handler))
        attach(self._dispatcher.handler, self)
        self._connection = connection
        self._socket = socket  # whoever holds a channel holds its connection
        self._kept = kept  # the channels of a connection that may still hear something: its threads hold none
        self._joined = joined
        self._watchers = Watchers(self._dispatcher)

    @property
    def handler(self) -> Handler[Any]:
        """Whose methods are called; another may take its place."""
        return self._dispatcher.handler

    @handler.setter
    def handler(self, handler: Handler[Any]) -> None:
        self._dispatcher.handler = check_handler(handler)
        attach(self._dispatcher.handler, self)

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

    def join(self, query: str, timeout: float | None, auth: Any) -> None:
        """Ask the server to join us, and wait until it has: for ``SocketIO.connect``."""
        owner = weakref.ref(self)
        try:
            self._kept.add(self)
            self._joined = self._connection.joins.ask(self.endpoint, query, timeout, owner, auth)
            self._connection.joins.wait_for(self._joined)
        except BaseException as problem:
            if self._joined is None or not isinstance(problem, Exception):  # if it was refused, a notice follows
                self._kept.discard(self)
                self._connection.joins.leave_unheld(self.endpoint, owner)
            raise

    def emit(
        self,
        name: Name,
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
    ) -> None:
        """Send a message: a text as it is, anything else as a JSON message; the rest is as in ``emit``."""
        waiter = number = None
        if callback is not None or errback is not None or msgid is not None or timeout is not None:
            waiter, number = self._waiter("message", callback, errback, timeout, msgid)
        kind = Message if isinstance(data, str) else Json
        packet = kind(data, self.endpoint, number, number is not None)
        if self._dispatcher.any_outgoing:
            self._show("message", (data,))
        self._connection.send(packet, self._joined, waiter, timeout)

    def call(self, name: Name, *args: Any, timeout: float | None = 60) -> Any:
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
        if self._dispatcher.any_outgoing:
            self._show(name, args)
        values = self._connection.call(packet, self._joined, timeout)
        return values[0] if len(values) == 1 else tuple(values) or None

    @overload
    def on(self, name: Name, function: None = None) -> Callable[[Function], Function]: ...

    @overload
    def on(self, name: Name, function: Function) -> Function: ...

    def on(self, name: Name, function: Function | None = None) -> Any:
        """Call ``function`` for every event ``name``, before the handler's method; usable as a decorator.

        It gets the event's arguments; a function of several positional arguments also takes an event whose only
        argument is a list of just that many. Nine names are the connection's own: connect, connect_error, disconnect
        (a function that takes an argument gets the reason), error, open, close, retry, reconnect, reconnect_failed. The
        name ``*`` is for events that nobody else hears: the function gets the name and the arguments.

        Raises:
            TypeError: it is no function, or one that must be awaited.
        """
        return self._register(name, function)

    @overload
    def once(self, name: Name, function: None = None) -> Callable[[Function], Function]: ...

    @overload
    def once(self, name: Name, function: Function) -> Function: ...

    def once(self, name: Name, function: Function | None = None) -> Any:
        """Call ``function`` for the next event ``name`` only; usable as a decorator."""
        return self._register(name, function, once=True)

    @overload
    def on_event(self, name: Name, function: None = None) -> Callable[[Function], Function]: ...

    @overload
    def on_event(self, name: Name, function: Function) -> Function: ...

    def on_event(self, name: Name, function: Function | None = None) -> Any:
        """Call ``function`` for the server's event of exactly this name, even if it is one of the connection's own."""
        return self._register(name, function, is_event=True)

    def on_any(self, function: Function) -> Function:
        """Call ``function`` with the name and the arguments of every event, before everybody else; a decorator."""
        check_function("what is called for any event", function)
        self._dispatcher.any.append(function)
        return function

    def on_any_outgoing(self, function: Function) -> Function:
        """Call ``function`` with the name and the arguments of every event that is sent, in the sending thread."""
        check_function("what is called for any event that is sent", function)
        self._dispatcher.any_outgoing.append(function)
        return function

    def off(self, name: Name, function: Callable[..., Any] | None = None) -> None:
        """Forget ``function``, or all functions, that are registered for ``name``."""
        self._dispatcher.forget(name, function)

    def off_any(self, function: Callable[..., Any] | None = None) -> None:
        """Forget ``function``, or all functions, that ``on_any`` or ``on_any_outgoing`` registered."""
        self._dispatcher.forget_any(function)

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
        self._check_may_wait(timeout)
        with self._watchers.watch((name,), lambda: not self.is_wanted) as watcher:
            _, args = watcher.next(timeout)
        return args[0] if len(args) == 1 else tuple(args) or None

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
        self._check_may_wait(timeout)
        return self._watchers.iterate(names, timeout, lambda: not self.is_wanted)

    def disconnect(self) -> None:
        """Leave this endpoint; the connection stays. ``SocketIO.connect`` connects it again."""
        if self._joined is not None:
            self._connection.joins.leave(self._joined)

    def _register(self, name: Name, function: Function | None, *, once: bool = False, is_event: bool = False) -> Any:
        check_name(name)
        register = partial(self._dispatcher.register, name, once=once, is_event=is_event)
        return register if function is None else register(function)

    def _check_may_wait(self, timeout: float | None) -> None:
        check_timeout(timeout)
        self._connection.check_may_wait()

    def _show(self, name: Name, args: Sequence[Any]) -> None:
        for function in list(self._dispatcher.any_outgoing):
            function(name_text(name), *args)

    def _waiter(
        self,
        name: Name,
        callback: Callable[..., Any] | None,
        errback: Callable[[SocketIOError], Any] | None,
        timeout: float | None,
        msgid: int | None,
    ) -> tuple[Waiter, int]:
        """Return who waits for the acknowledgement of a packet, and the packet's id."""
        if callback is None and errback is None and msgid is None and timeout is not None:
            check_timeout(timeout)
            raise TypeError("timeout= is that of an acknowledgement: give callback=, errback= or msgid= too")
        for what, function in (("callback", callback), ("errback", errback)):
            if function is not None:
                check_function(what, function)
        check_timeout(timeout)
        number = self._connection.new_id(self.endpoint) if msgid is None else msgid
        return Waiter(self, name_text(name), msgid, callback, errback, timeout), number

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
            self._kept.discard(self)
            self._watchers.end()
        elif isinstance(notice, JoinFailed) and notice.again:  # the first time, ``connect`` raises
            name, functions, args, _ = self._dispatcher.find_error(str(notice.error))
            for function in functions:
                self.run(name, function, *args)

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
