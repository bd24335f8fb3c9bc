"""Runs logic that yields steps; see ``sioclient.steps``."""

from __future__ import annotations

from ..steps import Result, Steps


async def run_steps(steps: Steps[Result]) -> Result:
    """Await what the steps return, one after the other, and return the result."""
    try:
        call = next(steps)
        while True:
            try:
                outcome = await call()
            except BaseException as problem:
                call = steps.throw(problem)
            else:
                call = steps.send(outcome)
    except StopIteration as end:
        result: Result = end.value
        return result
