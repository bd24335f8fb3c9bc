"""The verbs of a user on one endpoint, and what runs when something arrives there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .errors import ChannelError, SocketIOError
from .handler import MOST_NAME, RESERVED, Handler, method_name, spread
from .options import check_timeout
from .protocol.endpoints import Endpoint, Joining
from .protocol.notices import (
    Answered,
    Connected,
    Disconnected,
    JoinFailed,
    Notice,
    Reconnected,
    Retrying,
    TransportClosed,
    TransportOpened,
    Unanswered,
)
from .protocol.packets import Error, Event, Json, Message

if TYPE_CHECKING:
    from .connection import Connection

logger = logging.getLogger("sioclient")

Function = TypeVar("Function", bound=Callable[..., Any])


class _Listener(NamedTuple):
    function: Callable[..., Any]
    once: bool


_Plan = tuple[list[Callable[..., Any]], "str | None"]
"""The functions that are registered for an event, and the name of the handler's method for it."""

_MOST_PLANS = 1000
"""Events whose plans are remembered: their names come from the server."""


class _Waiter(NamedTuple):
    """Whom the acknowledgement of a packet is for."""

    channel: Channel
    name: str
    msgid: int | None
    callback: Callable[..., Any] | None
    errback: Callable[[SocketIOError], Any] | None


