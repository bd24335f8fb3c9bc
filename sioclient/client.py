"""SocketIO: what a user constructs."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .address import parse_address
from .channel import Channel
from .connection import end_when_forgotten, make_connection
from .handler import Handler
from .options import check_timeout, make_options, split_auth
from .protocol.jsontext import JsonText
from .protocol.revisions import make_opening
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
            ``max_message_size``, ``revision``, ``parser``, ``trailing_slash``.

    Raises:
        ConnectError: no connection; HandshakeRejected and WrongRevision say more.
        TypeError, ValueError: an argument is not what it should be; nothing was sent.
    """

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
        opening = make_opening(chosen.revision, JsonText(chosen.json), chosen.max_message_size, chosen.parser)
        connection = make_connection(address, chosen, opening)
        self._link, self._channels, self._address = connection, set[Channel](), address
        joined = connection.default_endpoint(weakref.ref(self), split_auth(chosen.auth)[1])
        super().__init__(connection, "", handler, None, self._channels, joined)
        end_when_forgotten(self, connection, address)
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
    def stats(self) -> Stats:
        """What went through the connection, in numbers: see ``Stats``."""
        return self._link.stats()

    @property
    def channels(self) -> dict[str, Channel]:
        """The channels that are connected, or will be again, by the names of their endpoints."""
        return {channel.endpoint: channel for channel in list(self._channels) if channel.is_wanted}

    def open(self) -> None:
        """Connect; for a SocketIO that was made with ``auto_connect=False``.

        Raises:
            ConnectError: no connection; HandshakeRejected and WrongRevision say more.
            LocalProtocolError: it was opened before.
        """
        self._link.open()

    def connect(
        self,
        endpoint: str,
        handler: Handler | None = None,
        query: str | Mapping[str, Any] | None = None,
        timeout: float | None = 10,
        auth: Any = None,
    ) -> Channel:
        """Connect to an endpoint and return its channel; works in a handler too.

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
        self._link.joins.check_name(endpoint)
        channel = Channel(self._link, endpoint, handler, self, self._channels)
        try:
            channel.join(_query(query), timeout, auth)
        except BaseException as problem:
            if not isinstance(problem, Exception):  # Ctrl-C: nobody will hold this channel
                channel.disconnect()
            raise
        return channel

    def disconnect(self) -> None:
        """End the connection with all its channels, for good: no function of yours runs afterwards.

        In a handler, the connection ends when the handler has returned. It takes some seconds at most, whatever the
        network does.
        """
        self._link.disconnect()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the connection has ended for good: a program's main loop. Ctrl-C works.

        Args:
            seconds: return after so many even if it has not ended.

        Raises:
            SocketIOError: it ended because it could not be brought back; not after ``disconnect``, nor when the server
                disconnected us.
            LocalProtocolError: called in a handler.
            NotConnected: it was never opened.
        """
        self._link.wait(seconds)

    def __enter__(self) -> Self:
        """Return the SocketIO itself; it is disconnected at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.disconnect()

    def __repr__(self) -> str:
        """Return where the server is and whether we are connected."""
        return f"<SocketIO {self._address} {'connected' if self.connected else 'not connected'}>"


def _query(query: str | Mapping[str, Any] | None) -> str:
    if query is None:
        return ""
    text = query if isinstance(query, str) else urlencode(query, doseq=True)
    return text if not text or text.startswith("?") else f"?{text}"
