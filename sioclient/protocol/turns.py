"""Whose turn it is at the name of an endpoint: what a later server must not read together, or too early.

Measured, and read in the sources of socket.io 3.1.2 and 4.8.1. Two packets that come in one TCP read are both decoded
before ``process.nextTick`` lets the first of them take effect; a later read finds it done.

* A join behind the end of the same endpoint finds the old one still there. 4.8.1 ends the session: 300 of 300 times if
  both are in one write, 265 of 300 in two writes without a pause. 2.x, 3.1.2, python-socketio and revision 1 take it.
* An event ahead of the end of its endpoint is forgotten by 2.5.1, 3.1.2 and 4.8.1: it has its effect two ticks later.
* The end of an endpoint, or an event for it, that comes before the join is confirmed has no endpoint to go to. 4.8.1
  ends the session, 1.x to 3.x drop it.
* A join of what is joined, because a confirmation came too late for us, ends the session of 4.8.1, too.

So a name is joined only when it is free, and nothing is sent on it before the confirmation. To know that the server has
read something, there is a ping of the websocket behind it (RFC 6455, 5.5.2), and what is next waits for the pong. No
packet of Engine.IO 4 would serve: its server has no response to any but a join, and a join of a name that is not there
may call functions of the application. A pong proves it: the server writes it when it has read the ping, so what is
written after the pong came is in a later read. What answers pings on the way, as a proxy may, leaves a round trip
between the two at least. Over polling, the response to a POST is the proof, and the end of an endpoint is alone in its
body (see ``engineframing``), so there nothing waits for a pong.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

from ..reading import Reading
from .endpoints import Endpoint, Endpoints, Joining
from .framing import PING_MARK, Ping
from .outbox import Outbox, frames_of
from .packets import Encoded

PATIENCE = 5.0
"""Seconds of reading after which we go on without a pong: RFC 6455 demands one, so whoever has none is broken."""


class _Step(NamedTuple):
    """What waits for a pong.

    Attributes:
        name: that of the endpoint.
        end: the packet that ends it and is next; None: that is done, and the name becomes free.
        since: when the ping was queued, by the clock of reading.
    """

    name: str
    end: Encoded | None
    since: float


class Turns:
    """The names of one session at which something is going on.

    Args:
        outbox: where packets are queued.
        endpoints: has the endpoints that are to be joined.
        reading: the clock by which pongs are waited for.
        needs_pongs: whether two packets that are queued one after the other may be read together.
    """

    def __init__(self, outbox: Outbox, endpoints: Endpoints, reading: Reading, *, needs_pongs: bool) -> None:
        self._outbox, self._endpoints, self._reading, self._needs_pongs = outbox, endpoints, reading, needs_pongs
        self._numbers = itertools.count(1)
        self._unwanted: dict[str, Encoded] = {}  # what ends those whose join is not decided and no longer wanted
        self._steps: dict[bytes, _Step] = {}  # by the payload of the ping

    def is_free(self, name: str) -> bool:
        """Return whether an endpoint of this name may be joined now; if not, it is joined as soon as that may be."""
        return name not in self._unwanted and name not in [step.name for step in self._steps.values()]

    def end(self, endpoint: Endpoint, end: Encoded, now: float) -> None:
        """Send the packet that ends an endpoint whose join was sent, once the server can take it."""
        if endpoint.state is not Joining.OPEN:
            self._unwanted[endpoint.name] = end
        elif not self._needs_pongs:
            self._queue(end)
        elif endpoint.was_used:
            self._ping(endpoint.name, end, now)
        else:
            self._ping(endpoint.name, None, now, behind=end)

    def decided(self, name: str, now: float, *, is_joined: bool) -> None:
        """The server has confirmed or refused a join at a name that is not free."""
        end = self._unwanted.pop(name, None)
        if end is not None and is_joined and self._needs_pongs:
            self._ping(name, None, now, behind=end)
        elif end is not None:
            if is_joined:
                self._queue(end)
            self._free(name)

    def kicked(self, name: str) -> None:
        """The server has ended an endpoint itself: to end it once more would end the session."""
        for payload, step in self._steps.items():
            if step.name == name:
                self._steps[payload] = step._replace(end=None)

    def ponged(self, payload: bytes, now: float) -> None:
        """A pong came: what was queued ahead of the ping has been read."""
        step = self._steps.pop(payload, None)
        if step is not None and step.end is not None:
            self._ping(step.name, None, now, behind=step.end)
        elif step is not None:
            self._free(step.name)

    def deadline(self) -> float | None:
        """Return when ``give_up`` has something to do; None: not before something else happens."""
        if not self._steps:
            return None
        return self._reading.when(min(step.since for step in self._steps.values()) + PATIENCE)

    def give_up(self, now: float) -> None:
        """Go on without the pongs that did not come in time."""
        deadline = self.deadline()
        while deadline is not None and now >= deadline:
            self.ponged(min(self._steps, key=lambda payload: self._steps[payload].since), now)
            deadline = self.deadline()

    def _ping(self, name: str, end: Encoded | None, now: float, behind: Encoded = ()) -> None:
        payload = PING_MARK + str(next(self._numbers)).encode()
        self._steps[payload] = _Step(name, end, self._reading.clock(now))
        self._queue((*frames_of(behind), Ping(payload)))

    def _queue(self, packet: Encoded) -> None:
        self._outbox.push(packet, "", of_session=True)  # for no endpoint: it is there also when that is forgotten

    def _free(self, name: str) -> None:
        endpoint = self._endpoints.get(name)
        if endpoint is not None and endpoint.state is Joining.ASKED:
            self._queue(endpoint.request)
