"""What a SocketIO is in every front: the owner of one connection after the other, and of their channels."""

from __future__ import annotations

import weakref
from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from ..address import Address, parse_address
from ..errors import ChannelError
from ..handler import Handler, check_handler
from ..options import Options, auth_data, make_options, split_auth
from ..protocol.endpoints import Endpoint
from ..protocol.jsontext import json_text
from ..protocol.revisions import Opening, make_opening
from ..stats import Stats
from .channelbase import ChannelBase
from .channels import Channels
from .ownership import Done
from .resending import make_resending

AnyChannel = TypeVar("AnyChannel", bound=ChannelBase[Any])


class Link(Protocol):
    """What is asked of a connection here."""

    @property
    def session_id(self) -> str | None: ...
    @property
    def transport_name(self) -> str | None: ...
    @property
    def revision(self) -> int | None: ...
    @property
    def has_ended(self) -> bool: ...
    @property
    def stats(self) -> Callable[[], Stats]: ...
    @property
    def joins(self) -> Any: ...
    @property
    def disconnect(self) -> Callable[[], Any]: ...


class ClientBase(ChannelBase[Done], Generic[AnyChannel, Done]):
    """A connection to a Socket.IO server, and the channel of its default endpoint."""

    _link: Link

    def _begin(self, host: str, port: int | None, options: Mapping[str, Any]) -> tuple[Any, Endpoint]:
        """Return the first connection, which is not open yet, and its default endpoint.

        Raises:
            TypeError, ValueError: an argument is not what it should be.
        """
        chosen = make_options(options, awaits=self.awaits)
        address = parse_address(host, port, chosen.secure, chosen.resource, trailing_slash=chosen.trailing_slash)
        opening = make_opening(
            chosen.revision,
            json_text(chosen.json),
            chosen.max_message_size,
            chosen.parser,
            only_websocket=chosen.only_websocket,
        )
        self._made_of = address, chosen, opening
        self._own_auth = split_auth(chosen.auth)[1]
        self._link = connection = self._make_connection()
        self._all = Channels()
        return connection, connection.default_endpoint(weakref.ref(self), self._own_auth)

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
    def channels(self) -> dict[str, AnyChannel]:
        """The channels that are connected, or will be again, by the names of their endpoints."""
        return {channel.endpoint: channel for channel in self._all.all() if channel.is_wanted}

    def channel(
        self,
        endpoint: str,
        handler: Handler | None = None,
        query: str | Mapping[str, Any] | None = None,
        auth: Any = None,
    ) -> AnyChannel:
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
            LocalProtocolError, TypeError: there can be no endpoint of this name, or the handler, query or auth is none.
        """
        self._link.joins.check_name(endpoint)
        given = _query(query)  # all is looked at first, so that nothing is left of a call that raises
        check_handler(handler, awaits=self.awaits)
        if not callable(auth):
            auth_data(auth)
        channel: AnyChannel = self._all.get_or_make(endpoint, partial(self._make_channel, endpoint))
        channel.give(handler, given, auth)
        return channel

    def disconnect(self) -> Done:
        """End the connection with all its channels: no function of yours runs afterwards, unless ``open`` is called.

        In a handler, the connection ends when the handler has returned. It takes some seconds at most, whatever the
        network does. In the async front, a function that still runs then is cancelled.
        """
        ended: Done = self._link.disconnect()
        return ended

    def _to_connect(
        self, endpoint: str, handler: Handler | None, query: str | Mapping[str, Any] | None, auth: Any
    ) -> tuple[AnyChannel, bool]:
        """Return the channel to be opened, and whether that is new; raise ChannelError if it is connected already."""
        found = self._all.get(endpoint)
        if found is not None and found.is_wanted:
            raise ChannelError(f"{endpoint!r} is connected already: use that channel, or disconnect it first")
        return self.channel(endpoint, handler, query, auth), found is None

    def _make_connection(self) -> Any:
        """Return a connection that is not open yet."""
        connection = self._connect_to(*self._made_of)
        connection.resending = make_resending(self._made_of[1])
        return connection

    def _compose(self, before: Any) -> Any:
        """Return the connection that comes in the place of one that has ended, with the channels that it had."""
        connection = self._make_connection()
        connection.come_after(before)
        self._all.end_hearing_of_over()
        try:
            joined = connection.default_endpoint(weakref.ref(self), self._own_auth)
            for channel in self._all.kept():
                channel.follow(connection)
            self._end_when_forgotten(connection)
            self.change_connection(connection, joined)
        except BaseException:  # Ctrl-C
            connection.begin_disconnect()
            raise
        self._link = connection  # last, since from now on other threads may open it
        return connection

    def _end_when_forgotten(self, connection: Any) -> None:
        """End a connection when nobody holds this any more, if the front can."""

    def __repr__(self) -> str:
        """Return where the server is and whether we are connected."""
        return f"<SocketIO {self._made_of[0]} {'connected' if self.connected else 'not connected'}>"

    @abstractmethod
    def _make_channel(self, endpoint: str) -> AnyChannel:
        """Return a channel that has nothing yet."""

    @staticmethod
    @abstractmethod
    def _connect_to(address: Address, options: Options, opening: Opening) -> Any:
        """Return a connection of the front that is not open yet."""


def _query(query: str | Mapping[str, Any] | None) -> str | None:
    if query is None:
        return None
    if not isinstance(query, (str, Mapping)):
        raise TypeError(f"query must be a text such as 'a=b&c=d', or a dictionary, not {type(query).__name__}")
    text = query if isinstance(query, str) else urlencode(query, doseq=True)
    return text if not text or text.startswith("?") else f"?{text}"
