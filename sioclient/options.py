"""The options of a connection: their names, defaults and checks, each written down once.

``SocketIO``, ``EngineIO`` and ``detect`` take them as keywords. ``OptionsDict`` is for type checkers, ``Options`` for
the program; a test holds that both name the same.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from .protocol.jsontext import JsonModule

TRANSPORTS = ("websocket", "xhr-polling", "jsonp-polling", "htmlfile")
"""The transports of socket.io 0.7 to 0.9, in the order in which they are tried."""

REVISIONS = (1, 4, 5)
"""The revisions of the protocol that a user can ask for."""

PARSERS = ("msgpack",)
"""The parsers that a user can ask for besides the usual one."""

_UNSAFE = re.compile(r"[\r\n\0]")


class OptionsDict(TypedDict, total=False):
    """The keywords of ``Options``, for type checkers."""

    secure: bool | None
    resource: str
    json: JsonModule | None
    transports: tuple[str, ...]
    connect_timeout: float
    params: Any
    headers: Any
    cookies: Any
    auth: Any
    proxies: Mapping[str, str] | None
    verify: bool | str | None
    cert: str | tuple[str, str] | None
    session: Any
    wait_for_connection: bool
    reconnect: bool
    reconnection_delay: float
    reconnection_limit: float
    max_reconnection_attempts: int | None
    reconnect_when_kicked: bool
    buffer_size: int
    max_message_size: int
    revision: int | None
    parser: str | None


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a user may choose about a connection.

    Attributes:
        secure: whether to encrypt (https and wss); None: as the URL says, else no.
        resource: the first segment of the server's paths.
        json: an object with ``dumps`` and ``loads``; None: the standard library's json.
        transports: names, in the order to try.
        connect_timeout: seconds for one attempt, from the name look-up to the joined default endpoint.
        params, headers, cookies, auth, proxies, verify, cert, session: as in requests, for the handshake and every
            transport alike. The first three may be functions, called for each connection. An ``auth`` that is a
            dictionary, or a function without arguments that returns one, is that of Socket.IO 3 and later: the server
            gets it when it is asked to join us.
        wait_for_connection: whether to try again when the very first attempt fails.
        reconnect: whether to connect again after a loss.
        reconnection_delay: seconds before the first such attempt; each next delay is twice as long.
        reconnection_limit: seconds that no delay exceeds.
        max_reconnection_attempts: attempts in a row before giving up; None: no end.
        reconnect_when_kicked: whether to connect again after the server has disconnected us (``0::``).
        buffer_size: packets that are kept while the connection is away; 0: emitting then raises.
        max_message_size: bytes that a message from the server may have.
        revision: of the protocol: 1 for socket.io 0.7 to 0.9, 4 for 1.x and 2.x, 5 for 3.x and 4.x; None: find out, and
            find out anew when another server has taken the place of the one before.
        parser: how the server writes packets: None for the usual way, "msgpack" for a server of socket.io 2.x to 4.x
            with socket.io-msgpack-parser, or python-socketio with ``serializer="msgpack"``. It needs the package
            msgpack, which ``pip install sioclient[msgpack]`` brings.

    Raises:
        TypeError, ValueError: a value is not what it should be; the message says what it must be.
    """

    secure: bool | None = None
    resource: str = "socket.io"
    json: JsonModule | None = None
    transports: tuple[str, ...] = TRANSPORTS
    connect_timeout: float = 10
    params: Any = None
    headers: Any = None
    cookies: Any = None
    auth: Any = None
    proxies: Mapping[str, str] | None = None
    verify: bool | str | None = True
    cert: str | tuple[str, str] | None = None
    session: Any = None
    wait_for_connection: bool = False
    reconnect: bool = True
    reconnection_delay: float = 0.5
    reconnection_limit: float = 10
    max_reconnection_attempts: int | None = 10
    reconnect_when_kicked: bool = False
    buffer_size: int = 1000
    max_message_size: int = 16 * 2**20
    revision: int | None = None
    parser: str | None = None

    def __post_init__(self) -> None:
        """Check every value."""
        for name, check in _CHECKS.items():
            check(name, getattr(self, name))
        if self.parser is not None and self.revision == 1:
            raise ValueError("parser= came with socket.io 2.0: a server of revision 1 has none, so leave it out")


NAMES = frozenset(field.name for field in fields(Options))
"""The names of all options."""


def make_options(
    given: Mapping[str, Any], *, without: Iterable[str] = (), defaults: Mapping[str, Any] | None = None
) -> Options:
    """Return the options that a user has given as keywords.

    Args:
        given: the keywords.
        without: options that mean nothing to the caller.
        defaults: values of the caller for what was not given.

    Raises:
        TypeError, ValueError: there is no option of this name, or its value is not what it should be.
    """
    unknown = sorted(set(given) - NAMES | set(given) & set(without))
    if unknown:
        raise TypeError(f"there is no option {unknown[0]!r}; there are {', '.join(sorted(NAMES - set(without)))}")
    return Options(**{**(defaults or {}), **given})


