"""The four tasks of a connection: one connects and reads, one writes, one keeps the time, one runs functions.

They live in one task group, and end with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from math import inf
from typing import Any

import anyio
import anyio.lowlevel

from ..address import Address
from ..attempt import Attempt, Opened
from ..connector import Connector
from ..errors import as_connect_error
from ..options import Options
from ..protocol.endpoints import Endpoint
from ..protocol.framing import Frame
from ..protocol.phases import Phase
from ..protocol.revisions.base import Opening
from ..protocol.start import make_start
from ..transports.stream import STALL_TIMEOUT
from .core import USER_PACKETS, Core
from .http import Http
from .steps import run_steps
from .transports import Transport, make_transport

logger = logging.getLogger("sioclient")

WRITE_TIMEOUT = 5.0
"""Seconds that ``emit`` waits for room, and that the last packets have."""

DISCONNECT_TIMEOUT = 5.0
"""Seconds that ``disconnect`` may take; a function of the user that still runs then is cancelled."""

CLOSE_TIMEOUT = 1.0
"""Seconds that the server has to end its side, or to take the last packets when everything is cancelled."""

MOST_WAITING, MOST_DEFERRED = 2**20, 16 * 2**20
"""Characters that may wait for the user's functions before nothing more is read; more if one of them is in a call."""

TURN = 100
"""Functions that run before other tasks do."""


class AsyncConnector(Connector):
    """Makes attempts whose steps must be awaited."""

    def __init__(self, address: Address, options: Options) -> None:
        super().__init__(address, options, make_transport, clock=anyio.current_time)

    def attempt(self, opening: Opening, endpoints: Iterable[Endpoint] = ()) -> Attempt:
        """Return an attempt, which may be cancelled."""
        made = super().attempt(opening, endpoints)
        made.is_interrupted = True
        return made

    def http(self) -> Http:  # type: ignore[override]
        """Return the HTTP client of this connection, ready for an attempt."""
        return Http(super().http())


