"""What a program subclasses: the functions for one namespace, which is an endpoint."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from ...fronts.dispatch import REPORTED, method_name

logger = logging.getLogger("socketIO-client")


class Verbs(Protocol):
    """What a namespace asks of its SocketIO."""

    def emit(self, event: str, *args: Any, **kw: Any) -> None: ...
    def send(self, data: Any, callback: Callable[..., Any] | None, path: str) -> None: ...
    def connect(self, path: str) -> None: ...
    def disconnect(self, path: str) -> None: ...


class SocketIONamespace:
    """The functions of a program for one path: methods ``on_NAME``, and what ``on`` and ``once`` register.

    They run in the thread that calls ``SocketIO.wait``.
    """

    def __init__(self, io: Verbs, path: str) -> None:
        self._io = io
        self.path = path
        self._callbacks: dict[str, Callable[..., Any]] = {}
        self._once: set[str] = set()
        self.initialize()

    def initialize(self) -> None:
        """Set up attributes of your own: for subclasses."""

    def on(self, event: str, callback: Callable[..., Any]) -> None:
        """Call ``callback`` for an event, in the place of what was registered before."""
        self._once.discard(event)
        self._callbacks[event] = callback

    def once(self, event: str, callback: Callable[..., Any]) -> None:
        """Call ``callback`` for the next event of this name only."""
        self.on(event, callback)
        self._once.add(event)

    def off(self, event: str) -> None:
        """Forget what is registered for an event."""
        self._once.discard(event)
        self._callbacks.pop(event, None)

    def emit(self, event: str, *args: Any, **kw: Any) -> None:
        """Send an event here; see ``SocketIO.emit``."""
        self._io.emit(event, *args, **{**kw, "path": self.path})

    def send(self, data: Any = "", callback: Callable[..., Any] | None = None) -> None:
        """Send a message here; see ``SocketIO.send``."""
        self._io.send(data, callback, path=self.path)

    def message(self, data: Any = "", callback: Callable[..., Any] | None = None) -> None:
        """Send a message: the name that ``send`` has in 0.5."""
        self.send(data, callback)

    def connect(self) -> None:
        """Join this path again."""
        self._io.connect(self.path)

    def disconnect(self) -> None:
        """Leave this path; on the default one, end the connection."""
        self._io.disconnect(self.path)

    def on_connect(self) -> None:
        """The server joined us for the first time."""

    def on_reconnect(self) -> None:
        """The server joined us again."""

    def on_disconnect(self) -> None:
        """The connection was closed or lost."""

    def on_message(self, data: Any, *reply: Any) -> None:
        """The server sent a message."""

    def on_error(self, *reason: Any) -> None:
        """The server reports an error: ``reason`` and ``advice`` as in 0.5, or one text as in 0.7."""

    def on_event(self, event: str, *args: Any) -> None:
        """The server sent an event that nothing else here is for."""


class LoggingSocketIONamespace(SocketIONamespace):
    """Logs everything with the logger ``socketIO-client``."""

    def on_connect(self) -> None:
        """Log that the server joined us."""
        logger.debug("%s [connect]", self.path)

    def on_reconnect(self) -> None:
        """Log that the server joined us again."""
        logger.debug("%s [reconnect]", self.path)

    def on_disconnect(self) -> None:
        """Log that the connection was closed or lost."""
        logger.debug("%s [disconnect]", self.path)

    def on_message(self, data: Any, *reply: Any) -> None:
        """Log a message."""
        logger.info("%s [message] %s", self.path, data)

    def on_error(self, *reason: Any) -> None:
        """Log an error of the server's."""
        logger.warning("%s [error] %s", self.path, " ".join(map(str, reason)))

    def on_event(self, event: str, *args: Any) -> None:
        """Log an event that nothing else here is for."""
        callback, args = find_callback(args)
        arguments = [*map(repr, args), *(["callback(*args)"] if callback else [])]
        logger.info("%s [event] %s(%s)", self.path, event, ", ".join(arguments))


def find_callback(
    args: tuple[Any, ...], kw: dict[str, Any] | None = None
) -> tuple[Callable[..., Any] | None, tuple[Any, ...]]:
    """Return the callback at the end of the arguments, or the keyword's, and the other arguments."""
    if args and callable(args[-1]):
        return args[-1], args[:-1]
    return (kw or {}).get("callback"), args


def function_for(namespace: SocketIONamespace, event: str, *, is_report: bool = False) -> Callable[..., Any]:
    """Return what a namespace has for an event: a registered callback, a method, or ``on_event``.

    Only what the connection reports reaches the methods that are about the connection: a server can name its events
    like them. A program that registered for ``connect`` as in 0.5, and not for ``reconnect``, hears of both there.
    """
    callbacks = namespace._callbacks
    name = "connect" if event == "reconnect" and event not in callbacks and "connect" in callbacks else event
    found = callbacks.get(name)
    if found is not None:
        if name in namespace._once:
            namespace.off(name)
    elif is_report or event == "message":
        found = getattr(namespace, f"on_{event}")
    else:
        method = None if event in REPORTED or event == "event" else method_name(event)
        found = getattr(namespace, method or "", None) or partial(namespace.on_event, event)
    return partial(_call_for_error, found) if is_report and event == "error" else found


def _call_for_error(function: Callable[..., Any], reason: str, advice: str) -> Any:
    """Call a function of 0.5 with the reason and the advice, and one of 0.7 with the reason."""
    try:
        inspect.signature(function).bind(reason, advice)
    except TypeError:
        return function(reason)
    return function(reason, advice)
