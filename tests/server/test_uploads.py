"""Whose body is read on, of those that are not complete yet."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from sioclient.server.uploads import MOST_HELD, SMALL, Uploads


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(main, 20))


async def is_done(task: asyncio.Task[None]) -> bool:
    for _ in range(5):
        await asyncio.sleep(0)
    return task.done()


def test_s15_only_the_oldest_large_body_is_read_when_too_much_is_held() -> None:
    async def main() -> None:
        uploads, first, second = Uploads(), object(), object()
        await uploads.grow(first, MOST_HELD - SMALL)
        waiting = asyncio.create_task(uploads.grow(second, SMALL + 1))
        assert not await is_done(waiting)
        await uploads.grow(first, MOST_HELD * 2)
        assert uploads.held == MOST_HELD * 2 + SMALL + 1
        uploads.forget(first)
        await waiting
        assert uploads.held == SMALL + 1
        await uploads.grow(second, MOST_HELD * 2)

    run(main())


def test_small_bodies_never_wait_and_are_not_counted() -> None:
    async def main() -> None:
        uploads, small = Uploads(), object()
        await uploads.grow(object(), MOST_HELD * 2)
        await uploads.grow(small, SMALL)
        assert uploads.held == MOST_HELD * 2
        uploads.forget(small)

    run(main())


def test_an_upload_that_is_over_waits_no_longer() -> None:
    async def main() -> None:
        uploads, first, second, third = Uploads(), object(), object(), object()
        await uploads.grow(first, MOST_HELD)
        waiting = [asyncio.create_task(uploads.grow(upload, SMALL * 2)) for upload in (second, third)]
        assert not await is_done(waiting[0])
        waiting[1].cancel()
        assert await is_done(waiting[1])
        uploads.forget(second)
        await waiting[0]
        assert uploads.held == MOST_HELD + SMALL * 2
        uploads.forget(third)
        uploads.forget(first)
        assert uploads.held == 0

    run(main())
