"""From the name of an event to a method, and from the event's arguments to the method's parameters.

Whatever a client calls its events, it can reach only methods that are marked.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
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
    signature = _signature(method)
    positional, keywords = args, {}
    if len(args) == 1 and isinstance(args[0], dict) and not _fits(signature, None, None):
        positional, keywords = [], args[0]
    if not _fits(signature, None, *positional, **keywords):
        raise MisfitError(f"{method.__name__}{signature} does not take these arguments")
    return method(self, *positional, **keywords)


def takes(function: Callable[..., Any], *args: Any) -> bool:
    """Return whether a function can be called with these arguments."""
    return _fits(inspect.signature(function), *args)


_signature = lru_cache(maxsize=1024)(inspect.signature)


def _fits(signature: inspect.Signature, /, *args: Any, **keywords: Any) -> bool:
    try:
        signature.bind(*args, **keywords)
    except TypeError:
        return False
    return True
