"""A process of many clients, which does what each line of its stdin says and replies with a line of JSON."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import defaultdict
from contextlib import AsyncExitStack

import anyio

from sioclient.aio import SocketIO

ROOM = 20
"""Clients of a room; all are in the same process, but at different nodes."""

WAYS = ((1, "xhr-polling"), (4, "websocket"), (5, "websocket"), (5, "xhr-polling"))
"""The revision and transport of each client in turn."""

AT_ONCE = 20
"""Clients that connect at the same time at first."""


class Member:
    """A client, what it said, and what it heard of whom."""

    def __init__(self, port: int, number: int) -> None:
        self.number, self.room = number, number // ROOM
        self.said: list[float] = []
        self.heard: defaultdict[int, list[int]] = defaultdict(list)
        self.lost: list[float] = []
        self.before: str | None = None
        self.asked = -1
        revision, transport = WAYS[number % len(WAYS)]
        again = {"reconnection_delay": 0.1, "reconnection_limit": 1, "max_reconnection_attempts": None}
        options = {"revision": revision, "transports": transport, "params": {"room": str(self.room)}}
        self.client = SocketIO("127.0.0.1", port, **again, **options)
        self.client.on("said", lambda sender, number: self.heard[sender].append(number))
        self.client.on("disconnect", lambda *reason: self.lost.append(time.monotonic()))

    def __str__(self) -> str:
        return f"{self.number} {self.client!r}"

    @property
    def session(self) -> str | None:
        return self.client.session_id if self.client.connected else None

    async def say(self) -> None:
        self.said.append(time.monotonic())
        await self.client.emit("say", self.number, len(self.said) - 1)

    async def talk(self, pause: float, chance: random.Random) -> None:
        await asyncio.sleep(chance.uniform(0, pause))
        while True:
            await self.say()
            await asyncio.sleep(chance.uniform(0.5, 1.5) * pause)


class Crowd:
    """All clients of this process."""

    def __init__(self, port: int, first: int, count: int, pause: float, seed: int) -> None:
        self.members = [Member(port, number) for number in range(first, first + count)]
        self.pause, self.random = pause, random.Random(seed + first)
        self.tasks: list[asyncio.Task[None]] = []

    async def open(self, stack: AsyncExitStack) -> int:
        """Connect all."""
        group = await stack.enter_async_context(anyio.create_task_group())
        free = asyncio.Semaphore(AT_ONCE)

        async def come(member: Member) -> None:
            async with free:
                await member.client.open(group)

        await asyncio.gather(*map(come, self.members))
        stack.push_async_callback(self.leave)
        return len(self.members)

    async def leave(self) -> None:
        await asyncio.gather(*(member.client.disconnect() for member in self.members))

    async def talk(self) -> int:
        """Have all talk from now on."""
        self.tasks = [asyncio.create_task(member.talk(self.pause, self.random)) for member in self.members]
        return len(self.tasks)

    async def mark(self, node: str) -> int:
        """Remember the sessions at a node that will be killed, and return how many there are."""
        for member in self.members:
            found = member.session or ""
            member.before = found if found.startswith(f"{node}.") else None
        return sum(member.before is not None for member in self.members)

    async def back(self) -> int:
        """Return how many have no connection, or still the one that was marked."""
        return sum(member.session in (None, member.before) for member in self.members)

    async def hush(self) -> int:
        """Have all stop talking, and return how many had stopped already."""
        for task in self.tasks:
            task.cancel()
        outcomes = await asyncio.gather(*self.tasks, return_exceptions=True)
        return sum(not isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)

    async def ask(self) -> int:
        """Have all say something that everybody must hear; see ``missing``."""
        for member in self.members:
            member.asked = len(member.said)
            await member.say()
        return len(self.members)

    async def missing(self) -> list[str]:
        """Return who has not heard yet of whom what was asked for."""
        rooms: defaultdict[int, list[Member]] = defaultdict(list)
        for member in self.members:
            rooms[member.room].append(member)
        return [
            f"{listener} of {sender}"
            for room in rooms.values()
            for listener in room
            for sender in room
            if sender.asked not in listener.heard[sender.number][-100:]
        ]

    async def report(self) -> list[dict[str, object]]:
        """Return everything that happened."""
        return [
            {"number": it.number, "room": it.room, "said": it.said, "heard": list(it.heard.items()), "lost": it.lost}
            for it in self.members
        ]


async def main() -> None:
    crowd = Crowd(**json.loads(sys.argv[1]))
    async with AsyncExitStack() as stack:
        while words := (await asyncio.to_thread(sys.stdin.readline)).split():
            verb, *args = words
            result = await getattr(crowd, verb)(*([stack] if verb == "open" else args))
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
