"""EngineIO: a client for servers that speak Engine.IO without Socket.IO on it.

It is what lies under the revisions 4 and 5 of Socket.IO, with messages instead of their packets: the same threads, the
same transports, the same reconnecting.
"""

from __future__ import annotations

import logging
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .address import parse_address
from .connection import Connection, make_connection
from .dispatch import check_function, explained, takes_argument
from .errors import LocalProtocolError, NotConnected
from .options import make_options, split_auth
from .ownership import end_when_forgotten, wait_for_end
from .protocol.jsontext import JsonText
from .protocol.notices import Connected, Disconnected, Dropped, Ended, Notice, Retrying, TransportClosed
from .protocol.packets import Json, Message
from .protocol.revisions import make_engine_opening
from .protocol.revisions.attachments import BYTES
from .records import level_of, text_of_end
from .stats import Stats

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from .options import OptionsDict

Function = TypeVar("Function", bound=Callable[..., Any])

EVENTS = ("connect", "message", "disconnect")
"""What a function can be registered for."""

TRANSPORTS = ("websocket", "xhr-polling")

_NOT_THERE = ("parser", "retries", "ack_timeout")
"""Options of what Socket.IO adds."""


class EngineIO:
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

    def __init__(
        self,
        *,
        logger: bool | logging.Logger = False,
        **options: Unpack[OptionsDict],
    ) -> None:
        revision = options.pop("revision", None)
        if revision not in (None, 3, 4):
            raise ValueError(f"revision must be that of Engine.IO, 3 or 4, or None to find out, not {revision!r}")
        defaults = {"transports": TRANSPORTS, "resource": "engine.io"}
        self._options, self._wanted = make_options(options, without=_NOT_THERE, defaults=defaults), revision
        if split_auth(self._options.auth)[1] is not None:
            raise TypeError("auth must be a pair, or what requests takes: a dictionary is for SocketIO alone")
        self._logger = _make_logger(logger)
        self._functions: dict[str, list[Callable[..., Any]]] = {name: [] for name in EVENTS}
        self._connection: Connection | None = None
        self._finalizer: weakref.finalize[Any, Any] | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._connection is not None and self._connection.connected

    @property
    def session_id(self) -> str | None:
        """The id that the server gave the session; None: there is none now."""
        return self._connection.session_id if self._connection else None

    @property
    def transport_name(self) -> str | None:
        """The name of the transport in use; None: there is none now."""
        return self._connection.transport_name if self._connection else None

    @property
    def revision(self) -> int | None:
        """The revision of Engine.IO that is spoken; None: that is not known before the first connection."""
        return self._connection.revision if self._connection else self._wanted

    @property
    def stats(self) -> Stats:
        """What went through the latest connection, in numbers; all are 0 or None before the first."""
        return self._connection.stats() if self._connection else Stats(0, 0, 0, 0, 0, 0, None, None)

    @overload
    def on(self, event: str, function: None = None) -> Callable[[Function], Function]: ...

    @overload
    def on(self, event: str, function: Function) -> Function: ...

    def on(self, event: str, function: Function | None = None) -> Any:
        """Call ``function`` for ``connect``, ``message`` or ``disconnect``; usable as a decorator."""
        if event not in EVENTS:
            raise ValueError(f"there is no event {event!r}; there are {', '.join(EVENTS)}")
        if function is None:
            return partial(self.on, event)
        check_function(f"what is called for {event!r}", function)
        self._functions[event].append(function)
        return function

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
        if self._connection is not None and self._connection.is_open:
            raise LocalProtocolError("there is a connection already: disconnect it first, or make another EngineIO")
        options = self._options
        address = parse_address(url, port, options.secure, options.resource, trailing_slash=options.trailing_slash)
        address = replace(address, mount="")  # there are no endpoints, one of which it could be
        opening = make_engine_opening(self._wanted, JsonText(options.json), only_websocket=options.only_websocket)
        connection = make_connection(address, options, opening, self._logger)
        connection.default_endpoint(weakref.ref(self))
        if self._connection is not None:
            connection.come_after(self._connection)
        if self._finalizer is not None:
            self._finalizer.detach()
        self._connection, self._finalizer = connection, end_when_forgotten(self, connection, address)
        connection.open()

    def send(self, data: str | bytes | dict[Any, Any] | list[Any]) -> None:
        """Send a message: a text, bytes, or JSON of a dictionary or a list.

        Raises:
            NotConnected, BufferFull: there is no connection, or too much waits for it.
            LocalProtocolError, TypeError: this cannot be sent.
        """
        if not isinstance(data, (str, dict, list, *BYTES)):
            raise TypeError(f"a message must be text, bytes, a dictionary or a list, not {type(data).__name__}")
        packet = Json(data) if isinstance(data, (dict, list)) else Message(data)
        self._linked().send(packet)

    def disconnect(self) -> None:
        """End the connection, for good unless ``connect`` is called again."""
        if self._connection is not None:
            self._connection.disconnect()

    def close(self) -> None:
        """End the connection: another name for ``disconnect``."""
        self.disconnect()

    def wait(self, seconds: float | None = None) -> str | None:
        """Wait until the connection has ended and there is no other, or so many seconds. Ctrl-C works.

        Returns:
            Who ended it, ``"client"`` or ``"server"``; None: it has not ended.

        Raises:
            SocketIOError: it ended because it could not be brought back.
            NotConnected: there was none.
            LocalProtocolError: called in a function that runs for an event.
        """
        return wait_for_end(self._linked, seconds)

    def __enter__(self) -> Self:
        """Return the EngineIO itself; it is disconnected at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.disconnect()

    def __repr__(self) -> str:
        """Return where the server is and whether there is a connection."""
        where = f" {self._connection.address}" if self._connection else ""
        return f"<EngineIO{where} {'connected' if self.connected else 'not connected'}>"

    def _linked(self) -> Connection:
        if self._connection is None:
            raise NotConnected("there is no connection yet: call connect(url) first")
        return self._connection

    # On the listener thread

    def deliver(self, notice: Notice) -> None:
        """Log what happened, and run the user's functions for it."""
        event, *args = _EVENTS[type(notice)](notice) if type(notice) in _EVENTS else [None]
        if type(notice) in _RECORDS:
            level, text = _RECORDS[type(notice)](notice, self._linked())
            with suppress(BaseException):  # what logs is the user's, too
                self._logger.log(level, "%s: %.500s", self._linked().address, text)
        for function in list(self._functions[event]) if event else ():
            given = args if event != "disconnect" or takes_argument(function) else []
            try:
                function(*given)
            except (Exception, SystemExit) as error:
                with suppress(BaseException):
                    self._logger.error("the function for %r raised", event, exc_info=explained(error, function, given))