class Channel:
    """One endpoint of a connection: made by ``SocketIO.connect``.

    Attributes:
        endpoint: the endpoint's name, empty for the default one.
        handler: whose methods are called.
    """

    def __init__(self, connection: Connection, endpoint: str, handler: Handler | None, socket: Channel | None) -> None:
        self.endpoint = endpoint
        self.handler = check_handler(handler)
        self._connection = connection
        self._socket = socket  # whoever holds a channel holds its connection
        self._joined: Endpoint | None = None
        self._listeners: dict[str, list[_Listener]] = {}
        self._plans: dict[str, _Plan] = {}  # replaced when a listener comes or goes
        self._warned: set[str] = set()

    @property
    def connected(self) -> bool:
        """Whether the server has joined us to this endpoint."""
        return self._joined is not None and self._joined.state is Joining.OPEN

    @property
    def id(self) -> str | None:
        """The name that the server's application has for this channel, from socket.io 3.0 on; None: there is none."""
        found = self._joined.welcome.get("sid") if self._joined is not None and self.connected else None
        return found if isinstance(found, str) else None

    @property
    def recovered(self) -> bool:
        """Whether the session is that of before the last loss, with all that was missed: socket.io 4.6 can do that."""
        return self._joined is not None and self._joined.recovered

    @property
    def is_wanted(self) -> bool:
        """Whether this endpoint is connected, or will be when the connection is there."""
        return self._joined is not None and self._joined.state is not Joining.OVER

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
        waiter, number = self._waiter(name, callback, errback, timeout, msgid)
        if volatile and waiter is not None:
            raise TypeError("a volatile event may be forgotten, so nobody can wait for its acknowledgement")
        if volatile and not self._connection.is_ready():
            return
        self._send(Event(name, list(args), self.endpoint, number, number is not None), waiter, timeout)

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
        waiter, number = self._waiter("message", callback, errback, timeout, msgid)
        kind = Message if isinstance(data, str) else Json
        self._send(kind(data, self.endpoint, number, number is not None), waiter, timeout)

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
        self._check_joined()
        number = self._connection.new_id(self.endpoint)
        answer = self._connection.call(Event(name, list(args), self.endpoint, number, True), timeout)
        return answer[0] if len(answer) == 1 else tuple(answer) or None

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
        listeners = self._listeners.get(name, [])
        for listener in list(listeners):
            if function is None or listener.function == function:
                _discard(listeners, listener)
        self._plans = {}

    def disconnect(self) -> None:
        """Leave this endpoint; the connection stays. ``SocketIO.connect`` connects it again."""
        if self._joined is not None:
            self._connection.leave(self._joined)

    def _send(self, packet: Message | Json | Event, waiter: _Waiter | None, timeout: float | None) -> None:
        if self.endpoint:
            self._check_joined()
        self._connection.send(packet, waiter, timeout)

    def _check_joined(self) -> None:
        joined = self._joined
        if joined is not None and joined.name and joined.state is Joining.OVER:
            raise ChannelError(f"{self.endpoint!r} is not connected any more: connect it again") from joined.error

    def _waiter(
        self,
        name: str,
        callback: Callable[..., Any] | None,
        errback: Callable[[SocketIOError], Any] | None,
        timeout: float | None,
        msgid: int | None,
    ) -> tuple[_Waiter | None, int | None]:
        """Return who waits for the acknowledgement of a packet, and the packet's id."""
        if callback is None and errback is None and msgid is None:
            if timeout is None:
                return None, None
            check_timeout(timeout)
            raise TypeError("timeout= is that of an acknowledgement: give callback=, errback= or msgid= too")
        if callback is not None and not callable(callback):
            raise TypeError(f"callback is a function, not {type(callback).__name__}")
        if errback is not None and not callable(errback):
            raise TypeError(f"errback is a function, not {type(errback).__name__}")
        check_timeout(timeout)
        number = self._connection.new_id(self.endpoint) if msgid is None else msgid
        return _Waiter(self, name, msgid, callback, errback), number

    def _register(self, name: str, function: Function | None, *, once: bool) -> Any:
        if not isinstance(name, str):
            raise TypeError(f"an event's name is text, not {type(name).__name__}")
        if function is None:
            return lambda decorated: self._register(name, decorated, once=once)
        if not callable(function):
            raise TypeError(f"what is called for {name!r} is a function, not {type(function).__name__}")
        self._listeners.setdefault(name, []).append(_Listener(function, once))
        self._plans = {}
        return function

    # On the listener thread

    def _deliver(self, notice: Notice) -> None:
        """Run the user's functions for what happened on this endpoint."""
        _DELIVERIES[type(notice)](self, notice)

    def _run(self, event: str, function: Callable[..., Any], *args: Any) -> tuple[bool, Any]:
        """Call a function of the user: return whether it raised, and what it returned."""
        try:
            return False, function(*args)
        except (Exception, SystemExit) as error:
            self._report(event, error)
            return True, None

    def _report(self, event: str, error: BaseException) -> None:
        try:
            self.handler.on_exception(event, error)
        except Exception:
            logger.exception("on_exception raised for %.200r", event)

    def _functions(self, name: str, method: str | None) -> list[Callable[..., Any]]:
        """Return what is to be called for ``name``, the handler's method last; those for one time are forgotten."""
        functions = self._registered(name)
        found = getattr(self.handler, method, None) if method else None
        return [*functions, found] if callable(found) else functions

    def _registered(self, name: str) -> list[Callable[..., Any]]:
        listeners = self._listeners.get(name, [])
        return [entry.function for entry in tuple(listeners) if not entry.once or _discard(listeners, entry)]

    def _plan(self, name: str) -> _Plan | None:
        """Return whom an event goes to; None: not to what is registered under its name. Remembered if it may be."""
        plans = self._plans
        if name == "message" or name in RESERVED:
            return None
        lasting = not any(entry.once for entry in self._listeners.get(name, []))
        plan = self._registered(name), method_name(name)
        if lasting and len(plans) < _MOST_PLANS and len(name) <= MOST_NAME:
            plans[name] = plan
        return plan

    def _fire(self, name: str, *args: Any) -> tuple[bool, Any]:
        """Run everything for ``name``: return whether anything raised, and the first value that was returned."""
        return self._run_all(name, self._functions(name, f"on_{name}"), list(args))

    def _run_all(self, name: str, functions: list[Callable[..., Any]], args: list[Any]) -> tuple[bool, Any]:
        failed, result = False, None
        may_spread = len(args) == 1 and type(args[0]) is list
        for function in functions:
            try:
                returned = function(*(spread(function, args) if may_spread else args))
                if result is None:
                    result = returned
            except (Exception, SystemExit) as error:
                self._report(name, error)
                failed = True
        return failed, result

    def _on_event(self, packet: Event) -> None:
        name = packet.name
        plan = self._plans.get(name) or self._plan(name)
        if plan is None:
            outcome = self._run_special(packet)
        else:
            functions, method = plan
            found = getattr(self.handler, method, None) if method else None
            if found is not None and callable(found):
                functions = [*functions, found]
            if functions:
                outcome = self._run_all(name, functions, packet.args)
            else:
                outcome = self._run(name, self.handler.unknown_event, name, packet.args)
        if packet.id is not None:
            self._answer(packet, *outcome)

    def _run_special(self, packet: Event) -> tuple[bool, Any]:
        name, args = packet.name, packet.args
        if name == "message":
            return self._fire("message", packet.id, args[0] if len(args) == 1 else args or None)
        if name not in self._warned:
            self._warned.add(name)
            logger.warning("the server sent an event called %r, a reserved name: only unknown_event gets it", name)
        return self._run(name, self.handler.unknown_event, name, args)

    def _on_text(self, packet: Message | Json) -> None:
        outcome = self._fire("message", packet.id, packet.data)
        if packet.wants_data:  # a plain id was answered when the packet arrived
            self._answer(packet, *outcome)

    def _answer(self, packet: Message | Json | Event, failed: bool, result: Any) -> None:
        """Acknowledge a packet, if it asks for it, with what its functions returned; not if one of them raised."""
        if packet.id is None or failed:
            return
        args = [] if result is None else list(result) if isinstance(result, tuple) else [result]
        try:
            self._connection.answer(packet, args)
        except (SocketIOError, TypeError, ValueError) as error:
            self._report(packet.name if isinstance(packet, Event) else "message", error)

    def _on_join_failed(self, notice: JoinFailed) -> None:
        self._fire("connect_error", notice.reason, notice.error.data)
        if notice.again:  # the first time, ``connect`` raises
            self._fire("error", str(notice.error), "")

    def _on_answered(self, notice: Answered) -> None:
        waiter: _Waiter = notice.waiter
        if waiter.callback is not None:
            self._run(waiter.name, waiter.callback, *notice.args)
        elif waiter.msgid is not None:
            self._run("ack", self.handler.ack, waiter.msgid, waiter.name, notice.args)

    def _on_unanswered(self, notice: Unanswered) -> None:
        waiter: _Waiter = notice.waiter
        if waiter.errback is not None:
            self._run(waiter.name, waiter.errback, notice.error)
        else:
            logger.debug("no acknowledgement for %.200r: %s", waiter.name, notice.error)


