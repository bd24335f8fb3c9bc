"""SocketServer: a server on a port of its own, as a whole program or in a thread of another."""

from __future__ import annotations

import asyncio
import errno
import inspect
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tornado.httpserver import HTTPServer
from tornado.web import Application

from .accepting import patient
from .clients import Clients
from .connection import SocketConnection
from .foreignlogs import limited
from .router import Router
from .settings import Settings

if TYPE_CHECKING:
    from typing_extensions import Self

Result = TypeVar("Result")

PATIENCE = 30.0
"""Seconds that starting or stopping may take."""

MOST_HEADERS = 2**14
"""How many bytes the headers of a request may have."""

SIGNALS = [signal.SIGTERM] if sys.version_info >= (3, 11) else [signal.SIGTERM, signal.SIGINT]
"""Signals that stop the server in good order. asyncio handles Ctrl-C, but before 3.11 it cuts all connections first."""

IDLE = 60.0
"""Seconds that a connection may go without a request, and that the body of a request may take."""


class Served(Protocol):
    """What a port is opened for."""

    settings: Settings

    async def stop(self) -> None:
        """End all sessions in good order."""


class PortServer:
    """A server on a port of its own, whatever it serves.

    Args:
        served: what is served.
        routes: its routes, as for ``tornado.web.Application``.
        port: where to listen; 0: on a free port, which the attribute ``port`` names.
        host: the address to listen on.

    Attributes:
        port: where it listens.
        host: as given.

    Raises:
        OSError: the port is taken, or the host is not an address of this machine.
        ValueError: the port is no port.
    """

    scheme = "http"

    def __init__(self, served: Served, routes: list[Any], port: int, host: str) -> None:
        self.host = host
        self._served = served
        self._application = Application(routes, log_function=lambda handler: None)
        self._max_body_size = served.settings.max_message_size
        self._sockets = _bind(host, port)
        self.port: int = self._sockets[0].getsockname()[1]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._entered: AbstractAsyncContextManager[None] | None = None

    @property
    def url(self) -> str:
        """The address for a client or a browser on this machine."""
        host = "localhost" if self.host in ("", "0.0.0.0", "::", "127.0.0.1") else self.host  # noqa: S104  # nosec B104
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def run(self) -> None:
        """Serve until Ctrl-C or SIGTERM, then stop in good order and return."""
        with suppress(KeyboardInterrupt):
            asyncio.run(self._serve(self._handle_signals))

    def call(self, function: Callable[..., Awaitable[Result] | Result], *args: Any) -> Result:
        """Call a function in the server's thread, and return what it returns; what can be awaited is awaited there."""
        if self._loop is None:
            raise RuntimeError("the server is not running: use it in a with block")

        async def call() -> Any:
            result: Any = function(*args)
            return await result if inspect.isawaitable(result) else result

        outcome: Result = asyncio.run_coroutine_threadsafe(call(), self._loop).result(PATIENCE)
        return outcome

    def __enter__(self) -> Self:
        """Serve from a thread."""
        started = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(started.set)), name="sioclient server", daemon=True
        )
        self._thread.start()
        if not started.wait(PATIENCE):
            raise RuntimeError("the server did not start; a server that has stopped cannot start again: make another")
        return self

    def __exit__(self, *_: object) -> None:
        """Stop in good order, and end the thread."""
        if self._loop is not None and self._stopped is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join(PATIENCE)

    async def __aenter__(self) -> Self:
        """Serve on the event loop that runs."""
        entered = self._serving()
        await entered.__aenter__()
        self._entered = entered
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop in good order."""
        if self._entered is not None:
            await self._entered.__aexit__(None, None, None)

    def _handle_signals(self) -> None:
        assert self._loop is not None
        assert self._stopped is not None
        with suppress(NotImplementedError):  # Windows
            for number in SIGNALS:
                self._loop.add_signal_handler(number, self._stopped.set)

    async def _serve(self, started: Callable[[], None]) -> None:
        async with self._serving():
            assert self._loop is not None
            assert self._stopped is not None
            self._loop.call_soon(started)
            await self._stopped.wait()

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[None]:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        server = HTTPServer(
            self._application,
            max_body_size=self._max_body_size,
            max_buffer_size=self._max_body_size + 2**16,
            max_header_size=MOST_HEADERS,
            idle_connection_timeout=IDLE,
            body_timeout=IDLE,
        )
        with limited(self._loop.time):
            try:
                server.add_sockets(self._sockets)
                yield
            finally:
                server.stop()
                for listening in self._sockets:  # those, too, that could not be added
                    listening.close()
                await self._served.stop()
                await server.close_all_connections()
                self._loop = None


class SocketServer(PortServer):
    """A server on a port of its own.

    ``run()`` serves until it is interrupted. ``with SocketServer(Main, port=0) as server:`` serves from a thread until
    the block ends. The application runs in that thread, so call its functions with ``server.call``. ``async with``
    serves on the event loop that runs.

    A server that stops handles what came and sends what waits, for half a second at most, and then closes the
    transports. It does not disconnect its clients (``0::``), so that they come back when it starts again.

    Args:
        main: the class of the clients' connections on the default endpoint.
        port: where to listen; 0: on a free port, which the attribute ``port`` names.
        host: the address to listen on; the default admits clients on this machine only, "0.0.0.0" all.
        resource: the first part of the path.
        routes: other routes, as for ``tornado.web.Application``.
        settings: see ``Settings``.

    Attributes:
        port: where it listens.
        router: its clients.

    Raises:
        OSError: the port is taken, or the host is not an address of this machine.
        TypeError, ValueError: the port is no port; a setting is unknown, or its value is not allowed.
    """

    def __init__(
        self,
        main: type[SocketConnection],
        port: int = 8000,
        host: str = "127.0.0.1",
        *,
        resource: str = "socket.io",
        routes: Iterable[Any] = (),
        **settings: Any,
    ) -> None:
        self.router = Router(main, resource, **settings)
        try:
            super().__init__(self.router, self.router.apply_routes(list(routes)), port, host)
        except BaseException:
            self.router.withdraw()  # the next try may have the same registry
            raise

    @property
    def clients(self) -> Clients:
        """The connections on the default endpoint, as ``Router.clients``; from any thread, as they are now."""
        return self.call(lambda: self.router.clients)


def _bind(host: str, port: int) -> list[socket.socket]:
    """Listen on the same port on all addresses of a host."""
    if not 0 <= port <= 65535:
        raise ValueError(f"port must be a number from 0 to 65535, not {port}")
    found = socket.getaddrinfo(host or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    try:
        for family, address in dict.fromkeys((family, where[0]) for family, _, _, _, where in found):
            sockets.append(patient(socket.create_server((str(address), port), family=family, backlog=1024)))
            port = sockets[-1].getsockname()[1]
    except OSError as error:
        # A name may have addresses that the machine does not have: localhost is ::1 too, also without IPv6.
        if error.errno != errno.EADDRNOTAVAIL or not sockets:
            for opened in sockets:
                opened.close()
            raise
    return sockets
