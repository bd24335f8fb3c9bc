"""What runs when an acknowledgement comes, or when it is known that none will."""

from __future__ import annotations

import logging
from collections.abc import Callable
from logging import DEBUG, WARNING
from typing import Any, NamedTuple

from .errors import SocketIOError, unacknowledged
from .protocol.notices import Acknowledged, Unacknowledged

logger = logging.getLogger("sioclient")


class Waiter(NamedTuple):
    """The functions that wait for one packet's acknowledgement, and the channel that runs them."""

    channel: Any  # a Channel, whose module imports this one
    name: str
    msgid: int | None
    callback: Callable[..., Any] | None
    errback: Callable[[SocketIOError], Any] | None
    timeout: float | None
    is_resent: bool = False

    def deliver(self, notice: Acknowledged | Unacknowledged) -> None:
        """Run the function that waits for this."""
        channel, handler = self.channel, self.channel.handler
        if isinstance(notice, Unacknowledged):
            seconds = None if self.is_resent else self.timeout  # what was resent tells of all its tries
            error = unacknowledged(notice.error, self.name, channel.address, seconds)
            if self.errback is not None:
                channel.run(self.name, self.errback, error)
            else:
                logger.log(WARNING if self.is_resent and channel.is_wanted else DEBUG, "%s", error)
        elif self.callback is not None:
            channel.run(self.name, self.callback, *notice.args)
        elif self.msgid is not None:
            channel.run("ack", handler.ack, self.msgid, self.name, notice.args)
