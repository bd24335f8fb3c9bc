"""EngineIO: a client for servers that speak Engine.IO without Socket.IO on it.

It is what lies under the revisions 4 and 5 of Socket.IO, with messages instead of their packets: the same threads, the
same transports, the same reconnecting.
"""

from __future__ import annotations

import time
import weakref
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .fronts.enginebase import EngineBase
from .fronts.ownership import end_when_forgotten, waiting_for_end
from .fronts.steps import run_steps
from .protocol.notices import Notice
from .threads.connection import Connection, make_connection

if TYPE_CHECKING:
    from typing_extensions import Self


class EngineIO(EngineBase[None]):
    """A client of one Engine.IO server at a time.

    ::

        e = EngineIO()

        @e.on("message")
        def show(data):
            print(data)

        e.connect("http://localhost:3000")
        e.send("hello")

    Functions run on the listener thread, one at a time: ``connect()``, ``message(data)`` with a text or bytes, and
    ``disconnect(reason)``, or without the reason if the function takes no argument.

    Args:
        logger: where to say what happens: False says errors only, True everything from INFO on, both on stderr; or a
            ``logging.Logger``, which also gets every packet at DEBUG.
        revision: of Engine.IO, 3 or 4; None: find out.
        options: as in ``SocketIO``, but ``resource`` is "engine.io" by default.

    Raises:
        TypeError, ValueError: an argument is not what it should be.
    """

    _connection: Connection | None = None
    _connect_to = staticmethod(make_connection)
    _finalizer: weakref.finalize[Any, Any] | None = None

    def connect(self, url: str, port: int | None = None) -> None:
        """Connect, and return when that is done; after an end or a failure, again. In a function it does not wait.

        Args:
            url: where the server is; a host's name will do.
            port: its port, if the URL does not say.

        Raises:
            ConnectError: no connection; HandshakeRejected and WrongRevision say more.
            LocalProtocolError: there is a connection already.
            TypeError, ValueError: the address is none.
        """
        connection = self._compose(url, port)
        if self._finalizer is not None:
            self._finalizer.detach()
        self._finalizer = end_when_forgotten(self, connection, connection.address)
        connection.open()

    def disconnect(self) -> None:
        """End the connection, for good unless ``connect`` is called again."""
        if self._connection is not None:
            self._connection.disconnect()

    def wait(self, seconds: float | None = None) -> str | None:
        """Wait until the connection has ended and there is no other, or so many seconds. Ctrl-C works.

        Returns:
            Who ended it, ``"client"`` or ``"server"``; None: it has not ended.

        Raises:
            SocketIOError: it ended because it could not be brought back.
            NotConnected: there was none.
            LocalProtocolError: called in a function that runs for an event.
        """
        return run_steps(waiting_for_end(self._linked, seconds, time.monotonic))

    def __enter__(self) -> Self:
        """Return the EngineIO itself; it is disconnected at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.disconnect()

    # On the listener thread

    def deliver(self, notice: Notice) -> None:
        """Log what happened, and run the user's functions for it."""
        run_steps(self._delivering(notice))
