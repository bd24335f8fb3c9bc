"""The link to Redis: order, its limit, and a Redis that is away, silent or slow."""

from __future__ import annotations

import asyncio

import pytest
import redis

from sioclient.server import redislink
from sioclient.server.redislink import RedisLink
from tests.waiting import PATIENCE


class Log:
    def __init__(self):
        self.texts = []

    def write(self, text, *args, error=None):
        self.texts.append(text % args)


async def until(condition):
    async def wait():
        while not condition():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(wait(), PATIENCE)


async def publish_in_order(url):
    heard, log = [], Log()
    link = RedisLink(url, "channel", heard.append, log)
    for number in range(300):
        link.publish(b"%d" % number)  # before it is connected
    await link.ready()
    await link.ready()
    assert link.is_up
    await until(lambda: len(heard) == 300)
    sent = asyncio.get_running_loop().create_future()
    link.publish(b"300", sent)
    assert await sent == 1
    link.publish(b"last")
    await link.stop(20)
    return heard, log.texts


def test_messages_are_heard_in_order(redis_server):
    heard, warnings = asyncio.run(publish_in_order(redis_server.url))
    assert heard[:301] == [b"%d" % number for number in range(301)]
    assert warnings == []


async def catch_up(server):
    heard = []
    link = RedisLink(server.url, "channel", heard.append, Log())
    await link.ready()
    with redis.Redis.from_url(server.url) as other:
        for number in range(300):
            other.publish("channel", number)  # blocks the loop, so that none is heard meanwhile
    assert heard == []
    await asyncio.gather(link.catch_up(PATIENCE), link.catch_up(PATIENCE))
    assert len(heard) == 300
    server.kill()
    await until(lambda: not link.is_up)
    await link.catch_up(PATIENCE)
    await link.stop(20)


def test_catching_up_hears_what_was_published(redis_server):
    asyncio.run(catch_up(redis_server))


def test_a_link_that_was_not_started_stops_at_once():
    asyncio.run(RedisLink("redis://localhost", "channel", print, Log()).stop(20))


def test_a_url_that_redis_cannot_read_is_an_error():
    with pytest.raises(ValueError, match="redis://"):
        RedisLink("http://localhost", "channel", print, Log())


def test_what_is_published_while_redis_is_away_is_dropped(redis_server):
    redis_server.kill()

    async def program():
        heard, log = [], Log()
        link = RedisLink(redis_server.url, "channel", heard.append, log)
        early, late = (asyncio.get_running_loop().create_future() for _ in range(2))
        link.publish(b"early", early)
        await link.ready()
        link.publish(b"late", late)
        assert (await early, await late, link.is_up) == (0, 0, False)
        redis_server.start()
        await until(lambda: link.is_up)
        link.publish(b"now")
        await until(lambda: heard)
        await link.stop(20)
        return heard, log.texts

    heard, warnings = asyncio.run(program())
    assert heard == [b"now"]
    assert len(warnings) == 1
    assert "is away" in warnings[0]


def test_a_redis_that_is_slow_is_not_waited_for_without_end(redis_server, monkeypatch):
    monkeypatch.setattr(redislink, "MOST_QUEUED", 10)

    async def program():
        heard, log = [], Log()
        link = RedisLink(redis_server.url, "channel", heard.append, log)
        for text in (b"123456", b"too much", b"7890"):
            link.publish(text)
        await until(lambda: len(heard) == 2)
        await link.stop(20)
        return heard, log.texts

    heard, warnings = asyncio.run(program())
    assert heard == [b"123456", b"7890"]
    assert "Redis is slow, and 6 bytes wait" in warnings[0]


def test_a_redis_that_falls_silent_is_away(monkeypatch):
    monkeypatch.setattr(redislink, "PATIENCE", 0.1)

    async def serve(reader, writer):
        """Be a Redis that accepts every command at its beginning, has a subscription, and then falls silent."""
        while (line := await reader.readline()) and b"SUBSCRIBE" not in line:
            if line.startswith(b"*"):
                writer.write(b"+OK\r\n")
        writer.write(b"*3\r\n$9\r\nsubscribe\r\n$7\r\nchannel\r\n:1\r\n")
        await reader.read()
        writer.close()

    async def program():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        log = Log()
        link = RedisLink(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}?protocol=2", "channel", print, log)
        await link.ready()
        was_up = link.is_up
        await until(lambda: log.texts)
        await link.stop(1)
        server.close()
        return was_up, log.texts

    was_up, warnings = asyncio.run(program())
    assert was_up
    assert "no pong" in warnings[0]
