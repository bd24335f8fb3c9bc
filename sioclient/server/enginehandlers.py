"""EngineHandlers: the functions of an application for one client without Socket.IO."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Protocol

from ..errors import ConnectionLost
from ..protocol.notices import Dropped
from ..protocol.packets import Message
from .connection import SocketConnection
from .engineclient import EngineClient
from .events import takes
from .handlers import Owner
from .sessionbase import JoinAsked, Left, ServerNotice, Session


class EngineOwner(Owner, Protocol):
    """What the functions of a client need of the server that it belongs to."""

    users: dict[EngineClient, None]
    functions: list[Callable[..., Any]]


class EngineHandlers:
    """Gives the notices of one client to functions, one after the other.

    Args:
        owner: the server.
        user: the client, as the functions see it.
        session: its session.
    """

    def __init__(self, owner: EngineOwner, user: EngineClient, session: Session) -> None:
        self.connections: dict[str, SocketConnection] = {}
        self._owner, self._user, self._session = owner, user, session
        self._is_closed = False  # the application closed it, and gets no more of its messages
        self._receivers: dict[type, Callable[[Any], asyncio.Task[None] | None]] = {
            JoinAsked: self._on_join,
            Left: self._on_left,
            Message: self._on_message,
            Dropped: self._on_dropped,
        }

    def handle(self, notice: ServerNotice) -> asyncio.Task[None] | None:
        """Give the application a notice; return a task if the next one has to wait for it."""
        return self._receivers[type(notice)](notice)

    def close(self, endpoint: str) -> None:
        """Give the application no more messages."""
        self._is_closed = True

    def _on_join(self, notice: JoinAsked) -> asyncio.Task[None] | None:
        """Call the functions for the connection. Messages wait until there is a function for them, or those are done.

        So nothing is lost while one looks up who that is, and one that sends for as long as the client is there gets
        the client's messages all the same.
        """
        self._session.accept(notice.endpoint)
        self._owner.users[self._user] = None
        task = self._run(self._owner.functions, [self._user])
        if task is None or self._user.functions["message"]:
            return None
        ready = self._owner.loop.create_future()
        self._user.listening = partial(_resolve, ready)
        task.add_done_callback(lambda task: _resolve(ready))
        return self._owner.start(_wait(ready))

    def _on_message(self, packet: Message) -> asyncio.Task[None] | None:
        functions = self._user.functions["message"]
        if not functions:
            self._owner.log.write("no function is registered for the messages of a client")
        return None if self._is_closed else self._run(functions, [packet.data])

    def _on_left(self, notice: Left) -> asyncio.Task[None] | None:
        self._owner.users.pop(self._user, None)
        functions, reason = self._user.functions["disconnection"], notice.reason
        return self._run([partial(f, reason) if takes(f, reason) else f for f in functions], [])

    def _on_dropped(self, notice: Dropped) -> None:
        example = notice.example
        self._owner.log.write("dropped a malformed packet: %.200r, %.200r", example.text[:200], example.problem)

    def _run(self, functions: Sequence[Callable[..., Any]], args: list[Any]) -> asyncio.Task[None] | None:
        """Call functions one after the other; return a task if one takes its time."""
        for index, function in enumerate(functions):
            try:
                result = function(*args)
                if inspect.isawaitable(result):
                    return self._owner.start(self._go_on(result, functions[index + 1 :], args))
            except BaseException as error:
                self._complain(error)
        return None

    async def _go_on(self, awaitable: Awaitable[Any], others: Sequence[Callable[..., Any]], args: list[Any]) -> None:
        try:
            await awaitable
        except BaseException as error:
            self._complain(error)
        task = self._run(others, args)
        if task is not None:
            await task

    def _complain(self, error: BaseException) -> None:
        """Log an error of the application."""
        if isinstance(error, (KeyboardInterrupt, GeneratorExit, asyncio.CancelledError)):
            raise error
        if not isinstance(error, ConnectionLost) or self._user.is_open:  # else it was sending when the client left
            self._owner.log.write("a function for a client raised", error=error)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _wait(future: asyncio.Future[None]) -> None:
    await future
