"""From an event to the functions for it. Here are no threads and no socket: whoever finds the functions calls them.

An event's name comes from the server, so it is not trusted: it reaches a method only as ``on_`` and letters, digits and
underscores, and never one of those that report on the connection itself.
"""

from __future__ import annotations

import inspect
import logging
import re
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from .handler import Handler
from .protocol.notices import (
    Connected,
    Disconnected,
    JoinFailed,
    Reconnected,
    Retrying,
    TransportClosed,
    TransportOpened,
)
from .protocol.packets import Error, Event, Json, Message, Name, name_text

logger = logging.getLogger("sioclient")

Function = TypeVar("Function", bound=Callable[..., Any])

LIFECYCLE = frozenset({"connect", "connect_error", "disconnect", "error", "open", "close", "retry", "reconnect"})
"""What the connection itself reports, to ``on_NAME`` methods and to functions registered under these names."""

RESERVED = LIFECYCLE | {"exception", "connect_failed", "heartbeat", "noop", "event"}
"""Names that no event of the server reaches a method by."""

MOST_NAME = 200
"""Characters that the name of an event may have to reach a method: names come from the server, and are remembered."""

MOST_PLANS = 1000
"""Events whose plans are remembered: their names come from the server."""

REPORTS: dict[type, Callable[[Any, Any], tuple[str, list[Any]]]] = {
    Connected: lambda notice, socket: ("connect", [socket]),
    Disconnected: lambda notice, socket: ("disconnect", []),
    Error: lambda notice, socket: ("error", [notice.reason, notice.advice]),
    JoinFailed: lambda notice, socket: ("connect_error", [notice.reason, notice.error.data]),
    Reconnected: lambda notice, socket: ("reconnect", [notice.attempts]),
    Retrying: lambda notice, socket: ("retry", [notice.attempt, notice.delay]),
    TransportOpened: lambda notice, socket: ("open", [notice.transport]),
    TransportClosed: lambda notice, socket: ("close", [notice.reason]),
}
"""What the connection reports to functions: the name and the arguments, by the kind of notice."""


class _Registered(NamedTuple):
    function: Callable[..., Any]
    once: bool


_Plan = tuple[list[Callable[..., Any]], "str | None"]
"""The functions that are registered for an event, and the name of the handler's method for it."""


