"""Methods that are marked for events by name, ``@event`` and ``@event("user:joined")``: for handlers and servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from .names import Name, check_name

Method = TypeVar("Method", bound=Callable[..., Any])


@overload
def event(name: Method) -> Method: ...


@overload
def event(name: Name) -> Callable[[Method], Method]: ...


def event(name: Name | Method) -> Method | Callable[[Method], Method]:
    """Mark a method for the event of exactly a name, whatever characters it has.

    ``@event`` marks it for the event of the method's own name, ``@event("user:joined")`` for another one. Several marks
    add up.

    Raises:
        TypeError: the name is neither text nor a number.
    """
    if callable(name):
        return _mark(name, name.__name__)
    text = check_name(name)
    return lambda method: _mark(method, text)


def find_events(cls: type, unmarked: type = object) -> dict[str, str]:
    """Return the names of marked methods by the names of their events; a subclass overrides its bases.

    Args:
        cls: has the methods.
        unmarked: a base of it that has none that is marked, nor have its own bases: they are not looked at, as this is
            done for every connection.
    """
    events: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base not in unmarked.__mro__:
            for attribute, member in vars(base).items():
                names = getattr(member, "event_names", None)
                if names:
                    events.update(dict.fromkeys(names, attribute))
    return events


def _mark(method: Method, name: str) -> Method:
    method.event_names = (*getattr(method, "event_names", ()), name)  # type: ignore[attr-defined]
    return method
