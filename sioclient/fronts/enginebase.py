"""What an EngineIO is in every front: its options, its functions, and what the log says. Here is no I/O."""

from __future__ import annotations

import logging
import sys
import weakref
from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

from ..address import Address, parse_address
from ..errors import LocalProtocolError, NotConnected
from ..options import Options, make_options, split_auth
from ..protocol.jsontext import json_text
from ..protocol.notices import Connected, Disconnected, Dropped, Ended, Notice, Retrying, TransportClosed
from ..protocol.packets import Json, Message
from ..protocol.revisions import Opening, make_engine_opening
from ..protocol.revisions.attachments import BYTES
from ..stats import Stats
from .functions import check_function, explained, takes_argument
from .ownership import Closable, Done
from .records import level_of, text_of_end
from .steps import Steps

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..options import OptionsDict

Function = TypeVar("Function", bound=Callable[..., Any])

EVENTS = ("connect", "message", "disconnect")
"""What a function can be registered for."""

TRANSPORTS = ("websocket", "xhr-polling")

_NOT_THERE = ("parser", "retries", "ack_timeout")
"""Options of what Socket.IO adds."""


class EngineBase(Closable[Done]):
    """A client of one Engine.IO server at a time.

    Args:
        logger: where to say what happens: False says errors only, True everything from INFO on, both on stderr; or a
            ``logging.Logger``, which also gets every packet at DEBUG.
        revision: of Engine.IO, 3 or 4; None: find out.
        options: as in ``SocketIO``, but ``resource`` is "engine.io" by default.

    Attributes:
        awaits: whether functions of the user may be coroutine functions.

    Raises:
        TypeError, ValueError: an argument is not what it should be.
    """

    awaits: ClassVar[bool] = False

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
        self._options = make_options(options, without=_NOT_THERE, defaults=defaults, awaits=self.awaits)
        self._wanted = revision
        if split_auth(self._options.auth)[1] is not None:
            raise TypeError("auth must be a pair, or what requests takes: a dictionary is for SocketIO alone")
        self._logger = _make_logger(logger)
        self._functions: dict[str, list[Callable[..., Any]]] = {name: [] for name in EVENTS}
        self._connection: Any = None

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
        check_function(f"what is called for {event!r}", function, awaits=self.awaits)
        self._functions[event].append(function)
        return function

    def send(self, data: str | bytes | dict[Any, Any] | list[Any]) -> Done:
        """Send a message: a text, bytes, or JSON of a dictionary or a list.

        Raises:
            NotConnected, BufferFull: there is no connection, or too much waits for it.
            LocalProtocolError, TypeError: this cannot be sent.
        """
        if not isinstance(data, (str, dict, list, *BYTES)):
            raise TypeError(f"a message must be text, bytes, a dictionary or a list, not {type(data).__name__}")
        packet = Json(data) if isinstance(data, (dict, list)) else Message(data)
        sent: Done = self._linked().send(packet)
        return sent

    def __repr__(self) -> str:
        """Return where the server is and whether there is a connection."""
        where = f" {self._connection.address}" if self._connection else ""
        return f"<EngineIO{where} {'connected' if self.connected else 'not connected'}>"

    @staticmethod
    @abstractmethod
    def _connect_to(address: Address, options: Options, opening: Opening, logger: logging.Logger) -> Any:
        """Return a connection of the front that is not open yet."""

    def _compose(self, url: str, port: int | None) -> Any:
        """Return a connection that is not open yet, in the place of the one before.

        Raises:
            LocalProtocolError: that one is open.
            TypeError, ValueError: the address is none.
        """
        before = self._connection
        if before is not None and before.is_open:
            raise LocalProtocolError("there is a connection already: disconnect it first, or make another EngineIO")
        options = self._options
        address = parse_address(url, port, options.secure, options.resource, trailing_slash=options.trailing_slash)
        address = replace(address, mount="")  # there are no endpoints, one of which it could be
        opening = make_engine_opening(self._wanted, json_text(options.json), only_websocket=options.only_websocket)
        connection = self._connect_to(address, options, opening, self._logger)
        connection.default_endpoint(weakref.ref(self))
        if before is not None:
            connection.come_after(before)
        self._connection = connection
        return connection

    def _delivering(self, notice: Notice) -> Steps[None]:
        """Log what happened, and run the user's functions for it."""
        name, functions = self._told(notice)
        for function, args in functions:
            try:
                yield partial(function, *args)
            except (Exception, SystemExit) as error:
                with suppress(BaseException):  # what logs is the user's, too
                    self._logger.error("the function for %r raised", name, exc_info=explained(error, function, args))

    def _told(self, notice: Notice) -> tuple[str, list[tuple[Callable[..., Any], list[Any]]]]:
        """Log what happened; return what a user calls it, and the functions for it with their arguments."""
        name, *args = _EVENTS[type(notice)](notice) if type(notice) in _EVENTS else [""]
        if type(notice) in _RECORDS:
            level, text = _RECORDS[type(notice)](notice, self._linked())
            with suppress(BaseException):  # what logs is the user's, too
                self._logger.log(level, "%s: %.500s", self._linked().address, text)
        functions = list(self._functions[name]) if name else []
        return name, [(f, args if name != "disconnect" or takes_argument(f) else []) for f in functions]

    def _linked(self) -> Any:
        if self._connection is None:
            raise NotConnected("there is no connection yet: call connect(url) first")
        return self._connection


_EVENTS: dict[type, Callable[[Any], list[Any]]] = {
    Connected: lambda notice: ["connect"],
    Message: lambda notice: ["message", notice.data],
    Disconnected: lambda notice: ["disconnect", notice.reason],
}

_RECORDS: dict[type, Callable[[Any, Any], tuple[int, str]]] = {
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
