"""SocketConnection: what an application subclasses, one object for each client on each endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, final

from ..protocol.packets import Event, Json, Message
from . import events
from .request import Request

if TYPE_CHECKING:
    from .client import Client
    from .rooms import Audience

wants_answer: ContextVar[bool] = ContextVar("wants_answer", default=False)
"""Whether the client waits for what the handler that runs now returns."""


class SocketConnection:
    """A client on an endpoint: override what you need, and mark methods with ``@event``.

    All methods run on the server's event loop and may be ``async``. Those of one client run one at a time, in the order
    of arrival, unless they are ``@concurrent``. What a handler returns answers the client, if it asked: a tuple is
    several values. Sending to a client that is gone does nothing.

    Attributes:
        endpoints: the classes for the other endpoints, by their names.
        request: the handshake, with the endpoint's own query.
        endpoint: the name; empty for the default one.
    """

    endpoints: ClassVar[Mapping[str, type[SocketConnection]]] = {}
    _events: ClassVar[Mapping[str, str]] = {}

    request: Request
    endpoint: str
    _client: Client

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls._events = events.find_events(cls)

    # What happens

    def on_open(self, request: Request) -> Any:
        """The client came; return False, or the text of a reason, to refuse it."""

    def on_message(self, message: Any) -> Any:
        """The client sent a text, a JSON message, or an event called message."""

    def on_close(self) -> Any:
        """The client left, or was lost."""

    def on_event(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """The client sent an event: the default calls the method that is marked for it.

        Raises:
            UnknownEventError: there is none.
            MisfitError: it takes other arguments.
        """
        attribute = self._events.get(name)
        if attribute is None and name == "message":
            return self.on_message(args[0] if args else None)
        if attribute is None:
            raise events.UnknownEventError(name)
        return events.call(getattr(type(self), attribute), self, [*args, *([kwargs] if kwargs else [])])

    def get_endpoint(self, path: str) -> type[SocketConnection] | None:
        """Return the class for an endpoint that a client asks for, or None; only that of the default one is asked."""
        return self.endpoints.get(path)

    # What to do

    @final
    def emit(self, name: str, *args: Any, callback: Callable[..., Any] | None = None) -> None:
        """Send an event; ``callback`` gets the values of the client's acknowledgement."""
        self._client.send(Event(name, list(args), self.endpoint), callback)

    @final
    def send(self, message: Any, callback: Callable[..., Any] | None = None) -> None:
        """Send a text as it is, and anything else as JSON."""
        kind = Message if isinstance(message, str) else Json
        self._client.send(kind(message, self.endpoint), callback)

    @final
    def close(self) -> None:
        """Disconnect the client from this endpoint; on the default one, altogether."""
        self._client.kick(self.endpoint)

    @classmethod
    def is_concurrent(cls, name: str) -> bool:
        """Return whether the handler of an event is ``@concurrent``."""
        return getattr(getattr(cls, cls._events.get(name, ""), None), "is_concurrent", False)

    @property
    def session_id(self) -> str:
        """What names the client's session; secret to others."""
        return self._client.session_id

    @property
    def is_open(self) -> bool:
        """Whether the client can still be sent to."""
        return self._client.session.is_open(self.endpoint)

    @property
    def wants_answer(self) -> bool:
        """Whether the client waits for what the handler that runs now returns."""
        return wants_answer.get()

    # Others

    @property
    def others(self) -> Audience:
        """All other clients on this endpoint."""
        return self._client.hub.audience(self.endpoint, except_=self)

    @final
    def join(self, room: str) -> None:
        """Enter a room of this endpoint; rooms are made by entering them."""
        self._client.hub.join(self, room)

    @final
    def leave(self, room: str) -> None:
        """Leave a room."""
        self._client.hub.leave(self, room)

    @final
    def to(self, room: str) -> Audience:
        """Return all others in a room of this endpoint."""
        return self._client.hub.audience(self.endpoint, room, except_=self)
