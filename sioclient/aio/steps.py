"""Runs what yields steps, see ``sioclient.fronts.steps``, and the user's functions that may have to be awaited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from ..fronts.steps import Result, Steps, run_until, without_frame


async def run_steps(steps: Steps[Result]) -> Result:
    """Make the calls, await what must be awaited, and return the result."""
    has_ended, outcome = run_until(steps, steps.send, None, isawaitable)
    return outcome if has_ended else await _go_on(steps, outcome)  # type: ignore[no-any-return]


def begin_steps(steps: Steps[None]) -> Awaitable[None] | None:
    """Make the calls up to the first that must be awaited; return what awaits it and makes the others, or None."""
    has_ended, outcome = run_until(steps, steps.send, None, isawaitable)
    return None if has_ended else _go_on(steps, outcome)


async def _go_on(steps: Steps[Any], outcome: Any) -> Any:
    has_ended = False
    while not has_ended:
        go_on: Callable[[Any], Callable[[], Any]] = steps.send
        try:
            outcome = await outcome
        except BaseException as problem:
            go_on, outcome = steps.throw, without_frame(problem)
        has_ended, outcome = run_until(steps, go_on, outcome, isawaitable)
    return outcome
