"""Runs what yields steps, see ``sioclient.steps``, and the user's functions that may have to be awaited."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from ..httpoptions import takes
from ..options import auth_data, option_error
from ..steps import Result, Steps


async def run_steps(steps: Steps[Result]) -> Result:
    """Make the calls one after the other, await what must be awaited, and return the result."""
    try:
        call = next(steps)
        while True:
            try:
                outcome = call()
                outcome = await outcome if isawaitable(outcome) else outcome
            except BaseException as problem:
                call = steps.throw(problem)
            else:
                call = steps.send(outcome)
    except StopIteration as end:
        result: Result = end.value
        return result


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
