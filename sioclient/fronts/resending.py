"""Who waits for the acknowledgement of a packet: of one that is written once, or again until it is acknowledged.

The options ``retries`` and ``ack_timeout`` want the second of every packet, ``emit(..., retries=3, timeout=5)`` of one.
``protocol/deliveries.py`` does it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple

from ..errors import SocketIOError
from ..names import Name, name_text
from ..options import Options, check_retries, check_timeout
from ..protocol.deliveries import Delivery
from .waiter import Unheard, Waiter


class Resending(NamedTuple):
    """What the user wants of the packets of a connection.

    Attributes:
        retries: how often a packet is written again at most; 0: it is written once.
        ack_timeout: seconds until then, or until an AckTimeout; None: there is no time-out.
    """

    retries: int = 0
    ack_timeout: float | None = None

    def of_packet(
        self,
        channel: Any,
        name: Name,
        callback: Callable[..., Any] | None,
        errback: Callable[[SocketIOError], Any] | None,
        timeout: float | None,
        msgid: int | None,
        retries: int,
    ) -> tuple[Waiter | Delivery, float | None]:
        """Return who waits for the acknowledgement of a packet, and the seconds that it has.

        Raises:
            TypeError, ValueError: an argument is not what it should be, or misses another.
        """
        check_timeout(timeout)
        check_retries(retries)
        is_heard = callback is not None or errback is not None or msgid is not None
        if not retries and not is_heard:
            raise TypeError("timeout= is that of an acknowledgement: give callback=, errback=, msgid= or retries= too")
        if callback is not None:
            channel.check("callback", callback)
        if errback is not None:
            channel.check("errback", errback)
        seconds = self.ack_timeout if timeout is None else timeout
        waiter = Waiter(channel, name_text(name), msgid, callback, errback, seconds, retries > 0)
        if not retries:
            return waiter, seconds
        if seconds is None:
            raise TypeError("retries= needs timeout= too, the seconds that each try has; or the option ack_timeout=")
        unheard = Unheard(weakref.ref(channel), waiter.name)
        return Delivery(waiter if is_heard else unheard, retries, seconds), seconds

    def of_call(self, call: Any, timeout: float | None, in_handler: bool) -> tuple[Delivery, float | None]:
        """Return the same for a call whose packet is written again, which has ``timeout`` seconds in all.

        In a handler, a call does not outlive the session: the connection comes back only after the handler.
        """
        return Delivery(call, self.retries, self.ack_timeout or inf, timeout, in_handler), self.ack_timeout


ONCE = Resending()
"""Every packet is written once."""


def make_resending(options: Options) -> Resending:
    """Return what the user has chosen for all packets."""
    return Resending(options.retries or 0, options.ack_timeout)
