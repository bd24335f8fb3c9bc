"""RedisLink: a subscription to one channel of Redis and what is published there, for as long as Redis is there."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from .logs import RateLimitedLog, logger

PATIENCE = 5.0
"""Seconds that Redis may take to respond."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds before another attempt to reach Redis."""

MOST_QUEUED = 2**24
"""Bytes that may wait for Redis to take them."""

BATCH = 100
"""Messages that are published in one round trip."""

SUBSCRIBED = "subscribe"


class Outgoing(NamedTuple):
    """A message to publish, and who wants to know how many subscribers it had."""

    data: bytes
    sent: asyncio.Future[int] | None


class RedisLink:
    """Publishes on a channel in order, each message at most once, and hears what others publish.

    While Redis is away, what is published is dropped. It begins with the first ``start``.

    Args:
        url: where Redis is.
        channel: the channel.
        on_message: is called with each message that anybody publishes there, the link itself included.
        log: where warnings go.

    Attributes:
        is_up: whether messages are heard.
    """

    def __init__(self, url: str, channel: str, on_message: Callable[[bytes], None], log: RateLimitedLog) -> None:
        parse_url(url)  # raises ValueError
        self._url, self._channel, self._on_message, self._log = url, channel, on_message, log
        self._queue: deque[Outgoing] = deque()
        self._queued = self._dropped = 0
        self._news = asyncio.Event()
        self._tried = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._pubsub: Any = None
        self._pings: deque[asyncio.Future[None]] = deque()  # each gets the pong in its turn
        self.is_up = False

    @property
    def queued(self) -> int:
        """How many bytes wait to be published."""
        return self._queued

    def start(self) -> None:
        """Connect and stay connected, if this was not done before."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def ready(self) -> None:
        """Start, and return once the channel is subscribed to, or it is known that this cannot be now."""
        self.start()
        if not self._tried.is_set():
            await self._tried.wait()

    async def catch_up(self, time: float) -> None:
        """Return once everything was heard that Redis has now, or the time is over, or Redis is away.

        Redis writes the pong behind the messages that it had before the ping.
        """
        await self.ready()
        if self.is_up and self._pubsub is not None:
            with suppress(OSError, RedisError):
                await asyncio.wait([await self._ping(self._pubsub)], timeout=time)

    async def _ping(self, pubsub: Any) -> asyncio.Future[None]:
        pong: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pings.append(pong)
        await pubsub.ping()
        return pong

    def publish(self, data: bytes, sent: asyncio.Future[int] | None = None) -> None:
        """Publish a message; ``sent`` gets the number of subscribers, 0 if Redis did not take it."""
        self.start()
        if self._tried.is_set() and not self.is_up:
            self._drop(Outgoing(data, sent))
        elif self._queued + len(data) > MOST_QUEUED:
            self._drop(Outgoing(data, sent))
            self._log.write("dropped a packet for other processes: Redis is slow, and %d bytes wait", self._queued)
        else:
            self._queue.append(Outgoing(data, sent))
            self._queued += len(data)
            self._news.set()

    async def stop(self, time: float) -> None:
        """Publish what waits, for that many seconds at most, and disconnect."""
        if self._task is None:
            return
        over = asyncio.get_running_loop().time() + time
        while self._queued and asyncio.get_running_loop().time() < over:
            await asyncio.sleep(0.01)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await self._live()
            except Exception as error:  # whatever it is, the clients of this process are served
                pause = FIRST_PAUSE if self.is_up else min(pause * 2, LONGEST_PAUSE)
                self._on_lost(error)
            await asyncio.sleep(pause)

    async def _live(self) -> None:
        """Hear and publish until the connection is lost, which raises an exception."""
        # A PUBLISH that is written again after a failure might be heard twice. And what is taken from a pool might
        # be a connection to the Redis before: so there is a new pool for each attempt.
        redis = Redis.from_url(
            self._url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 0)
        )
        async with redis, redis.pubsub() as pubsub:
            await pubsub.subscribe(self._channel)
            self._pubsub = pubsub
            tasks = [asyncio.ensure_future(work) for work in (self._read(pubsub), self._write(redis))]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._pubsub = None
                for task in tasks:
                    task.cancel()
                outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            raise next(error for error in outcomes if not isinstance(error, asyncio.CancelledError))  # type: ignore[misc]

    async def _read(self, pubsub: Any) -> None:
        """Hear messages; a Redis that is silent for too long is asked for a pong."""
        asked = False
        while True:
            message = await pubsub.get_message(timeout=PATIENCE)
            if message is None and asked:
                raise asyncio.TimeoutError("no pong")
            if message is None:
                await self._ping(pubsub)
            elif message["type"] == SUBSCRIBED:
                self._on_subscribed()
            elif message["type"] == "pong" and self._pings:
                self._pings.popleft().set_result(None)
            elif message["type"] == "message":
                self._on_message(message["data"])
                await asyncio.sleep(0)  # clients have their turn, though more messages may be there already
            asked = message is None

    async def _write(self, redis: Any) -> None:
        """Publish what is queued, once the channel is subscribed to."""
        await self._tried.wait()
        while True:
            await self._news.wait()
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH))]
            try:
                pipeline = redis.pipeline(transaction=False)
                for item in batch:
                    pipeline.publish(self._channel, item.data)
                for item, count in zip(batch, await pipeline.execute(), strict=True):
                    _tell(item, count)
            finally:
                self._queued -= sum(len(item.data) for item in batch)
                for item in batch:
                    _tell(item, 0)
            if not self._queue:
                self._news.clear()

    def _on_subscribed(self) -> None:
        if self._tried.is_set():
            logger.info("Redis is back; %d packets for other processes were dropped meanwhile", self._dropped)
        self._dropped, self.is_up = 0, True
        self._tried.set()

    def _on_lost(self, error: BaseException) -> None:
        if self.is_up or not self._tried.is_set():
            self._log.write("Redis is away, so this process serves its own clients alone: %.200r", str(error))
        self.is_up = False
        self._tried.set()
        while self._pings:
            self._pings.popleft().set_result(None)
        while self._queue:
            self._drop(self._queue.popleft())
        self._queued = 0
        self._news.clear()

    def _drop(self, item: Outgoing) -> None:
        self._dropped += 1
        _tell(item, 0)


def _tell(item: Outgoing, count: int) -> None:
    if item.sent is not None and not item.sent.done():
        item.sent.set_result(count)
