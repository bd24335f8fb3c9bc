"""Logic that yields the calls to be made, run by the threaded front."""

from __future__ import annotations

from functools import partial

import pytest

from sioclient.steps import Steps, run_steps


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
