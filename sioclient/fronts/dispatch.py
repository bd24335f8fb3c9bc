"""From an event to the functions for it. Here are no threads and no socket: whoever finds the functions calls them.

An event's name comes from the server, so it is not trusted. It reaches whoever registered for it, and a method
``on_NAME`` only if NAME has letters, digits and underscores; and never what reports on the connection itself.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeVar

from ..handler import Handler
from ..marks import find_events
from ..names import Name, check_name, name_text
from ..protocol.notices import (
    Connected,
    Disconnected,
    Ended,
    JoinFailed,
    Reconnected,
    Retrying,
    TransportClosed,
    TransportOpened,
)
from ..protocol.packets import Error, Event, Json, Message
from .functions import check_function, explained, takes_argument

logger = logging.getLogger("sioclient")

Function = TypeVar("Function", bound=Callable[..., Any])

REPORTED = frozenset(
    {"connect", "connect_error", "disconnect", "error", "open", "close", "retry", "reconnect", "reconnect_failed"}
)
"""What the connection itself reports, to ``on_NAME`` methods and to functions registered under these names."""

_NO_METHOD = REPORTED | {"exception", "message"}
"""Names by which no event of the server reaches a method: those are for other things, or take other arguments."""

ANY = "*"
"""The name under which a function hears the events that nobody else does."""

MOST_NAME = 200
"""Characters that the name of an event may have to reach a method: names come from the server, and are remembered."""

MOST_PLANS = 1000
"""Events whose plans are remembered, and names that are logged: they come from the server."""

REPORTS: dict[type, Callable[[Any, Any], tuple[str, list[Any]]]] = {
    Connected: lambda notice, socket: ("connect", [socket]),
    Disconnected: lambda notice, socket: ("disconnect", [notice.reason]),
    Error: lambda notice, socket: ("error", [notice.reason, notice.advice]),
    JoinFailed: lambda notice, socket: ("connect_error", [notice.reason, notice.error.data]),
    Reconnected: lambda notice, socket: ("reconnect", [notice.attempts]),
    Retrying: lambda notice, socket: ("retry", [notice.attempt, notice.delay]),
    TransportOpened: lambda notice, socket: ("open", [notice.transport]),
    TransportClosed: lambda notice, socket: ("close", [notice.reason]),
    Ended: lambda notice, socket: ("reconnect_failed", [notice.error]),
}
"""What the connection reports to functions: the name and the arguments, by the kind of notice."""


class _Registered(NamedTuple):
    function: Callable[..., Any]
    once: bool


_Plan = tuple[list[Callable[..., Any]], "str | None"]
"""The functions that are registered for an event, and the name of the handler's method for it."""

_Table = dict[str, list[_Registered]]


Found = tuple[str, Sequence[Callable[..., Any]], list[Any], bool]
"""What is to be done for a notice: what a user calls it, the functions to be called in this order, what each is called
with, and whether the server asked for an acknowledgement and somebody hears the event.

It is a plain tuple, since one is made for every event: a NamedTuple takes a tenth of a microsecond more.
"""

_NOTHING: Found = ("", (), [], False)


