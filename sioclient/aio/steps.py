"""Runs what yields steps, see ``sioclient.steps``, and the user's functions that may have to be awaited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from ..httpoptions import takes
from ..options import auth_data, option_error
from ..steps import Result, Steps


async def run_steps(steps: Steps[Result], outcome: Any = None) -> Result:
    """Make the calls, await what must be awaited, and return the result; ``outcome`` is that of the latest call."""
    go_on: Callable[[Any], Callable[[], Any]] = steps.send
    while True:
        try:
            outcome = await outcome if outcome is not None and isawaitable(outcome) else outcome
        except BaseException as problem:
            go_on, outcome = steps.throw, problem
        try:
            go_on, outcome = _advance(steps, go_on(outcome))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def _advance(steps: Steps[Any], call: Callable[[], Any]) -> tuple[Callable[[Any], Callable[[], Any]], Any]:
    """Make a call, and return who is given its outcome."""
    try:
        return steps.send, call()
    except BaseException as problem:
        return steps.throw, problem


def begin_steps(steps: Steps[None]) -> Awaitable[None] | None:
    """Make the calls up to the first that must be awaited; return what awaits it and makes the others, or None."""
    go_on: Callable[[Any], Callable[[], Any]] = steps.send
    outcome: Any = None
    while True:
        try:
            call = go_on(outcome)
        except StopIteration:
            return None
        try:
            go_on, outcome = steps.send, call()
        except BaseException as problem:
            go_on, outcome = steps.throw, problem
        else:
            if outcome is not None and isawaitable(outcome):
                return run_steps(steps, outcome)


async def value_of(name: str, function: Callable[[], Any]) -> Any:
    """Return what a function returns that the user gave as an option, or raise ConnectError."""
    try:
        value = function()
        return await value if isawaitable(value) else value
    except Exception as error:
        raise option_error(name, error) from error


async def asked_data(auth: Any) -> Any:
    """Return what the server is given of an ``auth``; see ``options.asked_data``."""
    return auth_data(await value_of("auth", auth) if callable(auth) else auth)


async def given_data(auth: Any) -> Any:
    """Do the same for one channel, where what a function raises is raised as it is."""
    if callable(auth) and takes(auth, 0) is not False:
        auth = auth()
        auth = await auth if isawaitable(auth) else auth
    return auth_data(auth)