_DELIVERIES: dict[type, Callable[[Channel, Any], Any]] = {
    Event: Channel._on_event,
    Message: Channel._on_text,
    Json: Channel._on_text,
    Answered: Channel._on_answered,
    Unanswered: Channel._on_unanswered,
    Connected: lambda channel, notice: channel._fire("connect", channel),
    Disconnected: lambda channel, notice: channel._fire("disconnect"),
    Error: lambda channel, notice: channel._fire("error", notice.reason, notice.advice),
    JoinFailed: Channel._on_join_failed,
    Reconnected: lambda channel, notice: channel._fire("reconnect", notice.attempts),
    Retrying: lambda channel, notice: channel._fire("retry", notice.attempt, notice.delay),
    TransportOpened: lambda channel, notice: channel._fire("open", notice.transport),
    TransportClosed: lambda channel, notice: channel._fire("close", notice.reason),
}


def check_handler(handler: Handler | None) -> Handler:
    """Return a handler for ``handler``, or raise TypeError."""
    if isinstance(handler, type) and issubclass(handler, Handler):
        raise TypeError(f"handler is an object, not its class: {handler.__name__}()")
    if handler is not None and not isinstance(handler, Handler):
        raise TypeError(f"handler is an object of a subclass of Handler, not {type(handler).__name__}")
    return Handler() if handler is None else handler


def _discard(listeners: list[_Listener], listener: _Listener) -> bool:
    """Remove a listener; False: another thread was faster."""
    try:
        listeners.remove(listener)
    except ValueError:
        return False
    return True
