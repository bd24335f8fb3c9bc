"""Load: events that are sent over and over, each when the one before was acknowledged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from .. import Channel, SocketIOError
from .inbox import LOOK
from .progress import Progress


class Load:
    """Keeps some events on their way on each of several channels.

    Args:
        channels: where.
        name, args: the event.
        at_once: how many are on their way on each channel.

    Attributes:
        latencies: the seconds between an event and its acknowledgement.
        per_second: how many were acknowledged in a second.
    """

    def __init__(self, channels: Sequence[Channel], name: str, args: Sequence[Any], at_once: int) -> None:
        self.latencies: list[float] = []
        self.per_second = 0.0
        self._channels, self._name, self._args, self._at_once = channels, name, args, at_once
        self._is_over = False
        self._problem: SocketIOError | None = None

    def run(self, seconds: float, progress: Progress) -> Load:
        """Send for some seconds, and return this.

        Raises:
            SocketIOError: an acknowledgement cannot come any more.
        """
        begun = time.perf_counter()
        for _ in range(self._at_once):
            for channel in self._channels:
                self._send(channel)
        title = "events" if self._at_once > 1 else "round trips"
        while (passed := time.perf_counter() - begun) < seconds or not self.latencies:
            if self._problem is not None:
                raise self._problem
            progress.show(title, min(passed / seconds, 1))
            time.sleep(min(LOOK, max(seconds - passed, 0.001)))
        self._is_over = True
        self.per_second = len(self.latencies) / passed
        return self

    def _send(self, channel: Channel) -> None:
        acked = partial(self._acked, channel, time.perf_counter())
        channel.emit(self._name, *self._args, callback=acked, errback=self._failed)

    def _acked(self, channel: Channel, begun: float, *_: object) -> None:
        """Send the next one; on the thread of the connection."""
        if not self._is_over:
            self.latencies.append(time.perf_counter() - begun)
            try:
                self._send(channel)
            except SocketIOError as error:
                self._failed(error)

    def _failed(self, error: SocketIOError) -> None:
        self._problem = self._problem or error
