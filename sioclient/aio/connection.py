"""What channels ask of a connection in the async front: send, call, join, wait, disconnect.

Nothing but the tasks runs at the same time, so there is no lock around the protocol object.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from math import inf
from typing import Any, Protocol

import anyio
import anyio.lowlevel

from ..address import Address
from ..errors import BufferFull, LocalProtocolError, NotConnected, SocketIOError, add_address, unacknowledged
from ..options import Options
from ..protocol.client import ClientProtocol, Verdict
from ..protocol.drafts import check_name
from ..protocol.endpoints import Endpoint, Joining
from ..protocol.notices import Acknowledged
from ..protocol.packets import UserPacket
from ..protocol.phases import Phase
from ..protocol.revisions.base import Opening
from ..resending import ONCE
from ..stats import Stats
from .core import Call, Core
from .tasks import DISCONNECT_TIMEOUT, WRITE_TIMEOUT, AsyncConnector, Tasks


class Group(Protocol):
    """Where tasks live: a task group of anyio, or a nursery of trio."""

    @property
    def start_soon(self) -> Callable[..., Any]: ...


class Connection:
    """One connection to one server.

    Args:
        address: where it is.
        options: what the user wants.
        opening: how sessions begin.
        logger: where packets are shown; None: the usual one.

    Attributes:
        address: where the server is, for messages.
        default: the default endpoint.
        resending: whether what users send is written again until it is acknowledged.
    """

    def __init__(
        self, address: Address, options: Options, opening: Opening, logger: logging.Logger | None = None
    ) -> None:
        protocol = ClientProtocol(opening, options, random.random)
        self.address, self.resending = str(address), ONCE
        self.default, self.new_id = protocol.endpoints.default, protocol.acks.new_id
        self._protocol = protocol
        self._core = Core(protocol, logger or logging.getLogger("sioclient"))
        connector = AsyncConnector(address, options)
        self._core.counts.traffic = connector.traffic
        self._tasks = Tasks(self._core, connector)
        self.cancel = self._tasks.cancel

    @property
    def transport_name(self) -> str | None:
        """The name of the transport that carries the session; None: there is none."""
        return self._core.transport_name

    @property
    def session_id(self) -> str | None:
        """The id of the session; None: there is none."""
        return self._core.session_id

    @property
    def revision(self) -> int | None:
        """The revision of the protocol that is spoken; None: that is not known yet."""
        dialect = self._protocol.dialect
        return None if dialect is None else dialect.number

    @property
    def connected(self) -> bool:
        """Whether the server has joined us to the default endpoint."""
        return self.default.state is Joining.OPEN

    @property
    def has_ended(self) -> bool:
        """Whether the connection has ended for good."""
        return self._core.phase is Phase.CLOSED

    @property
    def is_over(self) -> bool:
        """Whether the connection has ended, and no function will run for it any more."""
        return self._core.over

    def in_handler(self) -> bool:
        """Return whether a function of the user that runs for an event has called."""
        return self._core.runner is not None and anyio.get_current_task().id == self._core.runner

    def begin(self, group: Group, holder: Any, *, is_awaited: bool) -> None:
        """Begin to connect, unless that was done before; the tasks live in ``group`` and keep ``holder`` alive."""
        if not self._tasks.have_begun:
            self._protocol.connect(anyio.current_time(), is_awaited=is_awaited)
            self._tasks.have_begun = True
            group.start_soon(self._tasks.run, holder)

    async def session(self) -> None:
        """Return when the server has joined us, or raise why there is no connection; if cancelled, end."""
        try:
            await self._core.until(lambda: self.default.state is Joining.OPEN or self._core.phase is Phase.CLOSED)
            if self.default.state is not Joining.OPEN:
                await self._core.until(lambda: self._core.over)
        except BaseException:  # cancelled
            self.cancel()
            raise
        if self.default.state is not Joining.OPEN:
            self._core.raise_error(self.address)

    async def finished(self) -> None:
        """Return when all tasks have ended."""
        if self._tasks.have_begun:
            await self._core.until(lambda: self._core.over)

    def default_endpoint(self, owner: Any, auth: Any = None) -> Endpoint:
        """Return the default endpoint, whose notices are for ``owner``, a reference as ``weakref.ref`` makes them."""
        self.default.owner, self.default.auth = owner, auth
        return self.default

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
                    await self._core.room.wait()
                if waiting.cancelled_caught:
                    raise BufferFull(f"the server has taken nothing for {WRITE_TIMEOUT:g} s: send less, or later")
                waited = True
        except SocketIOError as error:
            add_address(error, self.address, f"{getattr(packet, 'name', 'message')!r:.200} was not sent to")
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
        name = getattr(packet, "name", "message")
        raise unacknowledged(call.outcome.error, name, self.address or "the server", seconds)

    def acknowledge(self, packet: UserPacket, args: list[Any]) -> None:
        """Acknowledge a packet that the server sent."""
        if self._protocol.acknowledge(packet, args) is not Verdict.DROPPED:
            self._core.flush(anyio.current_time())

    # What channels ask about endpoints

    @property
    def joins(self) -> Connection:
        """What may be asked about its endpoints: it is asked here."""
        return self

    def check_name(self, name: str) -> None:
        """Raise LocalProtocolError or TypeError if there can be no channel for an endpoint of this name."""
        dialect = self._protocol.dialect
        check_name(name, self._protocol.lifecycle.opening.candidates if dialect is None else (dialect,))

    def expect(self, name: str, query: str, owner: Any, auth: Any) -> Endpoint:
        """Have the first session of a connection that was not opened yet join an endpoint, as a later one would."""
        endpoint = Endpoint(name, query, auth, owner, was_open=True)
        self._protocol.membership.add(endpoint)
        return endpoint

    def wants(self, endpoint: Endpoint) -> bool:
        """Return whether an endpoint is joined, or will be when the connection is there."""
        return endpoint.state is not Joining.OVER

    def ask(self, name: str, query: str, timeout: float | None, owner: Any, auth: Any, data: Any) -> Endpoint:
        """Ask for an endpoint, with the data of its ``auth``; ``wait_for`` waits until that is decided."""
        now = anyio.current_time()
        endpoint = self._protocol.join(name, query, timeout, now, auth, data=data, owner=owner)
        self._core.publish()
        self._core.flush()
        self._core.wake_keeper()
        return endpoint

    async def wait_for(self, endpoint: Endpoint) -> None:
        """Return when an endpoint is open, or raise ChannelError or NotConnected."""
        try:
            await self._core.until(lambda: endpoint.state is not Joining.ASKED)
        except BaseException:  # cancelled
            self.leave(endpoint)
            raise
        if endpoint.error is not None:
            add_address(endpoint.error, self.address)
            raise endpoint.error

    def leave(self, endpoint: Endpoint) -> None:
        """Leave an endpoint."""
        self._protocol.leave(endpoint)
        self._core.publish()
        self._core.flush()

    async def wait(self, seconds: float | None) -> str | None:
        """Return who ended the connection when it has ended for good, or None after ``seconds``."""
        self.check_may_wait()
        if self._core.phase is Phase.IDLE:
            raise NotConnected("there is no connection yet: call open() first")
        with anyio.move_on_after(seconds):
            await self._core.until(lambda: self._core.over)
            self._core.raise_error(self.address)
            return self._protocol.lifecycle.ended_by
        return None

    def check_may_wait(self) -> None:
        """Raise LocalProtocolError in a handler: what comes would wait for the handler itself."""
        if self.in_handler():
            raise LocalProtocolError("waiting in a handler would wait for the handler itself: return instead")

    async def disconnect(self) -> None:
        """End the connection for good, and all tasks; in a handler, they end after it has returned."""
        self._core.end()
        if not self._tasks.have_begun or self.in_handler():
            return
        try:
            with anyio.move_on_after(DISCONNECT_TIMEOUT):
                await self._core.until(lambda: self._core.over)
        finally:
            self.cancel()
        await self._core.until(lambda: self._core.over)

    def stats(self) -> Stats:
        """Return what went through the connection."""
        protocol = self._protocol
        queued = protocol.outbox.queued + protocol.membership.deliveries.waiting()
        return self._core.counts.stats(
            anyio.current_time(), protocol.lifecycle.reconnects, queued, protocol.acks.round_trip
        )
