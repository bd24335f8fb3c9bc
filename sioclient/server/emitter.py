"""Emitter: events for the clients of a server from any program, by way of the server's Redis."""

from __future__ import annotations

import secrets
from typing import Any

from ..errors import ConnectError
from ..protocol.packets import Event, Json, Message
from .backplaneurl import check_url
from .crossing import CHANNEL, Crossing, Kicked, Sent, encode
from .extras import needs

PATIENCE = 5.0
"""Seconds that Redis may take to respond."""


class Emitter:
    """Sends events to clients of servers that have the same ``backplane``; it is no server, and waits for nothing.

    It may be used by several threads.

    Args:
        url: that of the servers' ``backplane``.
        channel: that of their ``backplane_channel``.

    Raises:
        ModuleNotFoundError: redis is not installed.
        TypeError, ValueError: the URL is not one of Redis.
    """

    def __init__(self, url: str, channel: str = CHANNEL) -> None:
        check_url("url", url)
        with needs("several processes", "redis"):
            import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._failure, self._channel, self._name = redis.RedisError, channel, secrets.token_hex(8)
        # Nothing is tried again: an event that is published twice is heard twice.
        self._redis = redis.Redis.from_url(
            url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 0)
        )

    def to(self, room: str, endpoint: str = "") -> RemoteAudience:
        """Return the clients in a room of an endpoint."""
        return RemoteAudience(self, endpoint, room)

    def of(self, endpoint: str) -> RemoteAudience:
        """Return all clients on an endpoint."""
        return RemoteAudience(self, endpoint, None)

    def emit(self, name: str, *args: Any) -> int:
        """Send an event to all clients on the default endpoint; see ``RemoteAudience.emit``."""
        return self.of("").emit(name, *args)

    def kick(self, session_id: str, endpoint: str = "") -> int:
        """Disconnect a client from an endpoint; from the default one, altogether."""
        return self.publish(Kicked(session_id, endpoint))

    def publish(self, crossing: Crossing) -> int:
        """Have something cross to the servers; return how many processes it reached.

        Raises:
            ConnectError: Redis did not take it.
            TypeError, LocalProtocolError: JSON has no such value.
        """
        data = encode(self._name, crossing)
        try:
            return int(self._redis.publish(self._channel, data))
        except (self._failure, OSError) as error:
            raise ConnectError(f"Redis did not take the event: {error}") from error

    def close(self) -> None:
        """Disconnect from Redis."""
        self._redis.close()

    def __enter__(self) -> Emitter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class RemoteAudience:
    """The clients of all servers on an endpoint, or in one of its rooms.

    Args:
        emitter: publishes.
        endpoint: the endpoint.
        room: one of its rooms; None: the whole endpoint.
    """

    def __init__(self, emitter: Emitter, endpoint: str, room: str | None) -> None:
        self._emitter, self._endpoint, self._room = emitter, endpoint, room

    def emit(self, name: str, *args: Any, volatile: bool = False) -> int:
        """Send an event to all; return how many processes it reached, 0 if no server is there.

        Raises:
            ConnectError: Redis did not take it.
            TypeError, LocalProtocolError: JSON has no such value.
        """
        return self._emitter.publish(Sent(Event(name, list(args), self._endpoint), self._room, volatile))

    def send(self, message: Any) -> int:
        """Send a text, or anything else as JSON, to all, as ``emit`` does."""
        packet = Message(message, self._endpoint) if isinstance(message, str) else Json(message, self._endpoint)
        return self._emitter.publish(Sent(packet, self._room))
