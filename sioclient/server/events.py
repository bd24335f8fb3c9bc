"""From the name of an event to a method, and from the event's arguments to the method's parameters.

Whatever a client calls its events, it can reach only methods that are marked.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from math import inf
from typing import Any

from ..marks import Method, event, find_events

__all__ = ["MisfitError", "UnknownEventError", "call", "concurrent", "event", "find_events", "takes"]


class MisfitError(TypeError):
    """The arguments of an event do not fit the method that is marked for it."""


class UnknownEventError(LookupError):
    """No method is marked for an event."""


def concurrent(method: Method) -> Method:
    """Mark a method, an ``async def``, so that later events do not wait until it has returned."""
    method.is_concurrent = True  # type: ignore[attr-defined]
    return method


def call(method: Callable[..., Any], self: object, args: list[Any]) -> Any:
    """Call a method, as its class has it, with the arguments of an event.

    An object that comes alone becomes keyword arguments if the method cannot take it as its one argument: the signature
    decides that, not the client.

    Raises:
        MisfitError: the arguments do not fit the signature.
    """
    least, most = _counts(method)
    if len(args) == 1 and isinstance(args[0], dict) and not least <= 2 <= most:
        if _fits(_signature(method), None, **args[0]):
            return method(self, **args[0])
    elif least <= 1 + len(args) <= most:
        return method(self, *args)
    raise MisfitError(f"{method.__name__}{_signature(method)} does not take these arguments")


def takes(function: Callable[..., Any], *args: Any) -> bool:
    """Return whether a function can be called with these arguments."""
    method = getattr(function, "__func__", None)  # what is remembered must not keep the object alive
    return _fits(inspect.signature(function), *args) if method is None else _fits(_signature(method), None, *args)


_signature = lru_cache(maxsize=1024)(inspect.signature)


@lru_cache(maxsize=1024)
def _counts(method: Callable[..., Any]) -> tuple[float, float]:
    """Return how many positional arguments a method takes, at least and at most; binding them takes 4 us more."""
    least: float = 0
    most: float = 0
    for parameter in _signature(method).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            most = inf
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            most += 1
            least += parameter.default is parameter.empty
        elif parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty:
            least = inf
    return least, most


def _fits(signature: inspect.Signature, /, *args: Any, **keywords: Any) -> bool:
    try:
        signature.bind(*args, **keywords)
    except TypeError:
        return False
    return True
