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


def find_events(cls: type) -> dict[str, str]:
    """Return the names of marked methods by the names of their events; a subclass overrides its bases."""
    events: dict[str, str] = {}
    for base in reversed(cls.__mro__[:-1]):  # the last is ``object``
        for attribute, member in vars(base).items():
            names = getattr(member, "event_names", None)
            if names:  # hardly any has them, and this is done for every connection
                events.update(dict.fromkeys(names, attribute))
    return events


def _mark(method: Method, name: str) -> Method:
    method.event_names = (*getattr(method, "event_names", ()), name)  # type: ignore[attr-defined]
    return method