class Dispatcher:
    """The functions of a user for one endpoint.

    Args:
        handler: its methods are called last.
    """

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self._registered: dict[str, list[_Registered]] = {}
        self._plans: dict[str, _Plan] = {}  # forgotten whenever a function comes or goes
        self._warned: set[str] = set()

    def register(self, name: str, function: Function, *, once: bool) -> Function:
        """Call ``function`` for an event, or for the next one only; raise TypeError for what is none."""
        check_name(name)
        if not callable(function):
            raise TypeError(f"what is called for {name!r} must be a function, not {type(function).__name__}")
        self._registered.setdefault(name, []).append(_Registered(function, once))
        self._plans = {}
        return function

    def forget(self, name: str, function: Callable[..., Any] | None) -> None:
        """Forget ``function``, or all functions, that are registered for an event."""
        for entry in list(self._registered.get(name, ())):
            if function is None or entry.function == function:
                self._discard(name, entry)
        self._plans = {}

    def find(self, notice: Any, socket: Any) -> tuple[str, Sequence[Callable[..., Any]], list[Any], bool]:
        """Return what a user calls a notice, the functions for it, their arguments, and whether it wants an ack.

        Args:
            notice: a packet of the server, or what the connection reports.
            socket: the channel that functions for ``connect`` get.
        """
        kind = type(notice)
        if kind is Event:  # as nearly all are
            name = notice.name
            plan = self._plans.get(name) or self._plan(name)
            if plan is not None:
                functions, method = plan
                found = getattr(self.handler, method, None) if method is not None else None
                if found is not None and callable(found):
                    functions = [*functions, found]
                if functions:
                    return name, functions, notice.args, notice.id is not None
                return name, (self.handler.unknown_event,), [name, notice.args], notice.id is not None
            data = notice.args[0] if len(notice.args) == 1 else notice.args or None
            return "message", self._functions("message"), [notice.id, data], notice.id is not None
        if kind is Message or kind is Json:
            # A plain id was acknowledged when the packet arrived.
            return "message", self._functions("message"), [notice.id, notice.data], notice.wants_data
        if kind not in REPORTS:
            return "", (), [], False
        name, args = REPORTS[kind](notice, socket)
        return name, self._functions(name), args, False

    def functions_for_error(self) -> list[Callable[..., Any]]:
        """Return the functions for an error of the connection."""
        return self._functions("error")

    def _functions(self, name: str) -> list[Callable[..., Any]]:
        """Return the functions for a message, or for what the connection reports."""
        found = getattr(self.handler, f"on_{name}", None)
        functions = self._take(name) if name in self._registered else []
        return [*functions, found] if callable(found) else functions

    def _plan(self, name: Name) -> _Plan | None:
        """Return whom an event goes to, and remember it if that lasts; None: to those for messages."""
        name = name_text(name)
        if name == "message":
            return None
        if name in RESERVED:
            if name not in self._warned:
                self._warned.add(name)
                logger.warning("the server sent an event called %r, a reserved name: only unknown_event gets it", name)
            return [], None
        plans = self._plans  # what another thread registers meanwhile puts another in its place
        lasting = not any(entry.once for entry in self._registered.get(name, ()))
        plan = self._take(name), method_name(name)
        if lasting and len(plans) < MOST_PLANS and len(name) <= MOST_NAME:
            plans[name] = plan
        return plan

    def _take(self, name: str) -> list[Callable[..., Any]]:
        """Return the registered functions; those for one time are forgotten."""
        entries = tuple(self._registered.get(name, ()))
        return [entry.function for entry in entries if not entry.once or self._discard(name, entry)]

    def _discard(self, name: str, entry: _Registered) -> bool:
        """Forget a function; return False if another thread was faster."""
        entries = self._registered.get(name, [])
        try:
            entries.remove(entry)
        except ValueError:
            return False
        if not entries:
            with suppress(KeyError):
                del self._registered[name]
        return True


def check_name(name: object) -> None:
    """Raise TypeError unless this can be the name of an event."""
    if not isinstance(name, str):
        raise TypeError(f"an event's name must be text, not {type(name).__name__}")


def method_name(event: str) -> str | None:
    """Return the name of the method that an event of the server may reach, or None."""
    return _method_name(event) if len(event) <= MOST_NAME else None


@lru_cache(maxsize=1024)
def _method_name(event: str) -> str | None:
    name = event.replace(" ", "_")
    if name.startswith("_") or name in RESERVED or not re.fullmatch(r"[A-Za-z0-9_]+", name):
        return None
    return f"on_{name}"


def spread(function: Callable[..., Any], args: list[Any]) -> list[Any]:
    """Return the arguments to call an event's function with.

    A function of several positional arguments also takes an event whose only argument is a list of just that many.
    """
    if len(args) == 1 and isinstance(args[0], list) and len(args[0]) > 1:
        fewest, most = _positional(function)
        if fewest > 1 and fewest <= len(args[0]) <= most:
            return args[0]
    return args


def ack_args(result: Any) -> list[Any]:
    """Return what an acknowledgement carries for what a function returned: a tuple is several values."""
    return [] if result is None else list(result) if isinstance(result, tuple) else [result]


_counted: weakref.WeakKeyDictionary[Callable[..., Any], tuple[int, float]] = weakref.WeakKeyDictionary()


def _positional(function: Callable[..., Any]) -> tuple[int, float]:
    """Return how many positional arguments a function needs, and how many it takes."""
    # A bound method is a new object each time; what it is bound from lasts.
    key = getattr(function, "__func__", function)
    try:
        needed, most = _counted[key]
    except (KeyError, TypeError):
        needed, most = _count(key)
        with suppress(TypeError):  # not every callable can be referred to weakly
            _counted[key] = needed, most
    bound = 1 if key is not function else 0
    return needed - bound, most - bound


def _count(function: Callable[..., Any]) -> tuple[int, float]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return 0, float("inf")
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    positional = [parameter for parameter in parameters if parameter.kind in kinds]
    needed = sum(parameter.default is parameter.empty for parameter in positional)
    variable = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)
    return needed, float("inf") if variable else len(positional)
