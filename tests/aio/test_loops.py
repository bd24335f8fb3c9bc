"""Plain loops of emit arrive whole, whatever old servers count: see ``tests/faults/test_loops.py``."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from sioclient.aio import SocketIO
from tests.conftest import start
from tests.faults.loops import LOOPS, MOST_AWAITED, WITHOUT_POLLING, Account
from tests.servers import SERVERS

from .conftest import Recorder

BEYOND = 900, 30_000
"""Packets, and bytes of each, that spend the budget of one websocket."""


async def loop(socket: SocketIO, count: int, size: int) -> Account:
    """Emit so many packets of so many bytes, and wait for their acknowledgements."""
    account, session, text, done = Account([], [], [], 1, 0.0), socket.session_id, "x" * size, anyio.Event()
    room = anyio.Semaphore(MOST_AWAITED)

    def settle(numbers: list[int], number: int) -> None:
        numbers.append(number)
        room.release()
        if len(account.acked) + len(account.failed) == count:
            done.set()

    for number in range(count):
        await room.acquire()
        await socket.emit(
            "take",
            number,
            text,
            callback=lambda number: settle(account.acked, number),
            errback=lambda error, number=number: settle(account.failed, number),
        )
    await done.wait()
    account.sessions += socket.session_id != session
    return account


async def ends(socket: SocketIO) -> Any:
    """Return the reasons with which a server on Node ended sessions."""
    return await socket.call("ends")


@pytest.mark.parametrize("name", ["4,000 x 200 B", "2,000 x 1,000 B"])
def test_a_plain_loop_arrives_whole_and_the_session_stays(run, name):
    count, size, _ = LOOPS[name]

    async def test(port):
        async with SocketIO("127.0.0.1", port, Recorder(), transports="websocket") as socket:
            account = await loop(socket, count, size)
            assert account.is_whole(count, 1)
            assert (account.sessions, "booted" in await ends(socket)) == (1, False)

    with SERVERS["0.9.19"].start() as server:
        run(test, server.port)


@pytest.mark.parametrize("settings", [{}, WITHOUT_POLLING], ids=["POSTs", "renewal"])
def test_beyond_the_budget_all_arrives_and_nobody_is_kicked(run, settings):
    async def test(port):
        async with SocketIO("127.0.0.1", port, transports="websocket", reconnection_delay=0.05) as socket:
            account = await loop(socket, *BEYOND)
            assert account.is_whole(BEYOND[0], 1)
            assert "booted" not in await ends(socket)
            assert account.sessions == (1 if settings == {} else 2)
            assert await socket.call("echo", "after") == "after"

    with start("legacy.js", **settings) as server:
        run(test, server.port)