class Dispatcher:
    """The functions of a user for one endpoint.

    Args:
        handler: its methods are called last.
        awaits: whether functions may be coroutine functions.

    Attributes:
        any: functions that see every event first, with its name and its arguments.
        any_outgoing: functions that see every event that is sent.
    """

    def __init__(self, handler: Handler[Any], *, awaits: bool = False) -> None:
        self._awaits = awaits
        self.any: list[Callable[..., Any]] = []
        self.any_outgoing: list[Callable[..., Any]] = []
        self._events: _Table = {}
        self._reports: _Table = {}
        self._plans: dict[Name, _Plan] = {}  # forgotten whenever a function comes or goes
        self._unheard: dict[str, None] = {}  # an empty set takes three times as much memory
        self.handler = handler

    @property
    def handler(self) -> Handler[Any]:
        """Whose methods are called."""
        return self._handler

    @handler.setter
    def handler(self, handler: Handler[Any]) -> None:
        self._handler, self._marks, self._plans = handler, find_events(type(handler), Handler), {}

    def register(self, name: Name, function: Function, *, once: bool = False, is_event: bool = False) -> Function:
        """Call ``function`` for an event or a report, or for the next one only.

        Args:
            name: one of ``REPORTED`` is the connection's own, unless ``is_event``; ``*`` is what nobody else hears.
            function: what to call.
            once: whether to forget it when it is called.
            is_event: whether this is the server's event of exactly this name.

        Raises:
            TypeError: it is no function, or one that must be awaited.
        """
        key = check_name(name)
        check_function(f"what is called for {name!r}", function, awaits=self._awaits)
        table = self._reports if not is_event and key in REPORTED | {ANY} else self._events
        _add(table, key, _Registered(function, once))
        self._plans = {}
        return function

    def forget(self, name: Name, function: Callable[..., Any] | None) -> None:
        """Forget ``function``, or all functions, that are registered for an event or a report."""
        key = check_name(name)
        for table in (self._reports, self._events):
            for entry in list(table.get(key, ())):
                if function is None or entry.function == function:
                    _discard(table, key, entry)
        self._plans = {}

    def find(self, notice: Any, socket: Any) -> Found:
        """Return what is to be done for a notice.

        Args:
            notice: a packet of the server, or what the connection reports.
            socket: the channel that functions for ``connect`` get.
        """
        kind = type(notice)
        if kind is Event:  # as nearly all are
            name = notice.name
            functions, method = self._plans.get(name) or self._plan(name)
            found = getattr(self._handler, method, None) if method is not None else None
            if found is not None and callable(found):
                functions = [*functions, found]
            if functions and name != "message" and name != "error":
                return name, functions, notice.args, notice.id is not None
            return self._find_special(notice, functions)
        if kind is Message or kind is Json:
            # A plain id was acknowledged when the packet arrived.
            functions = self._take(self._events, "message") if "message" in self._events else []
            if "message" in self._marks:
                functions.append(getattr(self._handler, self._marks["message"]))
            return self._find_message(functions, notice.id, [notice.data], notice.wants_data)
        if kind not in REPORTS or (kind is Ended and not notice.reports):
            return _NOTHING
        return self._find_report(*REPORTS[kind](notice, socket))

    def forget_any(self, function: Callable[..., Any] | None) -> None:
        """Forget ``function``, or all functions, that hear every event or see every one that is sent."""
        for functions in (self.any, self.any_outgoing):
            for entry in list(functions):
                if function is None or entry == function:
                    with suppress(ValueError):  # another thread was faster
                        functions.remove(entry)

    def find_error(self, message: str) -> Found:
        """Return what is to be done for an error of the connection that no notice is about."""
        return self._find_report("error", [message, ""])

    def _find_message(
        self, functions: list[Callable[..., Any]], number: Any, args: list[Any], wants_ack: bool
    ) -> Found:
        """Return what is to be done for a message, which is also an event of this name."""
        method = self._handler.on_message
        if getattr(method, "__func__", None) is not _ON_MESSAGE and callable(method):
            functions = [*functions, partial(method, number)]
        if functions:
            return "message", functions, args, wants_ack
        return self._find_unheard("message", args, wants_ack)

    def _find_special(self, event: Event, functions: list[Callable[..., Any]]) -> Found:
        """Return what is to be done for a message, an error of the server's, or what nobody is registered for."""
        name, wants_ack = name_text(event.name), event.id is not None
        if name == "message":
            return self._find_message(functions, event.id, event.args, wants_ack)
        if name == "error":
            # gevent-socketio reports errors as events of this name; what else comes under it is one, too.
            told = [*event.args[:2], "", ""][:2]
            is_heard = name in self._reports or _overrides(self._handler, "on_error")
            reports = self._find_report("error", told)[1] if is_heard else []
            functions = [*functions, *(_ignoring(function, told) for function in reports)]
            if functions:
                return name, functions, event.args, wants_ack
        return self._find_unheard(name, event.args, wants_ack)

    def _find_unheard(self, name: str, args: list[Any], wants_ack: bool) -> Found:
        """Return what is to be done for an event that nobody is registered for."""
        catch_all = self._take(self._reports, ANY)
        if catch_all:
            return name, catch_all, [name, *args], wants_ack
        self._note_unheard(name)
        return name, (self._handler.unknown_event,), [name, args], False

    def _find_report(self, name: str, args: list[Any]) -> Found:
        found = getattr(self._handler, f"on_{name}", None)
        functions = self._take(self._reports, name) if name in self._reports else []
        functions = [*functions, found] if callable(found) else functions
        if name != "disconnect":
            return name, functions, args, False
        return name, [partial(f, *args) if takes_argument(f) else f for f in functions], [], False

    def _note_unheard(self, name: str) -> None:
        """Log the name of an event that nobody hears, once."""
        is_heard = self.any or _overrides(self._handler, "unknown_event")
        name = name[:MOST_NAME]
        if is_heard or name in self._unheard or len(self._unheard) >= MOST_PLANS:
            return
        self._unheard[name] = None
        with suppress(BaseException):  # what logs is the user's, and the event is yet to be delivered
            if name in REPORTED and name != "error":
                logger.warning(
                    "the server sent an event called %r, a name of the connection's own: on_event() hears it", name
                )
            else:
                logger.debug("nobody hears the event %r", name)

    def _plan(self, name: Name) -> _Plan:
        """Return whom an event goes to, and remember it if that lasts."""
        plans, key = self._plans, name_text(name)  # before the functions are looked up: another thread may register one
        lasting = not any(entry.once for entry in self._events.get(key, ()))
        plan = self._take(self._events, key), self._marks.get(key) or method_name(key)
        if lasting and len(plans) < MOST_PLANS and len(key) <= MOST_NAME:
            plans[name] = plan
        return plan

    def _take(self, table: _Table, name: str) -> list[Callable[..., Any]]:
        """Return the registered functions; those for one time are forgotten."""
        entries = tuple(table.get(name, ()))
        return [entry.function for entry in entries if not entry.once or _discard(table, name, entry)]


