"""What users subclass to hear from the server."""

from __future__ import annotations

import inspect
import logging
import weakref
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any, Generic

from .errors import NotConnected
from .names import Name

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Socket = TypeVar("Socket", default=Any)
else:
    from typing import TypeVar

    Socket = TypeVar("Socket")

logger = logging.getLogger("sioclient")

_NOT_RUN = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
"""The flags of code that a call does not run."""


Returned = TypeVar("Returned")


def _takes_what_it_wants(method: Callable[..., Returned]) -> Callable[..., Returned]:
    """Let type checkers accept any arguments of what overrides a method."""
    return method


class Handler(Generic[Socket]):
    """What to do when something happens: override what you need.

    All methods run on the connection's listener thread, one at a time, in the order of arrival. They may call every
    method of the socket. In ``sioclient.aio``, they run in a task, may be coroutine functions, and await ``emit``,
    ``send`` and ``call``. For an event NAME, define ``on_NAME(self, *args)``; spaces in the name are underscores there.
    A method marked ``@event("user:joined")`` hears the event of exactly that name. What it returns is the
    acknowledgement, if the server asked for one: a tuple is several values.

    Typed programs name the class of the socket: ``Handler[SocketIO]``.
    """

    _attached: Callable[[], Any] | None = None

    @property
    def socket(self) -> Socket:
        """The SocketIO or the Channel that this handler is for; None: there is none. It is not kept alive by this."""
        return self._attached() if self._attached is not None else None  # type: ignore[return-value]

    @socket.setter
    def socket(self, socket: Socket) -> None:
        self._attached = lambda: socket  # by a subclass, which has its reasons

    def emit(self, name: Name, *args: Any, **options: Any) -> Any:
        """Send an event; see ``Channel.emit``."""
        return self._verbs().emit(name, *args, **options)

    def send(self, data: Any, *args: Any, **options: Any) -> Any:
        """Send a message; see ``Channel.send``."""
        return self._verbs().send(data, *args, **options)

    def call(self, name: Name, *args: Any, timeout: float | None = 60) -> Any:
        """Send an event and return what the server acknowledges it with; see ``Channel.call``."""
        return self._verbs().call(name, *args, timeout=timeout)

    def _verbs(self) -> Any:
        socket = self.socket
        if socket is None:
            raise NotConnected(f"this {type(self).__name__} is the handler of no connection: give it to a SocketIO")
        return socket

    def on_connect(self, socket: Socket) -> Any:
        """The server joined us; ``socket`` is the SocketIO, or the Channel that this handler is for."""

    @_takes_what_it_wants
    def on_disconnect(self) -> Any:
        """The connection to this endpoint was closed or lost; a method that takes an argument gets the reason."""

    def on_error(self, name: str, message: str) -> Any:
        """The server reports an error: its reason, and its advice (``reconnect`` or nothing)."""

    def on_connect_error(self, message: str, data: Any) -> Any:
        """The server refused to join us: what it says, and what its application adds (from socket.io 3.0 on).

        Also, after ``open(wait=False)``, there is no first connection: why, and None.
        """

    @_takes_what_it_wants
    def on_message(self, id: int | None, *args: Any) -> Any:
        """The server sent a text, a JSON message, or an event called message with these arguments.

        ``id`` is that of the packet, if it asked for an acknowledgement.
        """

    def on_reconnect(self, attempts: int) -> Any:
        """The connection came back, after so many attempts."""

    def on_reconnect_failed(self, error: Exception) -> Any:
        """The connection has ended for good, though nobody wanted that: ``error`` says why."""

    def on_open(self, transport: str) -> Any:
        """A transport of this name is open."""

    def on_close(self, reason: str) -> Any:
        """The transport is gone."""

    def on_retry(self, attempt: int, delay: float) -> Any:
        """The next attempt to connect begins in ``delay`` seconds."""

    def unknown_event(self, name: str, args: list[Any]) -> Any:
        """The server sent an event that no method and no function is for; what this returns goes nowhere."""

    def ack(self, msgid: int, name: str | None = None, args: list[Any] | None = None) -> Any:
        """The server acknowledged what was emitted with ``msgid=`` and without a callback."""

    def on_exception(self, event: str, error: BaseException) -> Any:
        """A function that ran for ``event`` raised; the default logs it with its traceback."""
        logger.error("the handler of %.200r raised", event, exc_info=error)


def check_handler(handler: Handler[Any] | None, *, awaits: bool = False) -> Handler[Any]:
    """Return a handler for ``handler``, or raise TypeError; who ``awaits`` takes coroutine functions as methods."""
    if isinstance(handler, type) and issubclass(handler, Handler):
        raise TypeError(f"handler must be an object, not its class: {handler.__name__}()")
    if handler is not None and not isinstance(handler, Handler):
        raise TypeError(f"handler must be an object of a subclass of Handler, not {type(handler).__name__}")
    for name, member in _members(handler).items() if handler is not None and not awaits else ():
        is_called = name.startswith("on_") or name in ("ack", "unknown_event") or hasattr(member, "event_names")
        if is_called and is_coroutine_function(getattr(member, "__func__", member)):
            raise TypeError(
                f"{type(handler).__name__}.{name} must be a plain method, not a coroutine function, which nobody "
                "awaits here: use sioclient.aio, or hand it to a loop of asyncio in a plain one"
            )
    return Handler() if handler is None else handler


def attach(handler: Handler[Any], socket: Any) -> None:
    """Let a handler know what it is for, without keeping that alive."""
    handler._attached = weakref.ref(socket)


def _members(handler: Handler[Any]) -> dict[str, Any]:
    """Return what a handler and its classes define, by name."""
    members = {name: member for base in reversed(type(handler).__mro__) for name, member in vars(base).items()}
    return {**members, **getattr(handler, "__dict__", {})}


def is_coroutine_function(function: object) -> bool:
    """Return whether calling this runs nothing yet: it must be awaited, or iterated over with ``async for``."""
    # Of most functions, their code says so: inspect looks for more, for 5 us, and each callback is asked for.
    if isinstance(function, FunctionType) and not function.__dict__:
        return function.__code__.co_flags & _NOT_RUN != 0
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