class Tasks:
    """The tasks of one connection.

    Args:
        core: what they share.
        connector: makes attempts.

    Attributes:
        life: cancels them all; None: they have not begun.
    """

    def __init__(self, core: Core, connector: AsyncConnector) -> None:
        self._core, self._connector = core, connector
        self.life: anyio.CancelScope | None = None
        self._runner: int | None = None
        self._sending, self._is_torn = anyio.Lock(fast_acquire=True), False

    def in_handler(self) -> bool:
        """Return whether a function of the user that runs for an event has called."""
        return self._runner is not None and anyio.get_current_task().id == self._runner

    async def run(self, holder: Any) -> None:
        """Live until the connection has ended; ``holder`` is kept alive."""
        core = self._core
        assert self.life is not None
        try:
            with self.life:
                async with anyio.create_task_group() as group:
                    for task in (self._write, self._keep_time, self._run_functions):
                        group.start_soon(self._guarded, task)
                    await self._guarded(self._connect_and_read)
        finally:
            core.end()
            self._connector.close()
            core.over = True
            core.changed.wake()

    async def _guarded(self, task: Callable[[], Any]) -> None:
        core = self._core
        try:
            await task()
        except Exception as error:  # an error of our own
            logger.exception("an error inside sioclient")
            core.protocol.fail(error)
            core.publish()

    async def _connect_and_read(self) -> None:
        core = self._core
        while core.phase is not Phase.CLOSED:
            if core.phase is Phase.CONNECTING:
                await self._run_attempt()
            else:
                await core.changed.wait()

    async def _run_attempt(self) -> None:
        core = self._core
        protocol = core.protocol
        core.attempt = attempt = protocol.lifecycle.attempt
        endpoints = list(protocol.endpoints.by_name.values())
        transport: Transport | None = None
        try:
            with anyio.CancelScope() as core.link:
                try:
                    attempting = self._connector.attempt(protocol.lifecycle.opening, endpoints)
                    opened = await run_steps(attempting.run())
                    transport = opened.transport  # type: ignore[assignment]
                    start = make_start(opened.handshake, opened.handshake.dialect, endpoints, opened.data)
                except Exception as problem:  # options may be functions of the user, and JSON may be his code
                    if protocol.lifecycle.attempt == attempt:
                        protocol.connect_failed(as_connect_error(problem), anyio.current_time())
                        core.publish()
                    return
                self._begin(opened, start)
                await self._read()
        finally:
            patience = WRITE_TIMEOUT
            if protocol.lifecycle.current == attempt:  # everything is cancelled
                patience = CLOSE_TIMEOUT
                core.end()
            core.link, core.attempt = None, 0
            if transport is not None:
                await self._close(transport, patience)

    def _begin(self, opened: Opened, start: Any) -> None:
        """A session begins, unless it came too late."""
        core = self._core
        frames, now = opened.handshake.frames, anyio.current_time()
        core.show("<", frames)
        core.counts.packets_in += len(frames)
        if core.protocol.lifecycle.current == core.attempt:
            core.transport = opened.transport  # type: ignore[assignment]
            core.transport_name, core.session_id = opened.transport.name, opened.handshake.session_id
            core.protocol.transport_opened(opened.handshake, opened.transport.name, now, start)
            core.publish()

    async def _read(self) -> None:
        core = self._core
        protocol, transport = core.protocol, core.transport
        while transport is not None and protocol.lifecycle.current == core.attempt:
            try:
                frames = await transport.recv()
            except Exception as problem:  # whatever it is, this transport brings nothing more
                core.lose(transport, problem)
                return
            core.show("<", frames)
            now, core.counts.packets_in = anyio.current_time(), core.counts.packets_in + len(frames)
            core.counts.heard_at = now
            protocol.receive(frames, now)
            core.publish(sum(map(len, frames)))
            if core.waiting > MOST_WAITING:
                await self._wait_for_functions()

    async def _wait_for_functions(self) -> None:
        """Read nothing while too much waits for the user's functions, so that TCP holds the server back."""
        core = self._core
        reading = core.protocol.reading
        reading.pause(anyio.current_time())
        core.due.set()  # heartbeats are sent unasked meanwhile
        try:
            while core.waiting > (MOST_DEFERRED if core.calls else MOST_WAITING):
                await core.room.wait()
        finally:
            reading.resume(anyio.current_time())

    async def _write(self) -> None:
        core = self._core
        while core.phase is not Phase.CLOSED:
            await core.to_write.wait()
            transport = core.transport
            while transport is not None and transport is core.transport:
                frames = core.protocol.frames_to_send()
                if not frames:
                    break
                core.room.wake()
                try:
                    await self._send(transport, frames)
                except Exception as problem:
                    core.lose(transport, problem)
            if core.protocol.outbox.queued:
                core.ring()  # what the fence holds back, its deadline lets go

    async def _send(self, transport: Transport, frames: list[Frame]) -> None:
        core = self._core
        async with self._sending:
            core.show(">", frames)
            core.counts.packets_out += len(frames)
            self._is_torn, core.writing_since = True, anyio.current_time() if transport.is_stream else inf
            if core.writing_since + STALL_TIMEOUT < core.asleep_until:
                core.due.set()
            try:
                await transport.send(frames)
            finally:
                core.writing_since = inf
            self._is_torn = False

    async def _keep_time(self) -> None:
        core = self._core
        while core.phase is not Phase.CLOSED:
            deadline, stalled_at = core.protocol.deadline(), core.writing_since + STALL_TIMEOUT
            core.asleep_until = min(stalled_at, inf if deadline is None else deadline)
            with anyio.CancelScope(deadline=core.asleep_until):
                await core.due.wait()
            now = anyio.current_time()
            if now >= core.writing_since + STALL_TIMEOUT and core.transport is not None:
                core.lose(core.transport, TimeoutError(f"the other side has taken nothing for {STALL_TIMEOUT:g} s"))
            if now >= core.asleep_until:
                core.protocol.handle_timeout(now)
                core.publish()
                core.changed.wake()  # the next attempt may begin, of which there is no notice
                core.to_write.set()
            core.asleep_until = -inf

    async def _run_functions(self) -> None:
        """Run the user's functions for everything in the inbox, one at a time."""
        core = self._core
        self._runner = anyio.get_current_task().id
        turn = 0
        while core.inbox or core.phase is not Phase.CLOSED:
            if not core.inbox:
                await core.to_run.wait()
                continue
            notice, size = core.inbox.popleft()
            owner = notice.owner
            receiver = owner() if owner is not None else getattr(notice, "waiter", None)
            deliver = getattr(receiver, "deliver", None)
            if deliver is not None and not (core.leaving and isinstance(notice, USER_PACKETS)):
                try:
                    running = deliver(notice)
                    if running is not None:
                        await running
                except Exception:
                    logger.exception("a function for %.200r raised", notice)
            if size:
                core.waiting -= size
                core.room.wake()
            turn += 1
            if turn % TURN == 0:
                await anyio.lowlevel.checkpoint()

    async def _close(self, transport: Transport, patience: float) -> None:
        """Write the last frames of a session, and let go of its transport."""
        core = self._core
        core.transport = core.transport_name = core.session_id = None
        closes = core.phase is Phase.CLOSED
        with anyio.CancelScope(shield=True):
            if core.broken is not transport:  # else whoever still writes need not be waited for
                with anyio.move_on_after(patience), suppress(Exception):
                    async with self._sending:
                        frames = core.protocol.frames_to_send()
                        if frames and not self._is_torn:
                            core.show(">", frames)
                            core.counts.packets_out += len(frames)
                            await transport.send(frames)
            self._is_torn = False
            with suppress(Exception):
                await transport.close(min(patience, CLOSE_TIMEOUT) if closes else 0)
