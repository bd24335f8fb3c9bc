"""What channels ask of a connection in the async front: send, call, join, wait, disconnect.

Nothing but the tasks runs at the same time, so there is no lock around the protocol object.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from math import inf
from typing import Any

import anyio
import anyio.lowlevel

from ..address import Address
from ..errors import BufferFull, SocketIOError, add_address, unacknowledged
from ..fronts.connectionbase import ConnectionBase, packet_name
from ..fronts.joinsbase import JoinsBase
from ..fronts.ownership import waiting_for_end
from ..options import Options
from ..protocol.client import ClientProtocol, Verdict
from ..protocol.endpoints import Endpoint, Joining
from ..protocol.notices import Acknowledged
from ..protocol.packets import UserPacket
from ..protocol.phases import Phase
from ..protocol.revisions.base import Opening
from .core import Call, Core
from .living import Group
from .steps import run_steps
from .tasks import DISCONNECT_TIMEOUT, WRITE_TIMEOUT, Tasks, make_connector

_logger = logging.getLogger("sioclient")


class Connection(ConnectionBase):
    """One connection to one server.

    Args:
        address: where it is.
        options: what the user wants.
        opening: how sessions begin.
        logger: where packets are shown; None: the usual one.

    Attributes:
        joins: what may be asked about its endpoints.
    """

    def __init__(
        self, address: Address, options: Options, opening: Opening, logger: logging.Logger | None = None
    ) -> None:
        protocol, connector = ClientProtocol(opening, options, random.random), make_connector(address, options)
        self._protocol, self._core = protocol, Core(protocol, logger or _logger)
        super().__init__(self._core, protocol, connector.traffic, str(address))
        self.joins = Joins(self.address, self._core, self._core.flush, opening)
        self._tasks = Tasks(self._core, connector)
        self.cancel, self.begin_disconnect = self._tasks.cancel, self._core.end

    @property
    def is_over(self) -> bool:
        """Whether the connection has ended, and no function will run for it any more."""
        return self._core.over

    def in_handler(self) -> bool:
        """Return whether a function of the user that runs for an event has called, also of a connection before."""
        return self._core.in_function()

    def come_after(self, before: Connection) -> None:
        """Begin only when everything is over of a connection that has ended."""
        self._core.before = None if before.is_over else before._core

    async def open(self, group: Group, holder: Any, wait: bool = True) -> None:
        """Connect, unless that was begun before, and return when the server has joined us.

        Args:
            group: where the tasks live; they keep ``holder`` alive.
            holder: the user's object.
            wait: whether to wait. In a handler, nobody waits, since it might be for the handler. A cancelled wait
                ends the connection.

        Raises:
            ConnectError: it did not work out.
            TypeError: the group is none.
        """
        core, wait = self._core, wait and not self.in_handler()
        if not hasattr(group, "start_soon"):
            kind = type(group).__name__
            raise TypeError(f"group must be a task group of anyio or a nursery of trio, not {kind}")
        if not self._tasks.have_begun:
            self._protocol.connect(anyio.current_time(), is_awaited=wait)
            try:
                self._tasks.begin(group, holder)
            except BaseException:  # the group has ended: this connection has, too, and ``open`` makes another
                core.end()
                core.over = True
                raise
        if not wait:
            return
        try:
            await core.until(lambda: self.connected or core.phase is Phase.CLOSED)
            if not self.connected:
                await core.end_of_all()
        except BaseException:  # cancelled
            self.cancel()
            raise
        if not self.connected:
            self._ended_by()

    async def send(
        self, packet: UserPacket, endpoint: Any = None, waiter: Any = None, timeout: Any = None, volatile: bool = False
    ) -> None:
        """Send a packet; see ``ClientProtocol.push``. It is written by another task, in order."""
        await anyio.lowlevel.checkpoint_if_cancelled()
        protocol, waited = self._protocol, False
        try:
            while True:
                now = anyio.current_time()
                verdict = protocol.push(packet, now, None, endpoint, waiter, timeout, volatile=volatile, waited=waited)
                if verdict is not Verdict.FULL:
                    break
                with anyio.move_on_after(WRITE_TIMEOUT) as waiting:
                    await self._core.room.change()
                if waiting.cancelled_caught:
                    raise BufferFull(f"the server has taken nothing for {WRITE_TIMEOUT:g} s: send less, or later")
                waited = True
        except SocketIOError as error:
            add_address(error, self.address, f"{packet_name(packet)!r:.200} was not sent to")
            raise
        self._core.flush(now if packet.id is None else inf)
        if timeout is not None and now + timeout < self._core.asleep_until:
            self._core.wake_keeper()

    async def call(self, packet: UserPacket, endpoint: Endpoint | None, timeout: float | None) -> list[Any]:
        """Send a packet with an id and return what its acknowledgement has; see the threaded ``Connection.call``."""
        call = Call()
        again = self.resending.retries and self.resending.of_call(call, timeout, False)
        self._core.calls += 1
        self._core.room.wake()  # the reader may wait for a function that waits for this
        try:
            await self.send(packet, endpoint, *(again or (call, timeout)))
            await call.settled.wait()
        finally:
            self._core.calls -= 1
            if call.outcome is None and packet.id is not None:
                self._protocol.membership.forget_ack((packet.endpoint, packet.id), anyio.current_time())
        if isinstance(call.outcome, Acknowledged):
            return call.outcome.args
        assert call.outcome is not None
        seconds = None if again else timeout
        raise unacknowledged(call.outcome.error, packet_name(packet), self.address, seconds)

    def acknowledge(self, packet: UserPacket, args: list[Any]) -> None:
        """Acknowledge a packet that the server sent."""
        if self._protocol.acknowledge(packet, args) is not Verdict.DROPPED:
            self._core.flush(anyio.current_time())

    async def wait(self, seconds: float | None, *, will_open: bool = False) -> str | None:
        """Return who ended the connection when it has ended for good, or None after ``seconds``."""
        self._check_may_wait_for_end(will_open)
        with anyio.move_on_after(seconds):
            await self._core.end_of_all()
            return self._ended_by()
        return None

    async def disconnect(self) -> None:
        """End the connection for good, and all tasks; in a handler, they end after it has returned."""
        core = self._core
        core.end()
        if not self._tasks.have_begun:
            core.over = True
        elif not self.in_handler():
            try:
                with anyio.move_on_after(DISCONNECT_TIMEOUT):
                    await core.end_of_all()
            finally:
                self.cancel()
            await core.end_of_all()


class Joins(JoinsBase):
    """The endpoints of one connection, as its channels see them."""

    _guard: Core

    async def wait_for(self, endpoint: Endpoint) -> None:
        """Return when an endpoint is open, or raise ChannelError or NotConnected."""
        try:
            await self._guard.until(lambda: endpoint.state is not Joining.ASKED)
        except BaseException:  # cancelled
            self.leave(endpoint)
            raise
        if endpoint.error is not None:
            add_address(endpoint.error, self._address)
            raise endpoint.error


async def wait_for_end(current: Callable[[], Connection], seconds: float | None) -> str | None:
    """Wait until the current connection has ended and no other came in its place; see ``Connection.wait``."""
    return await run_steps(waiting_for_end(current, seconds, anyio.current_time))
