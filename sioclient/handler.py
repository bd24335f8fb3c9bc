"""What users subclass to hear from the server, and the way from an event's name to a function.

An event's name comes from the server, so it is not trusted: it reaches a method only as ``on_`` and letters, digits and
underscores, and never one of those that report on the connection itself.
"""

from __future__ import annotations

import inspect
import logging
import re
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .channel import Channel

logger = logging.getLogger("sioclient")

LIFECYCLE = frozenset({"connect", "connect_error", "disconnect", "error", "open", "close", "retry", "reconnect"})
"""What the connection itself reports, to ``on_NAME`` methods and to functions registered under these names."""

MOST_NAME = 200
"""Characters that the name of an event may have to reach a method: names come from the server, and are remembered."""

RESERVED = LIFECYCLE | {"exception", "connect_failed", "heartbeat", "noop", "event"}
"""Names that no event of the server reaches a method by."""


class Handler:
    """What to do when something happens: override what you need.

    All methods run on the connection's listener thread, one at a time, in the order of arrival. They may call every
    method of the socket. For an event NAME, define ``on_NAME(self, *args)``; spaces in the name are
    underscores there. What it returns answers the server, if the server asked: a tuple is several values.
    """

    def on_connect(self, socket: Channel) -> None:
        """The server joined us; ``socket`` is the SocketIO, or the Channel that this handler is for."""

    def on_disconnect(self) -> None:
        """What was connected is not any more."""

    def on_error(self, name: str, message: str) -> None:
        """The server reports an error: its reason, and its advice (``reconnect`` or nothing)."""

    def on_connect_error(self, message: str, data: Any) -> None:
        """The server refused to join us: what it says, and what its application adds (from socket.io 3.0 on)."""

    def on_message(self, id: int | None, message: Any) -> Any:
        """The server sent a text, a JSON message, or an event called message; ``id`` is that of the packet, if any."""

    def on_reconnect(self, attempts: int) -> None:
        """The connection came back, after so many attempts."""

    def on_open(self, transport: str) -> None:
        """A transport of this name is open."""

    def on_close(self, reason: str) -> None:
        """The transport is gone."""

    def on_retry(self, attempt: int, delay: float) -> None:
        """The next attempt to connect begins in ``delay`` seconds."""

    def unknown_event(self, name: str, args: list[Any]) -> Any:
        """The server sent an event that no method and no function is for."""

    def ack(self, msgid: int, name: str | None = None, args: list[Any] | None = None) -> None:
        """The server acknowledged what was emitted with ``msgid=`` and without a callback."""

    def on_exception(self, event: str, error: BaseException) -> None:
        """A function that ran for ``event`` raised; the default logs it with its traceback."""
        logger.error("the handler of %.200r raised", event, exc_info=error)


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