_EVENTS: dict[type, Callable[[Any], list[Any]]] = {
    Connected: lambda notice: ["connect"],
    Message: lambda notice: ["message", notice.data],
    Disconnected: lambda notice: ["disconnect", notice.reason],
}

_RECORDS: dict[type, Callable[[Any, Connection], tuple[int, str]]] = {
    Connected: lambda notice, link: (
        logging.INFO,
        f"connected over {link.transport_name}, revision {link.revision}",
    ),
    TransportClosed: lambda notice, link: (logging.INFO, f"disconnected: {notice.reason}"),
    Retrying: lambda notice, link: (
        level_of(notice.error),
        f"attempt {notice.attempt} in {notice.delay:.1f} s: {notice.error}",
    ),
    Dropped: lambda notice, link: (
        logging.WARNING,
        f"dropped {notice.count} malformed packets: {notice.example.text!r:.200}",
    ),
    Ended: lambda notice, link: (
        logging.INFO if notice.error is None else logging.ERROR,
        f"the connection has ended: {text_of_end(notice)}",
    ),
}


def _make_logger(choice: bool | logging.Logger) -> logging.Logger:
    if isinstance(choice, logging.Logger):
        return choice
    if not isinstance(choice, bool):
        raise TypeError(f"logger must be True, False or a logging.Logger, not {type(choice).__name__}")
    logger = logging.Logger("sioclient.engineio", logging.INFO if choice else logging.ERROR)
    logger.addHandler(logging.StreamHandler(sys.stderr))
    return logger
