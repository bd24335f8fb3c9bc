"""The verbs with which a user has functions called for what the server sends, the same in both fronts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, overload

from ..names import Name, check_name
from .dispatch import Dispatcher, Function
from .functions import check_function


class Registry(ABC):
    """What ``Channel`` is for those who listen; it says where functions and waiting threads are registered."""

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
        self.check("what is called for any event", function)
        self._registry().any.append(function)
        return function

    def on_any_outgoing(self, function: Function) -> Function:
        """Call ``function`` with the name and the arguments of every event that is sent, in the sending thread."""
        check_function("what is called for any event that is sent", function)
        self._registry().any_outgoing.append(function)
        return function

    def off(self, name: Name, function: Callable[..., Any] | None = None) -> None:
        """Forget ``function``, or all functions, that are registered for ``name``."""
        self._registry(to_register=False).forget(name, function)

    def off_any(self, function: Callable[..., Any] | None = None) -> None:
        """Forget ``function``, or all functions, that ``on_any`` or ``on_any_outgoing`` registered."""
        self._registry(to_register=False).forget_any(function)

    def _register(self, name: Name, function: Function | None, *, once: bool = False, is_event: bool = False) -> Any:
        check_name(name)
        register = partial(self._registry().register, name, once=once, is_event=is_event)
        return register if function is None else register(function)

    @abstractmethod
    def check(self, what: str, function: object) -> None:
        """Raise TypeError unless this is a function that can be called here."""

    @abstractmethod
    def _registry(self, *, to_register: bool = True) -> Dispatcher:
        """Return what has the functions."""

    @abstractmethod
    def _is_over(self) -> bool:
        """Return whether no event will come any more."""
