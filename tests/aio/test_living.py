"""The tasks of one connection end together, and what they raise is told."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from sioclient.aio.living import Living
from sioclient.aio.wakeups import Broadcast

from .conftest import eventually


def test_others_end_before_a_main_task_that_is_cancelled(run):
    async def other():
        told.append("begin")
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            told.append("end")

    async def main():
        living.start(other)
        await eventually(lambda: told, "the other task")
        scope.cancel()
        await anyio.sleep_forever()

    async def test():
        nonlocal scope
        async with anyio.create_task_group() as group:
            with anyio.CancelScope() as scope:
                await living.run(group, main)
            assert told == ["begin", "end"]
            assert not living.is_on

    told, scope = [], None
    living = Living(told.append, lambda: None)
    run(test)


def test_a_task_that_begins_after_the_end_is_cancelled(run):
    async def other():
        await anyio.sleep_forever()

    async def main():
        living.cancel()
        living.start(other)

    async def test():
        async with anyio.create_task_group() as group:
            await living.run(group, main)

    living = Living(print, lambda: None)
    run(test)


def test_errors_of_all_tasks_are_told(run):
    async def fail(number):
        raise LookupError(number)

    async def main():
        living.start(fail, 1)
        await fail(2)

    async def test():
        async with anyio.create_task_group() as group:
            await living.run(group, main)
        assert sorted(map(repr, told)) == ["LookupError(1)", "LookupError(2)"]

    told = []
    living = Living(told.append, lambda: None)
    run(test)


def test_the_end_is_told_whatever_happens(run):
    async def other():
        await anyio.sleep_forever()

    async def main():
        living.start(other)
        raise KeyboardInterrupt

    async def test():
        async with anyio.create_task_group() as group:
            with pytest.raises(KeyboardInterrupt):
                await living.run(group, main)
        assert told == ["the end"]
        assert not living.is_on

    told = []
    living = Living(print, lambda: told.append("the end"))
    run(test)


def test_nobody_waits_once_all_were_woken(run):
    async def test():
        broadcast, done = Broadcast(), []

        async def wait(number):
            await broadcast.change(None if number % 2 else lambda: False)
            done.append(number)

        async with anyio.create_task_group() as group:
            for number in range(6):
                group.start_soon(wait, number)
            await anyio.wait_all_tasks_blocked()
            broadcast.wake()
            await eventually(lambda: len(done) == 3, "the tasks that wait for any change")
            assert sorted(done) == [1, 3, 5]
            group.cancel_scope.cancel()
        assert not broadcast._waiting
        assert broadcast._waiting is Broadcast()._waiting

    run(test)
