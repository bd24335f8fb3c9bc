"""The functions of a user: which can be called, with how many arguments, and what went wrong if one could not."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from ..handler import is_coroutine_function


def check_function(what: str, function: object, *, awaits: bool = False) -> None:
    """Raise TypeError unless this is a function that can be called; a coroutine function only by who ``awaits``."""
    if not callable(function):
        raise TypeError(f"{what} must be a function, not {type(function).__name__}")
    plain: Any = function
    while isinstance(plain, (partial, MethodType)):
        plain = plain.func if isinstance(plain, partial) else plain.__func__
    is_object = not isinstance(plain, FunctionType)  # whose class says what a call does
    if not awaits and (is_coroutine_function(plain) or (is_object and is_coroutine_function(type(plain).__call__))):
        raise TypeError(
            f"{what} must be a plain function, not a coroutine function, which nobody awaits here: "
            "use sioclient.aio, or hand it to a loop of asyncio in a plain one"
        )


def explained(error: BaseException, function: Callable[..., Any], args: list[Any]) -> BaseException:
    """Return what a function raised; if it could not be called so, an error that says what it was called with."""
    if not isinstance(error, TypeError) or error.__traceback__ is None or error.__traceback__.tb_next is not None:
        return error
    plain: Any = function
    while isinstance(plain, partial):
        plain, args = plain.func, [*plain.args, *args]
    name = getattr(plain, "__qualname__", None) or repr(plain)
    told = TypeError(f"{name:.200} was called with {', '.join(map(repr, args)) or 'no arguments':.200}: {error!s:.200}")
    told.__cause__ = error
    return told


def spread(function: Callable[..., Any], args: list[Any]) -> list[Any]:
    """Return the arguments to call an event's function with.

    A function of several positional arguments also takes an event whose only argument is a list of just that many.
    """
    if len(args) == 1 and isinstance(args[0], list) and len(args[0]) > 1:
        fewest, most = _positional(function)
        if fewest > 1 and fewest <= len(args[0]) <= most:
            return args[0]
    return args


def takes_argument(function: Callable[..., Any]) -> bool:
    """Return whether a function takes a positional argument: for ``disconnect``, who does so gets the reason."""
    return _positional(function)[1] >= 1


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