_ON_MESSAGE = Handler.on_message


def _add(table: _Table, name: str, entry: _Registered) -> None:
    """Add a function at the end of those for a name."""
    while True:
        entries = table.setdefault(name, [])
        entries.append(entry)
        # If the list was dropped meanwhile, whoever takes the function out of it puts it into another.
        if table.get(name) is entries or not _remove(entries, entry):
            return


def _discard(table: _Table, name: str, entry: _Registered) -> bool:
    """Forget a function, and its name with the last; return False if another thread was faster."""
    entries = table.get(name, [])
    if not _remove(entries, entry):
        return False
    if not entries:
        dropped = table.pop(name, [])
        for late in [late for late in list(dropped) if _remove(dropped, late)]:
            _add(table, name, late)
    return True


def _remove(entries: list[_Registered], entry: _Registered) -> bool:
    """Take a function out of a list; return False if another thread was faster."""
    try:
        entries.remove(entry)
    except ValueError:
        return False
    return True


def _ignoring(function: Callable[..., Any], args: list[Any]) -> Callable[..., Any]:
    """Return what calls a function with these arguments, whatever it is called with."""

    def call(*_: Any) -> Any:
        try:
            return function(*args)
        except TypeError as error:
            raise explained(error, function, args)  # noqa: B904 - it has its cause

    return call


def _overrides(handler: Handler[Any], method: str) -> bool:
    """Return whether a handler, or its class, has a method of its own in place of the base's."""
    found = getattr(handler, method)
    return callable(found) and getattr(found, "__func__", None) is not getattr(Handler, method)


def method_name(event: str) -> str | None:
    """Return the name of the method that an event of the server may reach, or None."""
    return _method_name(event) if len(event) <= MOST_NAME else None


@lru_cache(maxsize=1024)
def _method_name(event: str) -> str | None:
    name = event.replace(" ", "_")
    if name.startswith("_") or name in _NO_METHOD or not re.fullmatch(r"[A-Za-z0-9_]+", name):
        return None
    return f"on_{name}"
