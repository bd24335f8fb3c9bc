"""Handlers: the connections of one client, and the application's methods that run for them."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol

from ..names import name_text
from ..protocol.notices import Acknowledged, Dropped, Unacknowledged
from ..protocol.packets import Encoded, Event, Json, Message, UserPacket
from .connection import Peer, Refused, SocketConnection, make_connection, wants_ack
from .events import MisfitError, UnknownEventError, takes
from .logs import RateLimitedLog
from .recovery import LOSSES, RECOVERABLE, Recovery
from .request import Request
from .rooms import Rooms
from .sessionbase import JoinAsked, Left, ServerNotice, Session

MOST_CONCURRENT = 100
"""Handlers of one client that may run at once; the next one is waited for as if it were not concurrent."""


Heard = Callable[[SocketConnection, str, list[Any]], None]
"""Is told of each event and each message before its handler runs: the connection, the name and the arguments."""


class Owner(Protocol):
    """What a client and its handlers need of the server that they belong to."""

    main: type[SocketConnection]
    rooms: Rooms[SocketConnection]
    log: RateLimitedLog
    heard: Heard | None
    recovery: Recovery | None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that everything runs on."""

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a handler beside everything else."""

    def forget(self, session_id: str) -> None:
        """Take note that a session is over."""


class Application(Protocol):
    """What a client gives its notices to."""

    connections: dict[str, SocketConnection]

    def handle(self, notice: ServerNotice) -> asyncio.Task[None] | None:
        """Give the application a notice; return a task if the next one has to wait for it."""

    def close(self, endpoint: str) -> None:
        """Give the application no more packets of an endpoint; of the default one: of all."""


class Handlers:
    """The connections of one client and their handlers.

    Args:
        owner: the server.
        peer: the client, for its connections.
        session: its session.
        request: its handshake.
        changed: is called after a handler that took its time may have changed the session.

    Attributes:
        connections: the connections by their endpoints.
    """

    def __init__(
        self, owner: Owner, peer: Peer, session: Session, request: Request, changed: Callable[[], None]
    ) -> None:
        self.connections: dict[str, SocketConnection] = {}
        self._owner, self._peer, self._session = owner, peer, session
        self._request, self._changed = request, changed
        self._closed: set[SocketConnection] = set()  # the application closed them, and gets no more of their packets
        self._porter: SocketConnection | None = None  # on the default endpoint, of a client that is not there
        self._concurrent = 0
        self._receivers: dict[type, Callable[[Any], asyncio.Task[None] | None]] = {
            JoinAsked: self._on_join,
            Left: self._on_left,
            Message: self._on_message,
            Json: self._on_message,
            Event: self._on_event,
            Acknowledged: lambda notice: self._tell(notice.waiter.callback, notice.args),
            Unacknowledged: lambda notice: self._tell(notice.waiter.errback, [notice.error]),
            Dropped: self._on_dropped,
        }

    def handle(self, notice: ServerNotice) -> asyncio.Task[None] | None:
        """Give the application a notice; return a task if the next one has to wait for it."""
        try:
            return self._receivers[type(notice)](notice)
        except BaseException as error:  # what is raised here would make the client deaf: nothing of his is handled
            self._complain("", error)
            return None

    def close(self, endpoint: str) -> None:
        """Give the application no more packets of an endpoint; of the default one: of all."""
        self._closed.update(self.connections[name] for name in self.connections if endpoint in ("", name))

    def _on_join(self, notice: JoinAsked) -> asyncio.Task[None] | None:
        endpoint = notice.endpoint
        if endpoint and "" not in self.connections and self._porter is None:
            return self._ask_porter(notice)
        cls = self._class_for(endpoint)
        if cls is None:
            self._session.refuse(endpoint, None)
            return None
        connection = self._make(cls, notice, endpoint)
        if connection is None:
            return None
        self.connections[endpoint] = connection
        missed = self._recover(connection, notice)
        return self._ask(connection, lambda verdict: self._decide(connection, verdict, missed))

    def _recover(self, connection: SocketConnection, notice: JoinAsked) -> Sequence[Encoded]:
        """Give a client that was lost back what it had, if it can be; return what it missed."""
        recovery, endpoint = self._owner.recovery, notice.endpoint
        if recovery is None or self._session.revision != RECOVERABLE:
            return ()
        state, missed = recovery.join(self._peer, endpoint, notice.auth)
        self._session.ids[endpoint] = {"sid": state.sid, "pid": state.pid}
        connection.recovered = missed is not None
        for room in state.rooms:  # at once: what comes for them from now on is sent in its order, after what was missed
            self._owner.rooms.enter(connection, endpoint, room)
        return missed or ()

    def _ask_porter(self, notice: JoinAsked) -> asyncio.Task[None] | None:
        """Ask the connection on the default endpoint, which the client has not joined, whether it admits the client.

        Otherwise a client of socket.io 3.0 or later would get by it, as it may join another endpoint at once.
        """
        porter = self._make(self._owner.main, notice, "")
        if porter is None:
            return None

        def decide(verdict: Any) -> None:
            if _is_refusal(verdict):
                self._session.refuse(notice.endpoint, *_reason(verdict))
            else:
                self._porter = porter

        def then() -> asyncio.Task[None] | None:
            return self._on_join(notice) if self._porter is not None else None

        task = self._ask(porter, decide)
        return then() if task is None else self._owner.start(_after(task, then))

    def _make(self, cls: type[SocketConnection], notice: JoinAsked, endpoint: str) -> SocketConnection | None:
        auth = notice.auth
        if isinstance(auth, dict) and self._owner.recovery is not None:
            auth = {name: value for name, value in auth.items() if name not in ("pid", "offset")}
        request = self._request.for_endpoint(endpoint, notice.query, auth)
        try:
            return make_connection(cls, self._peer, endpoint, request)
        except BaseException as error:
            self._complain(endpoint, error)
            self._session.refuse(notice.endpoint, "internal error")
            return None

    def _ask(self, connection: SocketConnection, decide: Callable[[Any], None]) -> asyncio.Task[None] | None:
        """Run ``on_open``; what it says is for ``decide``."""
        return self._run(
            connection.endpoint,
            connection.on_open,
            [connection.request],
            decide,
            failed=lambda error: decide(error if isinstance(error, Refused) else "internal error"),
        )

    def _class_for(self, endpoint: str) -> type[SocketConnection] | None:
        if not endpoint:
            return self._owner.main
        main = self.connections.get("") or self._porter
        try:
            return main.get_endpoint(endpoint) if main is not None else None
        except BaseException as error:
            self._complain(endpoint, error)
            return None

    def _decide(self, connection: SocketConnection, verdict: Any, missed: Sequence[Encoded]) -> None:
        endpoint = connection.endpoint
        if _is_refusal(verdict):
            del self.connections[endpoint]
            self._leave_state(endpoint, is_lost=False)
            self._owner.rooms.leave_all(connection)
            self._session.refuse(endpoint, *_reason(verdict))
        elif self._session.is_open(endpoint):
            self._session.accept(endpoint, missed)
            self._owner.rooms.enter(connection, endpoint)
            if self._owner.recovery is not None and endpoint in self._peer.states:
                self._owner.recovery.enter(self._peer.states[endpoint], None)

    def _on_left(self, notice: Left) -> asyncio.Task[None] | None:
        connection = self.connections.pop(notice.endpoint, None)
        if self._porter is not None and self._session.ended is not None:
            porter, self._porter = self._porter, None
            self._run_close(porter, notice.reason)
        if connection is None:
            return None
        self._owner.rooms.leave_all(connection)
        self._leave_state(notice.endpoint, is_lost=notice.reason in LOSSES)
        self._closed.discard(connection)
        return self._run_close(connection, notice.reason)

    def _leave_state(self, endpoint: str, *, is_lost: bool) -> None:
        state = self._peer.states.pop(endpoint, None)
        if state is not None and self._owner.recovery is not None:
            self._owner.recovery.leave(state, is_lost=is_lost)

    def _run_close(self, connection: SocketConnection, reason: str) -> asyncio.Task[None] | None:
        function = connection.on_close
        return self._run(connection.endpoint, function, [reason] if takes(function, reason) else [])

    def _tell(self, function: Callable[..., Any] | None, args: list[Any]) -> asyncio.Task[None] | None:
        return None if function is None else self._run("", function, args)

    def _on_message(self, packet: Message | Json) -> asyncio.Task[None] | None:
        connection = self._listening(packet.endpoint)
        if connection is None:
            return None
        if self._owner.heard is not None:
            self._owner.heard(connection, "message", [packet.data])
        return self.run_for(packet, connection.on_message, [packet.data])

    def _on_event(self, packet: Event) -> asyncio.Task[None] | None:
        connection = self._listening(packet.endpoint)
        if connection is None:
            return None
        name = name_text(packet.name)
        if self._owner.heard is not None:
            self._owner.heard(connection, name, packet.args)
        task = self.run_for(packet, connection.on_event, [name, *packet.args])
        if task is None or not connection.is_concurrent(name) or self._concurrent >= MOST_CONCURRENT:
            return task
        self._concurrent += 1
        task.add_done_callback(self._on_concurrent_done)
        return None

    def _on_concurrent_done(self, _: asyncio.Task[None]) -> None:
        self._concurrent -= 1

    def _on_dropped(self, notice: Dropped) -> None:
        example = notice.example
        self._owner.log.write("dropped a malformed packet: %.200r, %.200r", example.text[:200], example.problem)

    def _listening(self, endpoint: str) -> SocketConnection | None:
        connection = self.connections.get(endpoint)
        return None if connection in self._closed else connection

    # The application's code

    def run_for(self, packet: UserPacket, function: Callable[..., Any], args: list[Any]) -> asyncio.Task[None] | None:
        """Run a handler for a packet; what it returns is the acknowledgement, if the packet wants one."""

        def acknowledge(result: Any) -> None:
            if packet.wants_data:
                self._session.acknowledge(packet, as_args(result))
                self._changed()

        token = wants_ack.set(packet.wants_data)
        try:
            return self._run(packet.endpoint, function, args, acknowledge)
        finally:
            wants_ack.reset(token)

    def _run(
        self,
        endpoint: str,
        function: Callable[..., Any],
        args: list[Any],
        then: Callable[[Any], None] = lambda result: None,
        failed: Callable[[BaseException], None] = lambda error: None,
    ) -> asyncio.Task[None] | None:
        """Call a function of the application; return the task if it takes its time."""
        try:
            result = function(*args)
            if inspect.isawaitable(result):
                return self._owner.start(self._finish(endpoint, result, then, failed))
            then(result)
        except BaseException as error:
            self._complain(endpoint, error)
            failed(error)
        return None

    async def _finish(
        self,
        endpoint: str,
        awaitable: Awaitable[Any],
        then: Callable[[Any], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        try:
            then(await awaitable)
        except BaseException as error:  # one that was cancelled, for one: what waits for its outcome must not wait on
            self._complain(endpoint, error)
            failed(error)

    def _complain(self, endpoint: str, error: BaseException) -> None:
        """Log an error of the application, and send the client an error; its session goes on."""
        if isinstance(error, (KeyboardInterrupt, GeneratorExit)):
            raise error  # it is for the whole program, or for the event loop that is being closed
        if isinstance(error, asyncio.CancelledError) and self._session.ended is not None:
            return  # as when the server stops
        if isinstance(error, Refused):
            return  # the client gets it
        if isinstance(error, UnknownEventError):
            self._owner.log.write("no method is marked for the event %.200r", str(error.args[0])[:200])
            return
        if isinstance(error, MisfitError):
            self._owner.log.write("the arguments of an event do not fit: %s", error)
            self._session.report(str(error), endpoint)
        else:
            self._owner.log.write("a handler for %.200r raised", endpoint[:200], error=error)
            self._session.report("internal error", endpoint)
        self._changed()


def as_args(result: Any) -> list[Any]:
    """Return what a handler returned as the values of an acknowledgement: a tuple is several, None is none."""
    if result is None:
        return []
    return list(result) if isinstance(result, tuple) else [result]


def _is_refusal(verdict: Any) -> bool:
    return verdict is False or isinstance(verdict, (str, Refused))


def _reason(verdict: Any) -> tuple[str, Any]:
    """Return the reason and the data of a refusal."""
    return str(verdict or "unauthorized"), getattr(verdict, "data", None)


async def _after(task: asyncio.Task[None], then: Callable[[], asyncio.Task[None] | None]) -> None:
    await task
    following = then()
    if following is not None:
        await following
