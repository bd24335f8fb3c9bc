"""Logic that says which step on the network comes next, and leaves the step to whoever runs it.

Such logic is a generator. It yields calls without arguments, each into a transport or an HTTP client, and gets what
they return, or what they raise. The threaded front makes the calls; the async front also awaits what they return.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

Result = TypeVar("Result")

Steps = Generator[Callable[[], Any], Any, Result]
"""Logic that yields calls, and returns a result in the end."""


def run_steps(steps: Steps[Result]) -> Result:
    """Make the calls one after the other, and return the result."""
    go_on: Callable[[Any], Callable[[], Any]] = steps.send
    outcome: Any = None
    while True:
        try:
            call = go_on(outcome)
        except StopIteration as end:
            result: Result = end.value
            return result
        try:
            go_on, outcome = steps.send, call()
        except BaseException as problem:
            go_on, outcome = steps.throw, without_frame(problem)


def run_until(
    steps: Steps[Any], go_on: Callable[[Any], Callable[[], Any]], outcome: Any, stops: Callable[[Any], bool]
) -> tuple[bool, Any]:
    """Go on with steps and the outcome of the latest; return whether they have ended, and the result or an outcome.

    Args:
        steps: what yields calls.
        go_on: its ``send`` or ``throw``, which is given ``outcome``.
        outcome: what the latest call returned or raised.
        stops: says whether to return after a call that returned this.
    """
    while True:
        try:
            call = go_on(outcome)
        except StopIteration as end:
            return True, end.value
        try:
            go_on, outcome = steps.send, call()
        except BaseException as problem:
            go_on, outcome = steps.throw, without_frame(problem)
        else:
            if outcome is not None and stops(outcome):
                return False, outcome


def without_frame(problem: BaseException) -> BaseException:
    """Return an exception that a call raised, without the frame that made the call: it tells who raised it."""
    traceback = problem.__traceback__
    return problem.with_traceback(traceback and traceback.tb_next)
