"""Hub: all clients of one Router, and what they share."""

from __future__ import annotations

import asyncio
import inspect
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from ..protocol.packets import UserPacket
from .client import Client
from .connection import Audience, SocketConnection
from .dialects import Dialects
from .enginesession import EngineSession
from .extras import needs
from .handlers import Application, Handlers, Heard
from .handshake import REFUSALS, Response, accepted, may_come_from, refusal
from .logs import RateLimitedLog
from .pieces import PieceLink
from .proxies import limited_unit
from .rates import Rates
from .recovery import RECOVERABLE, Recovery
from .request import Request
from .rooms import Rooms
from .session import ServerSession
from .sessionbase import Session
from .settings import Settings
from .uploads import Uploads

if TYPE_CHECKING:
    from .backplane import Backplane
    from .metrics import Metrics


def new_id() -> str:
    """Return an id that nobody can guess: 144 bits in 24 characters.

    Those of socket.io 0.9.7 to 0.9.19 have 20, by which clients, ours too, know that the server may kick whoever has
    sent so many bytes (may_count_bytes of revision 1); this one does not.
    """
    return secrets.token_urlsafe(18)


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


class Hub:
    """The table of the clients by their session ids.

    Args:
        main: the class of the connections on the default endpoint.
        settings: times and limits.
        dialects: what is spoken; None: every generation of Socket.IO.
    """

    def __init__(self, main: type[SocketConnection], settings: Settings, dialects: Dialects | None = None) -> None:
        self.main, self.settings = main, settings
        self.clients: dict[str, Client] = {}
        self.rooms: Rooms[SocketConnection] = Rooms()
        self.log = RateLimitedLog(self.now)
        self.dialects = dialects or Dialects(settings)
        self._addresses: Counter[str] = Counter()
        self._handshakes = Rates(settings.max_handshakes, max(settings.max_sessions, settings.max_handshakes), self.now)
        self._sessions = 0  # of all addresses
        self._tasks: set[asyncio.Task[Any]] = set()
        self.uploads = Uploads()
        self.recovery: Recovery | None = None
        if settings.recovery_time is not None:
            self.recovery = Recovery(settings, self.dialects.later[RECOVERABLE], self.now, _milliseconds, new_id)
        self.heard: Heard | None = None
        self.refusal: Response | None = None  # of every handshake
        self.busy: set[PieceLink[Any]] = set()
        self.backplane = self._join(settings)
        self.metrics = self._measure(settings)
        self.is_stopping = False
        self._stall: asyncio.Event | None = None  # is set when the whole server goes on
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that everything runs on."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def now(self) -> float:
        """Return the loop's time."""
        return self.loop.time()

    # Sessions

    async def handshake(self, request: Request) -> Response:
        """Return the response to a handshake of revision 1; if it is accepted, there is a new session."""
        refused = await self.admit(request)
        if refused is not None:
            return refused
        session_id = self._new_session_id()
        self._add(session_id, request, ServerSession(self.dialects.old, self.settings, self.now()))
        return accepted(session_id, self.settings)

    def begin(self, request: Request, revision: int, upgrades: Sequence[str], *, text_only: bool) -> Client:
        """Return a client of a later revision that was admitted; see ``EngineSession``."""
        session_id, dialect = self._new_session_id(), self.dialects.later[revision]
        session = EngineSession(dialect, self.settings, self.now(), session_id, upgrades, new_id, text_only=text_only)
        return self._add(session_id, request, session)

    def _new_session_id(self) -> str:
        node = self.settings.node
        return new_id() if node is None else f"{node}.{new_id()}"

    def _add(self, session_id: str, request: Request, session: Session) -> Client:
        make = Client if self.metrics is None else self.metrics.client
        client = self.clients[session_id] = make(self, session_id, request, session)
        if self._stall is not None:
            client.stall()
        return client

    def application(
        self, client: Client, session: Session, request: Request, changed: Callable[[], None]
    ) -> Application:
        """Return what the notices of a client are given to; see ``Handlers``."""
        make = Handlers if self.metrics is None else self.metrics.handlers
        return make(self, client, session, request, changed)

    async def admit(self, request: Request) -> Response | None:
        """Return the refusal of a handshake; None: it is accepted, and ``begin`` must follow in the same turn."""
        if self.backplane is not None:
            await self.backplane.ready()  # what other processes send from now on reaches the client
        if not may_come_from(request.headers, self.settings.origins):
            self.log.write("refused the origin %.200r", request.headers.get("Origin"))
            return REFUSALS["origin"]
        if self.refusal is not None:
            return self.refusal
        if self.is_stopping:
            return REFUSALS["stopping"]
        address = limited_unit(request.ip)
        if self._addresses[address] >= self.settings.max_sessions:
            self.log.write("refused another session from %.200r", request.ip)
            return REFUSALS["full"]
        if self._sessions >= self.settings.max_clients:
            self.log.write("refused another session: there are %d", self.settings.max_clients)
            return REFUSALS["crowded"]
        if not self._handshakes.take(address):
            self.log.write("refused another handshake so soon from %.200r", request.ip)
            return REFUSALS["often"]
        self._addresses[address] += 1  # at once, for authorization may take its time
        self._sessions += 1
        refused: Response | None = REFUSALS["error"]
        try:
            refused = await self._authorize(request)
        finally:
            if refused is not None:
                self._subtract(address)
        return refused

    async def _authorize(self, request: Request) -> Response | None:
        if self.settings.authorization is None:
            return None
        try:
            verdict = self.settings.authorization(request)
            if inspect.isawaitable(verdict):
                verdict = await verdict
        except Exception as error:
            self.log.write("authorization raised", error=error)
            verdict = "error"
        if isinstance(verdict, str):
            self.log.write("authorization refused a handshake: %.200r", verdict)
        return refusal(verdict)

    def forget(self, session_id: str) -> None:
        """Take note that a session is over."""
        client = self.clients.pop(session_id, None)
        if client is not None:
            self._subtract(limited_unit(client.request.ip))

    def _subtract(self, address: str) -> None:
        self._sessions -= 1
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]

    # Connections

    def connections(self) -> dict[str, SocketConnection]:
        """Return the connections on the default endpoint by session id."""
        return {name: client.connections[""] for name, client in self.clients.items() if "" in client.connections}

    def audience(self, endpoint: str, room: str | None = None, except_: SocketConnection | None = None) -> Audience:
        """Return the connections on an endpoint, or in one of its rooms, except one."""
        return Audience(self.rooms, endpoint, room, except_, self.recovery)

    # Other processes

    def _join(self, settings: Settings) -> Backplane | None:
        if settings.backplane is None:
            return None
        with needs("several processes", "redis"):
            from .backplane import Backplane
        self.rooms.elsewhere = found = Backplane(settings.backplane, settings.backplane_channel, self)
        return found

    def deliver(self, packet: UserPacket, room: str | None, *, volatile: bool) -> None:
        """Send a packet to the clients of this process in a room, or on its whole endpoint."""
        self.audience(packet.endpoint, room).deliver(packet, volatile=volatile)

    def kick(self, session_id: str, endpoint: str) -> bool:
        """Disconnect a client of this process; return whether it is here."""
        client = self.clients.get(session_id)
        if client is not None:
            client.kick(endpoint)
        return client is not None

    def session_ids(self, endpoint: str, room: str | None) -> list[str]:
        """Return which clients this process has in a room."""
        return [connection.session_id for connection in self.audience(endpoint, room)]

    # Numbers

    def _measure(self, settings: Settings) -> Metrics | None:
        if settings.metrics is False:
            return None
        with needs("metrics", "metrics"):
            from .metrics import Metrics
        registry = None if isinstance(settings.metrics, bool) else settings.metrics
        return Metrics(self.clients, self.backplane, registry)

    def withdraw(self) -> None:
        """Take the numbers out of their registry: the server has stopped, or could not start."""
        if self.metrics is not None:
            self.metrics.close()

    # Silence, for tests

    def stall(self) -> None:
        """Read and write nothing, until ``go_on``: of no client, and of nobody who comes."""
        self._stall = self._stall or asyncio.Event()
        for client in self.clients.values():
            client.stall()

    def go_on(self) -> None:
        """Go on after ``stall``."""
        if self._stall is not None:
            self._stall.set()
            self._stall = None
        for client in list(self.clients.values()):
            client.go_on()

    def stall_ended(self) -> Awaitable[None] | None:
        """Return what a request has to wait for that is of no client; None: for nothing."""
        return None if self._stall is None else self._wait_for_all()

    async def _wait_for_all(self) -> None:
        while self._stall is not None:
            await self._stall.wait()

    # Tasks

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a handler beside everything else."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stop(self) -> None:
        """End all sessions in good order, and let handlers come to an end."""
        self.is_stopping = True
        try:
            await self._end_sessions()
        finally:
            self.withdraw()

    async def _end_sessions(self) -> None:
        self.go_on()
        for client in list(self.clients.values()):
            client.stop()
        over = self.now() + self.settings.drain_time
        while self.clients and self.now() < over:
            await asyncio.sleep(0.01)
        for client in list(self.clients.values()):
            client.drop()
        for link in list(self.busy):
            link.finish()
        await asyncio.sleep(0)  # the turn in which the last on_close is called
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self.settings.drain_time)
        for task in list(self._tasks):
            task.cancel()
        if self.backplane is not None:
            await self.backplane.stop(self.settings.drain_time)
