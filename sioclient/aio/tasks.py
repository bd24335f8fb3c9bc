"""The tasks of a connection: one connects and reads, one keeps the time; others write and run functions when needed.

They live in the task group of the user, and end together.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from contextlib import suppress
from math import inf
from typing import Any

import anyio

from ..address import Address
from ..errors import as_connect_error
from ..fronts.attempt import Opened, session_steps
from ..fronts.connector import Connector
from ..options import Options
from ..protocol.detour import Order
from ..protocol.framing import Frame
from ..protocol.phases import Phase
from ..protocol.start import Start
from .core import Core
from .http import Http
from .living import Group, Living
from .steps import run_steps
from .transports import MixedTransport, Transport, make_transport

_logger = logging.getLogger("sioclient")

WRITE_TIMEOUT = 5.0
"""Seconds that ``emit`` waits for room, and that the last packets have."""

DISCONNECT_TIMEOUT = 5.0
"""Seconds that ``disconnect`` may take; a function of the user that still runs then is cancelled."""

CLOSE_TIMEOUT = 1.0
"""Seconds that the server has to end its side, or to take the last packets when everything is cancelled."""

MOST_WAITING, MOST_DEFERRED = 2**20, 16 * 2**20
"""Characters that may wait for the user's functions before nothing more is read; more if one of them is in a call."""


def make_connector(address: Address, options: Options) -> Connector:
    """Return what makes attempts whose steps must be awaited, and may be cancelled."""
    return Connector(address, options, make_transport, MixedTransport, anyio.current_time, Http, is_interrupted=True)


