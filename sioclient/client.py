"""SocketIO: what a user constructs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from .address import parse_address
from .assembly import choose_revision, end_when_forgotten, make_connection
from .channel import Channel, check_handler
from .handler import Handler
from .options import TRANSPORTS, Options, check_timeout, split_auth
from .protocol.endpoints import Endpoint
from .protocol.jsontext import JsonModule, JsonText
from .protocol.notices import Answered, Dropped, Ended, Notice, Retrying, Unanswered
from .protocol.packets import Event
from .transports.base import HttpOptions

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
        secure: whether to encrypt (https and wss); by default what the URL says, else False.
        resource: the first segment of the server's paths.
        auto_connect: whether to connect at once; if not, ``open`` does.
        json: an object with ``dumps`` and ``loads``; the standard library's json by default.
        transports: names, in the order to try.
        connect_timeout: seconds for one attempt to connect, all in all.
        params, headers, cookies, auth, proxies, verify, cert, session: as in requests; all of them apply to the
            handshake and to the transport alike. The first three may be functions, called for each connection. An
            ``auth`` that is a dictionary, or a function without arguments that returns one, is what Socket.IO has had
            under this name since 3.0: the server is told it when it is asked to join us.
        wait_for_connection: whether to try again, too, when the first attempt fails.
        reconnect: whether to connect again when the connection was lost.
        reconnection_delay: seconds before the first such attempt; each next delay is twice as long.
        reconnection_limit: seconds that no delay exceeds.
        max_reconnection_attempts: attempts in a row before giving up; None: no end.
        reconnect_when_kicked: whether to connect again, too, after the server has disconnected us.
        buffer_size: packets that are kept while the connection is away; 0: emitting then raises.
        max_message_size: bytes that a message from the server may have.
        revision: of the protocol: 1 for socket.io 0.7 to 0.9, 4 for 1.x and 2.x, 5 for 3.x and 4.x; None: find out, and
            find out anew when another server has taken the place of the one before.

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
        secure: bool | None = None,
        resource: str = "socket.io",
        auto_connect: bool = True,
        json: JsonModule | None = None,
        transports: tuple[str, ...] = TRANSPORTS,
        connect_timeout: float = 10,
        params: Any = None,
        headers: Any = None,
        cookies: Any = None,
        auth: Any = None,
        proxies: Mapping[str, str] | None = None,
        verify: bool | str | None = True,
        cert: str | tuple[str, str] | None = None,
        session: Any = None,
        wait_for_connection: bool = False,
        reconnect: bool = True,
        reconnection_delay: float = 0.5,
        reconnection_limit: float = 10,
        max_reconnection_attempts: int | None = 10,
        reconnect_when_kicked: bool = False,
        buffer_size: int = 1000,
        max_message_size: int = 16 * 2**20,
        revision: int | None = None,
    ) -> None:
        address = parse_address(host, port, secure, resource)
        auth, claim = split_auth(address.userinfo if auth is None else auth)
        # fmt: off
        http = HttpOptions(params=params, headers=headers, cookies=cookies, auth=auth, proxies=proxies, verify=verify,
                           cert=cert, session=session)
        options = Options(
            transports=transports, connect_timeout=connect_timeout, wait_for_connection=wait_for_connection,
            reconnect=reconnect, reconnection_delay=reconnection_delay, reconnection_limit=reconnection_limit,
            max_reconnection_attempts=max_reconnection_attempts, reconnect_when_kicked=reconnect_when_kicked,
            buffer_size=buffer_size, max_message_size=max_message_size, revision=revision,
        )
        # fmt: on
        connection = make_connection(address, http, options, choose_revision(options, JsonText(json)), self._route)
        super().__init__(connection, "", handler, None)
        self._channels: dict[str, Channel] = {}
        self._joined, self._address = self._connection.default_endpoint, address
        connection.claim(self._joined, claim)
        end_when_forgotten(self, connection, address)
        if auto_connect:
            self.open()

    @property
    def session_id(self) -> str | None:
        """The id that the server gave the session; None: there is none now."""
        return self._connection.session_id

    @property
    def transport_name(self) -> str | None:
        """The name of the transport in use; None: there is none now."""
        return self._connection.transport_name

    @property
    def revision(self) -> int | None:
        """The revision of the protocol that is spoken; None: that is not known before the first connection."""
        return self._connection.revision

    @property
    def channels(self) -> dict[str, Channel]:
        """The channels that are connected, or will be again, by the names of their endpoints."""
        return {name: channel for name, channel in self._channels.items() if channel.is_wanted}

    def open(self) -> None:
        """Connect; for a SocketIO that was made with ``auto_connect=False``.

        Raises:
            ConnectError: no connection; HandshakeRejected and WrongRevision say more.
            LocalProtocolError: it was opened before.
        """
        self._connection.open()

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
            auth: from socket.io 3.0 on: a dictionary that the server is told, or a function that returns one.
            timeout: seconds for the server's answer, since old servers say nothing about endpoints that they do not
                have; None: as long as the connection lasts.

        Raises:
            ChannelError: the server refused or did not answer, or the endpoint is connected already.
            NotConnected: the connection has ended.
            LocalProtocolError, TypeError: there can be no endpoint of this name.
        """
        check_timeout(timeout)
        self._connection.check_endpoint(endpoint)
        channel = Channel(self._connection, endpoint, check_handler(handler), self)

        def register(joined: Endpoint) -> None:
            channel._joined = joined
            self._channels[endpoint] = channel

        joined = self._connection.join(endpoint, _query(query), timeout, register, auth)
        self._connection.wait_for_join(joined)
        return channel

    def disconnect(self) -> None:
        """End the connection with all its channels, for good: no function of yours runs afterwards.

        In a handler, the connection ends when the handler has returned. It takes some seconds at most, whatever the
        network does.
        """
        self._connection.disconnect()

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
        self._connection.wait(seconds)

    def __enter__(self) -> SocketIO:
        """Return the SocketIO itself; it is disconnected at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.disconnect()

    def __repr__(self) -> str:
        """Return where the server is and whether we are connected."""
        return f"<SocketIO {self._address} {'connected' if self.connected else 'not connected'}>"

    def _route(self, notice: Notice) -> None:
        """Run the user's functions for a notice, those of the channel that it is about."""
        if type(notice) is Event:  # as nearly all are
            (self._channels[notice.endpoint] if notice.endpoint else self)._on_event(notice)
        elif isinstance(notice, Answered):
            notice.waiter.channel._on_answered(notice)
        elif isinstance(notice, Unanswered):
            notice.waiter.channel._on_unanswered(notice)
        elif isinstance(notice, Dropped):
            problem, text = notice.example.problem, notice.example.text
            logger.warning("dropped %d malformed packets, the last: %.200r (%.200s)", notice.count, text, problem)
        elif isinstance(notice, Ended):
            logger.info("%s: the connection has ended: %s", self._address, notice.error or "as wanted")
        else:
            if isinstance(notice, Retrying):
                logger.info("%s: attempt %d in %.1f s: %s", self._address, notice.attempt, notice.delay, notice.error)
            name = getattr(notice, "endpoint", "")
            (self._channels[name] if name else self)._deliver(notice)


def _query(query: str | Mapping[str, Any] | None) -> str:
    if query is None:
        return ""
    text = query if isinstance(query, str) else urlencode(query, doseq=True)
    return text if not text or text.startswith("?") else f"?{text}"
