"""What runs when an acknowledgement comes, or when it is known that none will."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from logging import DEBUG, WARNING
from typing import Any, NamedTuple

from ..errors import SocketIOError, unacknowledged
from ..protocol.notices import Acknowledged, Unacknowledged

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

    def deliver(self, notice: Acknowledged | Unacknowledged) -> Any:
        """Run the function that waits for this; return what ``run`` of the channel returned."""
        channel, handler = self.channel, self.channel.handler
        if isinstance(notice, Unacknowledged):
            seconds = None if self.is_resent else self.timeout  # what was resent tells of all its tries
            error = unacknowledged(notice.error, self.name, channel.address, seconds)
            if self.errback is not None:
                return channel.run(self.name, self.errback, error)
            _log(error, channel, is_resent=self.is_resent)
        elif self.callback is not None:
            return channel.run(self.name, self.callback, *notice.args)
        elif self.msgid is not None:
            return channel.run("ack", handler.ack, self.msgid, self.name, notice.args)
        return None


class Unheard(NamedTuple):
    """Stands for a packet that is written again and has no function: it keeps no channel alive that nobody holds."""

    channel: weakref.ref[Any]
    name: str

    def deliver(self, notice: Acknowledged | Unacknowledged) -> None:
        """Log that the packet was given up."""
        channel = self.channel()
        if channel is not None and isinstance(notice, Unacknowledged):
            _log(unacknowledged(notice.error, self.name, channel.address, None), channel, is_resent=True)


def _log(error: SocketIOError, channel: Any, *, is_resent: bool) -> None:
    """Log what no function is told; whoever asked for more than one try wants to know, unless the user has left."""
    logger.log(WARNING if is_resent and channel.is_wanted else DEBUG, "%s", error)
