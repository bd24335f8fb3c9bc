"""Logic that yields the calls to be made, run by the threaded front."""

from __future__ import annotations

from functools import partial

import pytest

from sioclient.fronts.steps import Steps, run_steps, run_until


def test_steps_get_what_their_calls_return():
    def steps() -> Steps[list[int]]:
        return [(yield lambda: 1), (yield partial(int, "2"))]

    assert run_steps(steps()) == [1, 2]


def test_steps_get_what_their_calls_raise():
    def steps() -> Steps[str]:
        try:
            yield partial(int, "x")
        except ValueError:
            return (yield lambda: "mended")

    assert run_steps(steps()) == "mended"


def test_what_steps_do_not_handle_is_raised():
    def steps() -> Steps[None]:
        yield partial(int, "x")

    with pytest.raises(ValueError, match="'x'"):
        run_steps(steps())


def test_steps_run_until_a_call_returns_what_the_caller_looks_for():
    def steps() -> Steps[str]:
        number = yield lambda: 1
        try:
            text = yield partial(str, number)
        except LookupError:
            text = yield partial(int, "3")
        return f"{text}!"

    def is_text(outcome: object) -> bool:
        return isinstance(outcome, str)

    running = steps()
    assert run_until(running, running.send, None, is_text) == (False, "1")
    assert run_until(running, running.send, "2", is_text) == (True, "2!")
    running = steps()
    run_until(running, running.send, None, is_text)
    assert run_until(running, running.throw, LookupError(), is_text) == (True, "3!")


def test_what_a_call_raises_goes_to_the_steps():
    def steps() -> Steps[str]:
        try:
            yield partial(int, "x")
        except ValueError:
            return "mended"

    running = steps()
    assert run_until(running, running.send, None, callable) == (True, "mended")
