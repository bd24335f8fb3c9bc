"""SocketIO: what a user constructs."""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar

from .channel import Channel
from .fronts.clientbase import ClientBase
from .fronts.ownership import end_when_forgotten, waiting_for_end
from .fronts.steps import run_steps
from .handler import Handler
from .options import check_timeout
from .threads.connection import Connection, make_connection

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from .options import OptionsDict

logger = logging.getLogger("sioclient")


class SocketIO(ClientBase[Channel, None], Channel):
    """A connection to a Socket.IO server, and the channel of its default endpoint.

    ::

        s = SocketIO("localhost", 8000)
        s = SocketIO("https://example.com:8443/path?token=x", handler=MyHandler())

    Args:
        host: a host's name or address, or a URL; a URL's path is where the server is mounted, its query goes
            with every request, as ``params`` does.
        port: by default 80, or 443 if the connection is encrypted.
        handler: an object of a subclass of Handler.
        auto_connect: whether to connect at once; if not, ``open`` does.
        options: see ``sioclient.options.Options``: ``secure``, ``resource``, ``json``, ``transports``,
            ``connect_timeout``; ``params``, ``headers``, ``cookies``, ``auth``, ``proxies``, ``verify``, ``cert``,
            ``session`` as in requests; ``wait_for_connection``, ``reconnect``, ``reconnection_delay``,
            ``reconnection_limit``, ``max_reconnection_attempts``, ``reconnect_when_kicked``, ``buffer_size``,
            ``max_message_size``, ``revision``, ``retries``, ``ack_timeout``, ``parser``, ``trailing_slash``.

    Raises:
        ConnectError: no connection; HandshakeRejected and WrongRevision say more.
        TypeError, ValueError: an argument is not what it should be; nothing was sent.
    """

    channel_type: ClassVar[type[Channel]] = Channel
    """The class of the channels that ``channel`` makes."""

    _link: Connection
    _connect_to = staticmethod(make_connection)
    _finalizer: weakref.finalize[Any, Any] | None = None

    def __init__(
        self,
        host: str = "localhost",
        port: int | None = None,
        handler: Handler | None = None,
        *,
        auto_connect: bool = True,
        **options: Unpack[OptionsDict],
    ) -> None:
        connection, joined = self._begin(host, port, options)
        super().__init__(connection, "", handler, None, self._all, joined)
        self._end_when_forgotten(connection)
        if auto_connect:
            self.open()

    def open(self, wait: bool = True) -> None:  # type: ignore[override]
        """Connect; for a SocketIO that was made with ``auto_connect=False``, and again after an end or a failure.

        Functions, handlers and channels stay. Channels that were connected when the connection ended are joined again.
        While the connection is there or on its way, this only waits for it. In a handler it does not wait.

        Args:
            wait: whether to wait until the server has joined us. If not, what is sent meanwhile waits in the buffer
                (``buffer_size``), and ``on_connect`` or ``on_connect_error`` tells how it went.

        Raises:
            ConnectError: no connection; HandshakeRejected and WrongRevision say more.
        """
        link = self._link
        while not link.open(wait):
            link = link.follow(self._compose)

    def connect(
        self,
        endpoint: str,
        handler: Handler | None = None,
        query: str | Mapping[str, Any] | None = None,
        timeout: float | None = 10,
        auth: Any = None,
    ) -> Channel:
        """Connect to an endpoint and return its channel: ``channel`` and ``open`` in one; works in a handler too.

        Args:
            endpoint: the endpoint's name, such as ``/chat``.
            handler: an object of a subclass of Handler, for this endpoint.
            query: what the server is told about this connection: ``a=b&c=d``, or a dictionary.
            auth: from socket.io 3.0 on: a dictionary that the server gets, or a function that returns one.
            timeout: seconds for the server's confirmation, since old servers say nothing about endpoints that they do
                not have; None: as long as the connection lasts.

        Raises:
            ChannelError: the server refused or did not confirm, or the endpoint is connected already.
            NotConnected: the connection has ended.
            LocalProtocolError, TypeError: there can be no endpoint of this name.
        """
        check_timeout(timeout)
        channel, is_new = self._to_connect(endpoint, handler, query, auth)
        try:
            channel.open(timeout)
        except BaseException as problem:
            if not isinstance(problem, Exception):
                channel.disconnect()  # Ctrl-C: the user never gets it
            if is_new:
                self._all.forget(channel)  # nor then
            raise
        return channel

    def wait(self, seconds: float | None = None) -> str | None:
        """Wait until the connection has ended and nobody has opened it again: a program's main loop. Ctrl-C works.

        Args:
            seconds: return after so many even if it has not ended.

        Returns:
            Who ended it: ``"client"`` after ``disconnect``, ``"server"`` if the server disconnected us; None: the time
            is over.

        Raises:
            SocketIOError: it ended because it could not be brought back.
            LocalProtocolError: called in a handler.
            NotConnected: it was never opened.
        """
        return run_steps(waiting_for_end(lambda: self._link, seconds, time.monotonic))

    def _end_when_forgotten(self, connection: Connection) -> None:
        if self._finalizer is not None:
            self._finalizer.detach()
        self._finalizer = end_when_forgotten(self, connection, connection.address)

    def _make_channel(self, endpoint: str) -> Channel:
        return self.channel_type(self._link, endpoint, None, self, self._all)

    def __enter__(self) -> Self:
        """Return the SocketIO itself; it is disconnected at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.disconnect()