def check_timeout(timeout: float | None) -> None:
    """Raise unless ``timeout`` is None or a number of seconds."""
    # Nearly all are right; each check in a function of its own would take longer than the rest of a call().
    if timeout is not None and not (type(timeout) in (int, float) and 0 < timeout < math.inf):
        _check_seconds("timeout", timeout)


def check_fields(what: str, values: Any) -> None:
    """Raise unless each name and value of the headers or cookies may stand in a header; None has none.

    Raises:
        ValueError: one holds a line break or NUL, with which it would become several, or is not latin-1.
        TypeError: one is not text, or ``values`` is no dictionary.
    """
    for name, value in _pairs(what, values):
        check_header(f"the name of one of {what}", name)
        check_header(f"{name!r} in {what}", value)


def check_header(what: str, text: Any) -> None:
    """Raise unless ``text`` may stand in a header; see ``check_fields``."""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    if not isinstance(text, str):
        raise TypeError(f"{what} must be text, not {type(text).__name__}")
    if _UNSAFE.search(text):
        raise ValueError(f"{what} holds a line break or NUL, which would make it several headers")
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"{what} holds characters that are not latin-1: encode them as the server expects") from None


def split_auth(auth: Any) -> tuple[Any, Any]:
    """Return what of ``auth`` is for HTTP, and what for Socket.IO: a dictionary, or a function of no arguments."""
    if isinstance(auth, Mapping) or (inspect.isfunction(auth) and not inspect.signature(auth).parameters):
        return None, auth
    return auth, None


def auth_data(auth: Any) -> Any:
    """Return the dictionary that the server is given, or None; ``auth`` may be a function that returns it.

    Raises:
        TypeError: it is something else.
    """
    value = auth() if callable(auth) else auth
    if value is not None and not isinstance(value, Mapping):
        raise TypeError(f"auth must be a dictionary, or a function that returns one, not {type(value).__name__}")
    return value


def _pairs(what: str, values: Any) -> Iterable[tuple[Any, Any]]:
    if values is None:
        return ()
    if hasattr(values, "items"):
        pairs: Iterable[tuple[Any, Any]] = values.items()
        return pairs
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{what} must be a dictionary, or a function that returns one, not {type(values).__name__}")
    return [(getattr(cookie, "name", None), getattr(cookie, "value", None)) for cookie in values]


def _check_json(name: str, module: Any) -> None:
    if module is not None and not (hasattr(module, "dumps") and hasattr(module, "loads")):
        raise TypeError(f"json must be a module with dumps and loads, not {type(module).__name__}")


def _check_transports(name: str, names: Any) -> None:
    if isinstance(names, str) or not isinstance(names, tuple) or not names:
        raise TypeError("transports must be a tuple of names, such as ('websocket',)")
    unknown = [name for name in names if name not in TRANSPORTS]
    if unknown:
        raise ValueError(f"there is no transport called {unknown[0]!r}; there are {', '.join(TRANSPORTS)}")


def _check_static_headers(name: str, values: Any) -> None:
    if not callable(values):  # what a function returns is checked when it is called
        check_fields(name, values)


def _check_seconds(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be a number of seconds above 0, not {value}")


def _check_flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, not {type(value).__name__}")


def _check_revision(name: str, value: Any) -> None:
    if value is not None and (isinstance(value, bool) or value not in REVISIONS):
        raise ValueError(f"revision must be 1, 4 or 5, or None to find out, not {value!r}")


def _check_parser(name: str, value: Any) -> None:
    if value is not None and value not in PARSERS:
        raise ValueError(f"parser must be {' or '.join(map(repr, PARSERS))}, or None for the usual one, not {value!r}")


def _whole(least: int, *, or_none: bool = False) -> Callable[[str, Any], None]:
    def check(name: str, value: Any) -> None:
        if value is None and or_none:
            return
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be a whole number, not {type(value).__name__}")
        if value < least:
            raise ValueError(f"{name} must be a whole number from {least}, not {value}")

    return check


_CHECKS: dict[str, Callable[[str, Any], None]] = {
    "json": _check_json,
    "transports": _check_transports,
    "connect_timeout": _check_seconds,
    "headers": _check_static_headers,
    "cookies": _check_static_headers,
    "wait_for_connection": _check_flag,
    "reconnect": _check_flag,
    "reconnection_delay": _check_seconds,
    "reconnection_limit": _check_seconds,
    "max_reconnection_attempts": _whole(0, or_none=True),
    "reconnect_when_kicked": _check_flag,
    "buffer_size": _whole(0),
    "max_message_size": _whole(1),
    "revision": _check_revision,
    "parser": _check_parser,
}
