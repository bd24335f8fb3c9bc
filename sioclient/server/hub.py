"""Hub: all clients of one Router, and what they share."""

from __future__ import annotations

import asyncio
import inspect
import secrets
from collections import Counter
from collections.abc import Coroutine
from typing import Any

from ..protocol.packets import UserPacket
from ..protocol.revisions import Revision1
from .client import Client
from .connection import SocketConnection
from .diary import Diary
from .handshake import REFUSALS, Answer, announcement, may_come_from, refusal
from .request import Request
from .rooms import Audience, Rooms
from .settings import Settings

GOODBYE = 0.5
"""Seconds that polling clients have to come and hear that the server stops, and then handlers to come to an end."""


class Hub:
    """The table of the clients by their session ids.

    Args:
        main: the class of the default endpoint's connections.
        settings: times and limits.
    """

    def __init__(self, main: type[SocketConnection], settings: Settings) -> None:
        self.main, self.settings = main, settings
        self.revision = Revision1()
        self.clients: dict[str, Client] = {}
        self.rooms = Rooms()
        self.diary = Diary(self.now)
        self._addresses: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that all this runs on."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def now(self) -> float:
        """Return the loop's time."""
        return self.loop.time()

    # Sessions

    async def shake_hands(self, request: Request) -> Answer:
        """Return the answer to a handshake, and have a session if it is a yes."""
        if not may_come_from(request.headers, self.settings.origins):
            self.diary.note("refused the origin %.200r", request.headers.get("Origin"))
            return REFUSALS["origin"]
        if self._stopping:
            return REFUSALS["stopping"]
        if self._addresses[request.ip] >= self.settings.max_sessions:
            self.diary.note("refused another session from %.200r", request.ip)
            return REFUSALS["full"]
        self._addresses[request.ip] += 1  # at once, for authorization may take its time
        refused: Answer | None = REFUSALS["error"]
        try:
            refused = await self._authorize(request)
        finally:
            if refused is not None:
                self._subtract(request.ip)
        if refused is not None:
            return refused
        session_id = secrets.token_urlsafe(15)  # 120 bits, in the 20 characters that socket.io has
        self.clients[session_id] = Client(self, session_id, request)
        return announcement(session_id, self.settings)

    async def _authorize(self, request: Request) -> Answer | None:
        if self.settings.authorization is None:
            return None
        try:
            verdict = self.settings.authorization(request)
            if inspect.isawaitable(verdict):
                verdict = await verdict
        except Exception as error:
            self.diary.note("authorization raised", error=error)
            verdict = "error"
        if isinstance(verdict, str):
            self.diary.note("authorization says %.200r", verdict)
        return refusal(verdict)

    def forget(self, client: Client) -> None:
        """A session is over."""
        if self.clients.pop(client.session_id, None) is not None:
            self._subtract(client.request.ip)

    def _subtract(self, address: str) -> None:
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]

    # Places

    def connections(self) -> dict[str, SocketConnection]:
        """Return the connections on the default endpoint by session id."""
        return {name: client.connections[""] for name, client in self.clients.items() if "" in client.connections}

    def join(self, connection: SocketConnection, room: str) -> None:
        """Let a connection enter a room of its endpoint."""
        if connection.is_open:
            self.rooms.enter(connection, room)

    def leave(self, connection: SocketConnection, room: str) -> None:
        """Let a connection leave a room."""
        self.rooms.leave(connection, room)

    def audience(self, endpoint: str, room: str | None = None, except_: SocketConnection | None = None) -> Audience:
        """Return who is on an endpoint, or in one of its rooms, but for one."""
        return Audience(
            endpoint, lambda: [c for c in self.rooms.members(endpoint, room) if c is not except_], self._encode
        )

    def _encode(self, packet: UserPacket) -> str:
        return self.revision.encode(packet)

    # Tasks

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something beside everything else."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stop(self) -> None:
        """Tell all clients that it is over (``0::``), and let their handlers come to an end."""
        self._stopping = True
        for client in list(self.clients.values()):
            client.kick() if client.connections else client.drop()
        over = self.now() + GOODBYE
        while self.clients and self.now() < over:
            await asyncio.sleep(0.01)
        for client in list(self.clients.values()):
            client.drop()
        await asyncio.sleep(0)  # the turn in which the last on_close is called
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GOODBYE)
        for task in list(self._tasks):
            task.cancel()
