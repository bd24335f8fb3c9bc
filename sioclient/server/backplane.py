"""Backplane: the other processes that serve the same application, as they are reached by way of Redis."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from typing import Protocol

from ..protocol.packets import UserPacket
from .crossing import Asked, Crossing, Kicked, Sent, Told, beginning, decode, encode
from .logs import RateLimitedLog
from .redislink import RedisLink

REPLY_TIME = 1.0
"""Seconds in which processes must reply that are asked for their clients; those that do not are left out."""

MOST_ASKS = 1000
"""Replies that may be awaited at once."""


class Local(Protocol):
    """The clients of this process."""

    log: RateLimitedLog

    def deliver(self, packet: UserPacket, room: str | None, *, volatile: bool) -> None:
        """Send a packet to those in a room, or on its whole endpoint."""

    def kick(self, session_id: str, endpoint: str) -> bool:
        """Disconnect a client; return whether it is here."""

    def session_ids(self, endpoint: str, room: str | None) -> list[str]:
        """Return which are in a room."""


class Replies:
    """What the other processes reply to one question."""

    def __init__(self) -> None:
        self.expected: int | None = None
        self.came: dict[str, Told] = {}
        self._complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def check(self) -> None:
        """End the wait if all replied."""
        if self.expected is not None and len(self.came) >= self.expected and not self._complete.done():
            self._complete.set_result(None)

    async def wait(self) -> list[Told]:
        """Return the replies, once all are there or the time is over."""
        await asyncio.wait([self._complete], timeout=REPLY_TIME)
        return list(self.came.values())


class Backplane:
    """The other processes. See ``Elsewhere``.

    Args:
        url: where Redis is.
        channel: its channel; only processes with the same one belong together.
        local: the clients of this process.
    """

    def __init__(self, url: str, channel: str, local: Local) -> None:
        self._name, self._local = secrets.token_hex(8), local
        self._own = beginning(self._name).encode()
        self._link = RedisLink(url, channel, self._on_message, local.log)
        self._numbers = itertools.count()
        self._asked: dict[str, Replies] = {}

    @property
    def is_up(self) -> bool:
        """Whether the others can be reached."""
        return self._link.is_up

    @property
    def queued(self) -> int:
        """How many bytes wait to be published."""
        return self._link.queued

    def start(self) -> None:
        """Begin to hear the others, if this was not done before."""
        self._link.start()

    async def ready(self) -> None:
        """Return once the others are heard, or it is known that Redis is away.

        What is published already is heard before: a client that comes from another process may have heard it there.
        """
        await self._link.catch_up(REPLY_TIME)

    async def stop(self, time: float) -> None:
        """Publish what waits, for that many seconds at most, and hear nothing more."""
        await self._link.stop(time)

    def publish(self, packet: UserPacket, room: str | None, *, volatile: bool) -> None:
        """Have a packet sent to the clients that the others have in a room, or on its whole endpoint."""
        self._publish(Sent(packet, room, volatile))

    def kick(self, session_id: str, endpoint: str) -> None:
        """Have a client of another process disconnected."""
        self._publish(Kicked(session_id, endpoint))

    async def count(self, endpoint: str, room: str | None) -> int:
        """Return how many clients the others have in a room."""
        return sum(reply.count for reply in await self._ask(Asked(self._next_id(), endpoint, room)))

    async def session_ids(self, endpoint: str, room: str | None) -> list[str]:
        """Return which clients the others have in a room."""
        replies = await self._ask(Asked(self._next_id(), endpoint, room, names=True))
        return [session_id for reply in replies for session_id in reply.session_ids]

    def _next_id(self) -> str:
        return f"{self._name}-{next(self._numbers)}"

    async def _ask(self, asked: Asked) -> list[Told]:
        if len(self._asked) >= MOST_ASKS:
            raise RuntimeError(f"at most {MOST_ASKS} calls of count() and session_ids() may wait at once")
        replies = self._asked[asked.id] = Replies()
        sent: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        try:
            self._publish(asked, sent)
            replies.expected = await sent - 1  # this process hears itself
            replies.check()
            return await replies.wait()
        finally:
            del self._asked[asked.id]

    def _publish(self, crossing: Crossing, sent: asyncio.Future[int] | None = None) -> None:
        self._link.publish(encode(self._name, crossing).encode(), sent)

    # What others publish

    def _on_message(self, message: bytes) -> None:
        if message.startswith(self._own):
            return
        try:
            self._take(*decode(message))
        except ValueError as error:
            self._local.log.write("dropped a malformed message from Redis: %.200r", str(error))
        except Exception as error:
            self._local.log.write("a message from Redis could not be delivered", error=error)

    def _take(self, sender: str, crossing: Crossing) -> None:
        if isinstance(crossing, Sent):
            self._local.deliver(crossing.packet, crossing.room, volatile=crossing.volatile)
        elif isinstance(crossing, Kicked):
            self._local.kick(crossing.session_id, crossing.endpoint)
        elif isinstance(crossing, Asked):
            found = self._local.session_ids(crossing.endpoint, crossing.room)
            self._publish(Told(crossing.id, len(found), found if crossing.names else []))
        elif crossing.id in self._asked:
            replies = self._asked[crossing.id]
            replies.came[sender] = crossing
            replies.check()
