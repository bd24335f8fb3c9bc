"""SocketIO: what a user constructs."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from .address import parse_address
from .channel import Channel
from .channels import Channels
from .connection import Connection, make_connection
from .errors import ChannelError
from .handler import Handler
from .options import check_timeout, make_options, split_auth
from .ownership import end_when_forgotten, wait_for_end
from .protocol.jsontext import JsonText
from .protocol.revisions import make_opening
from .resending import make_resending
from .stats import Stats

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from .options import OptionsDict

logger = logging.getLogger("sioclient")


class SocketIO(Channel):
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

    def __init__(
        self,
        host: str = "localhost",
        port: int | None = None,
        handler: Handler | None = None,
        *,
        auto_connect: bool = True,
        **options: Unpack[OptionsDict],
    ) -> None:
        chosen = make_options(options)
        address = parse_address(host, port, chosen.secure, chosen.resource, trailing_slash=chosen.trailing_slash)
        opening = make_opening(
            chosen.revision,
            JsonText(chosen.json),
            chosen.max_message_size,
            chosen.parser,
            only_websocket=chosen.only_websocket,
        )
        self._made_of = address, chosen, opening
        self._own_auth = split_auth(chosen.auth)[1]
        self._link = connection = self._make_connection()
        self._all = Channels()
        joined = connection.default_endpoint(weakref.ref(self), self._own_auth)
        super().__init__(connection, "", handler, None, self._all, joined)
        self._finalizer = end_when_forgotten(self, connection, address)
        if auto_connect:
            self.open()

    @property
    def session_id(self) -> str | None:
        """The id that the server gave the session; None: there is none now."""
        return self._link.session_id

    @property
    def transport_name(self) -> str | None:
        """The name of the transport in use; None: there is none now."""
        return self._link.transport_name

    @property
    def revision(self) -> int | None:
        """The revision of the protocol that is spoken; None: that is not known before the first connection."""
        return self._link.revision

    @property
    def ended(self) -> bool:
        """Whether the connection has ended for good: only ``open`` brings it back."""
        return self._link.has_ended

    @property
    def stats(self) -> Stats:
        """What went through the latest connection, in numbers: see ``Stats``."""
        return self._link.stats()

    @property
    def channels(self) -> dict[str, Channel]:
        """The channels that are connected, or will be again, by the names of their endpoints."""
        return {channel.endpoint: channel for channel in self._all.all() if channel.is_wanted}

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

    def channel(
        self,
        endpoint: str,
        handler: Handler | None = None,
        query: str | Mapping[str, Any] | None = None,
        auth: Any = None,
    ) -> Channel:
        """Return the channel of an endpoint, which is not connected yet: ``Channel.open`` does that.

        Functions that are registered before hear everything. There is one channel for each endpoint. One that was
        given functions or a handler is kept until you disconnect it, or the server does; after that, while you hold it.

        Args:
            endpoint: the endpoint's name, such as ``/chat``.
            handler: an object of a subclass of Handler, for this endpoint. There is one: after an end, another may take
                its place.
            query: what the server is told about this connection: ``a=b&c=d``, or a dictionary.
            auth: from socket.io 3.0 on: a dictionary that the server gets, or a function that returns one.

        Raises:
            ChannelError: the channel has another handler, query or auth already.
            LocalProtocolError, TypeError: there can be no endpoint of this name.
        """
        self._link.joins.check_name(endpoint)
        make = self.channel_type
        channel: Channel = self._all.get_or_make(endpoint, lambda: make(self._link, endpoint, None, self, self._all))
        channel.give(handler, _query(query), auth)
        return channel

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
        found = self._all.get(endpoint)
        if found is not None and found.is_wanted:
            raise ChannelError(f"{endpoint!r} is connected already: use that channel, or disconnect it first")
        channel = self.channel(endpoint, handler, query, auth)
        try:
            channel.open(timeout)
        except BaseException as problem:
            if not isinstance(problem, Exception):
                channel.disconnect()  # Ctrl-C: the user never gets it
            if found is None:
                self._all.forget(channel)  # nor then
            raise
        return channel

    def disconnect(self) -> None:
        """End the connection with all its channels: no function of yours runs afterwards, unless ``open`` is called.

        In a handler, the connection ends when the handler has returned. It takes some seconds at most, whatever the
        network does.
        """
        self._link.disconnect()

    def close(self) -> None:
        """End the connection: another name for ``disconnect``."""
        self.disconnect()

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
        return wait_for_end(lambda: self._link, seconds)

    def _make_connection(self) -> Connection:
        address, options, opening = self._made_of
        connection = make_connection(address, options, opening)
        connection.resending = make_resending(options)
        return connection

    def _compose(self, before: Connection) -> Connection:
        """Return the connection that comes in the place of one that has ended, with the channels that it had."""
        connection = self._make_connection()
        connection.come_after(before)
        self._all.end_hearing_of_over()
        try:
            joined = connection.default_endpoint(weakref.ref(self), self._own_auth)
            for channel in self._all.kept():
                channel.follow(connection)
            self._finalizer.detach()
            self._finalizer = end_when_forgotten(self, connection, self._made_of[0])
            self.change_connection(connection, joined)
        except BaseException:  # Ctrl-C
            connection.begin_disconnect()
            raise
        self._link = connection  # last, since from now on other threads may open it
        return connection

    def __enter__(self) -> Self:
        """Return the SocketIO itself; it is disconnected at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.disconnect()

    def __repr__(self) -> str:
        """Return where the server is and whether we are connected."""
        return f"<SocketIO {self._made_of[0]} {'connected' if self.connected else 'not connected'}>"


def _query(query: str | Mapping[str, Any] | None) -> str | None:
    if query is None:
        return None
    text = query if isinstance(query, str) else urlencode(query, doseq=True)
    return text if not text or text.startswith("?") else f"?{text}"