class Tasks:
    """The tasks of one connection.

    Args:
        core: what they share.
        connector: makes attempts.

    Attributes:
        have_begun: whether they live, or have lived.
    """

    __slots__ = ("_connector", "_core", "_me", "have_begun")

    def __init__(self, core: Core, connector: Connector) -> None:
        self._core, self._connector = core, connector
        self.have_begun, self._me = False, 0
        core.living = Living(self._fail, self._end)

    def cancel(self) -> None:
        """End them at once."""
        if not self._core.over:
            self._core.end()
            self._core.living.cancel()

    def begin(self, group: Group, holder: Any) -> None:
        """Live in ``group`` until the connection has ended, and keep ``holder`` alive."""
        group.start_soon(self._core.living.run, group, self._connect_and_read, holder)
        self.have_begun = True

    def _end(self) -> None:
        self._core.end()
        self._connector.close()
        self._core.finish()

    async def _connect_and_read(self) -> None:
        core, self._me = self._core, anyio.get_current_task().id
        if core.before is not None:
            before = core.before
            await before.until(lambda: before.over or core.leaving)
            core.before = None
        while core.phase is not Phase.CLOSED:
            if core.phase is Phase.CONNECTING:
                await self._run_attempt()
            else:
                with core.until_due():
                    await core.until(lambda: core.phase is not Phase.WAITING)
                core.look_at_time()

    async def _run_attempt(self) -> None:
        core = self._core
        protocol = core.protocol
        core.attempt = attempt = protocol.lifecycle.attempt
        transport: Transport | None = None
        try:
            opened = await self._connect(attempt)
            if opened is not None:
                transport = opened[0].transport  # type: ignore[assignment]
                self._begin(*opened)
                opened = None  # it would be kept for as long as the session lasts
                while core.transport is not None and protocol.lifecycle.current == attempt:
                    if not await self._read_on(core.transport):
                        break
        finally:
            patience = WRITE_TIMEOUT
            if protocol.lifecycle.current == attempt:  # everything is cancelled
                patience = CLOSE_TIMEOUT
                core.end()
            core.link, core.attempt = None, 0
            try:
                core.run_functions(self._me)
            finally:
                if transport is not None:
                    await self._close(core.transport or transport, patience)
                    core.take_time()

    def _fail(self, error: Exception) -> None:
        _logger.error("an error inside sioclient", exc_info=error)
        self._core.protocol.fail(error)
        self._core.publish()

    async def _connect(self, attempt: int) -> tuple[Opened, Start] | None:
        """Return what an attempt has opened, and the start of the session; None: the protocol knows why not."""
        core = self._core
        endpoints = list(core.protocol.endpoints.by_name.values())
        try:
            attempting = self._connector.attempt(core.protocol.lifecycle.opening, endpoints)
            until = core.protocol.lifecycle.deadline() or inf
            core.leave_time(until)
            with anyio.CancelScope(deadline=until) as core.link:
                return await run_steps(session_steps(attempting, endpoints))
        except (Exception, SystemExit) as problem:  # options may be functions of the user, and JSON may be his code
            if core.protocol.lifecycle.attempt == attempt:
                core.protocol.connect_failed(as_connect_error(problem), anyio.current_time())
                core.publish()
        finally:
            core.take_time()
        core.look_at_time()  # the attempt may have lasted for too long
        return None

    def _begin(self, opened: Opened, start: Start) -> None:
        """A session begins, unless it came too late."""
        core = self._core
        frames, now = opened.handshake.frames, anyio.current_time()
        core.show("<", frames)
        core.counts.packets_in += len(frames)
        if core.protocol.lifecycle.current == core.attempt:
            core.transport = opened.transport  # type: ignore[assignment]
            core.transport_name, core.session_id = opened.transport.name, opened.handshake.session_id
            if opened.transport.is_stream:  # type: ignore[attr-defined]
                self._connector.forget()
            core.protocol.transport_opened(opened.handshake, opened.transport.name, now, start, takes_orders=True)
            core.publish(0)
            core.flush()
            opened.transport.hasten()
            core.run_functions(self._me)

    def _read_on(self, transport: Transport) -> Awaitable[bool]:
        """Return what reads, or waits until functions have caught up, and returns whether there may be more."""
        is_stream = transport.is_stream and self._core.waiting <= MOST_WAITING
        return self._read_in_time(transport) if is_stream else self._read_or_wait(transport)

    async def _read_or_wait(self, transport: Transport) -> bool:
        """Wait until functions have caught up, or make one read; return whether there may be more."""
        core = self._core
        core.leave_time()
        with anyio.CancelScope() as core.link:
            if core.waiting <= MOST_WAITING:
                return await self._read(transport)
            await self._wait_for_functions()
            return True
        return False

    async def _read_in_time(self, transport: Transport) -> bool:
        """Read a stream, and keep the time in the same task, which saves another; return whether there may be more.

        A read of a stream may be cancelled at any time, one by a poll may not: nothing would be there to read again.
        """
        core, more = self._core, True
        core.take_time()
        while more and transport is core.transport and core.waiting <= MOST_WAITING:
            with core.until_due() as core.link:
                while more and transport is core.transport and core.waiting <= MOST_WAITING:
                    more = await self._read(transport)
            core.look_at_time()
            more = more and core.protocol.lifecycle.current == core.attempt
        return more

    async def _read(self, transport: Transport) -> bool:
        """Take what comes next; return whether there may be more."""
        core = self._core
        protocol = core.protocol
        try:
            frames = await transport.recv()
        except Exception as problem:  # whatever it is, this transport brings nothing more
            core.lose(transport, problem)
            return False
        core.show("<", frames)
        now, core.counts.packets_in = anyio.current_time(), core.counts.packets_in + len(frames)
        core.counts.heard_at = now
        protocol.receive(frames, now)
        core.publish(sum(map(len, frames)))
        if protocol.lifecycle.detour is not None:
            self._obey(transport)
        if protocol.outbox.urgent or protocol.outbox.queued:
            core.flush()
        core.run_functions(self._me)
        return protocol.lifecycle.current == core.attempt

    def _obey(self, transport: Transport) -> None:
        """Do what the protocol asks for when a websocket takes no more."""
        core = self._core
        detour, session = core.protocol.lifecycle.detour, core.protocol.session
        if detour is None or detour.order is None or session is None:
            return
        order, detour.order = detour.order, None
        try:
            if order is Order.POST:
                core.transport = self._connector.beside(transport, session.handshake)  # type: ignore[assignment, arg-type]
                core.flush()
            else:
                transport.leave()
        except Exception as problem:
            core.lose(transport, problem)

    async def _wait_for_functions(self) -> None:
        """Read nothing while too much waits for the user's functions, so that TCP holds the server back."""
        core = self._core
        reading = core.protocol.reading
        reading.pause(anyio.current_time())
        core.ring()  # heartbeats are sent unasked meanwhile
        try:
            await core.room.until(lambda: core.waiting <= (MOST_DEFERRED if core.calls else MOST_WAITING))
        finally:
            reading.resume(anyio.current_time())
            core.ring()  # what only the server can do, and attempts to connect, had no deadline meanwhile

    async def _close(self, transport: Transport, patience: float) -> None:
        """Write the last frames of a session, and let go of its transport."""
        core = self._core
        core.transport = core.transport_name = core.session_id = None
        core.leave_time()
        closes = core.phase is Phase.CLOSED
        if core.broken is not transport:  # else whoever still writes need not be waited for
            with anyio.move_on_after(patience, shield=True), suppress(Exception):
                await core.until(lambda: not core.is_writing)
                await self._write_last(transport)
        with anyio.CancelScope(shield=True):
            await core.stop_writing()
            with suppress(Exception):
                await transport.close(min(patience, CLOSE_TIMEOUT) if closes else 0)

    async def _write_last(self, transport: Transport) -> None:
        """Write what waits, and read the acks that let more of it go."""
        core = self._core
        await transport.send(core.take())
        while (more_at := core.protocol.sending.more_at()) is not None:
            received: list[Frame] = []
            with anyio.CancelScope(deadline=more_at):
                received = await transport.recv()
            core.protocol.sending.receive_last(received, anyio.current_time())
            await transport.send(core.take())
