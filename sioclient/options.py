"""The options of a connection: their names, defaults and checks.

``SocketIO``, ``EngineIO`` and ``detect`` take them as keywords. ``OptionsDict`` is for type checkers, ``Options`` for
the program; a test holds that both name the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypedDict

from .errors import ConnectError
from .fronts.steps import Steps
from .httpoptions import (
    check_both,
    check_cert,
    check_params,
    check_proxies,
    check_session,
    check_static_fields,
    check_tls,
    check_verify,
    is_coroutine_function,
    takes,
)

if TYPE_CHECKING:
    import ssl
    from os import PathLike

    from .protocol.jsontext import JsonModule

TRANSPORTS = ("websocket", "xhr-polling", "jsonp-polling", "htmlfile")
"""All transports, in the order in which they are tried; later servers have only the first two."""

OLD_TRANSPORTS = frozenset(("jsonp-polling", "htmlfile"))
"""Those that only revision 1 has: a server of several generations is asked for that one."""

REVISIONS = (1, 4, 5)
"""The revisions of the protocol that a user can ask for."""

PARSERS = ("msgpack",)
"""The parsers that a user can ask for besides the usual one."""

_OTHER_NAMES = {"polling": "xhr-polling"}
"""What later generations call a transport."""


class OptionsDict(TypedDict, total=False):
    """The keywords of ``Options``, for type checkers: what may be given."""

    secure: bool | None
    resource: str
    json: JsonModule | None
    transports: str | Sequence[str]
    connect_timeout: float
    params: Any
    headers: Any
    cookies: Any
    auth: Any
    proxies: Mapping[str, str] | None
    verify: bool | str | PathLike[str] | ssl.SSLContext | None
    cert: str | PathLike[str] | tuple[str | PathLike[str], str | PathLike[str]] | None
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
    retries: int | None
    ack_timeout: float | None
    parser: str | None
    trailing_slash: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What a user may choose about a connection.

    Attributes:
        secure: whether to encrypt (https and wss); None: as the URL says, else no.
        resource: the first segment of the server's paths.
        json: an object with ``dumps`` and ``loads``; None: the standard library's json.
        transports: a name, or a sequence of them in the order to try; "polling" is "xhr-polling". With "websocket"
            alone, there is no poll: it works without sticky sessions, and behind fronts that let only upgrades through.
            A server of revision 1 still has its handshake, so that it needs sticky sessions.
        connect_timeout: seconds for one attempt, from the name look-up to the joined default endpoint.
        params, headers, cookies, auth, proxies, verify, cert, session: as in requests, for the handshake and every
            transport alike; what requests takes works alike or is refused. The first three may be functions, called for
            each connection. An ``auth`` that is a dictionary, or that can be called without arguments and returns one,
            is that of Socket.IO 3 and later: the server gets it when it is asked to join us. ``verify`` may also be an
            ``ssl.SSLContext``, for old versions of TLS, old ciphers or a certificate of the client's; then it says all.
            ``Accept-Encoding`` in ``headers`` is not sent: no response is compressed.
        wait_for_connection: whether to try again when the very first attempt fails.
        reconnect: whether to connect again after a loss. Once a session has stood, every failure is retried: what is
            final at first (a refusal, a certificate, a function of yours that raises) may be over in a minute.
        reconnection_delay: seconds before the first such attempt; each next delay is twice as long.
        reconnection_limit: seconds that no delay exceeds, also if the server asks for more (``Retry-After``).
        max_reconnection_attempts: attempts in a row before giving up; None: no end.
        reconnect_when_kicked: whether to connect again after the server has disconnected us (``0::``).
        buffer_size: packets that are kept while the connection is away, 0: emitting then raises; and while the server
            takes nothing, a hundred at least. With ``retries``, so many may also wait for the acknowledgements of those
            before them.
        max_message_size: bytes that a message from the server may have.
        revision: of the protocol: 1 for socket.io 0.7 to 0.9, 4 for 1.x and 2.x, 5 for 3.x and 4.x; None: find out, and
            find out anew when another server has taken the place of the one before.
        retries: how often a packet is written again, at most, until the server acknowledges it: at least once, in
            order, also over losses of the connection. Every ``emit`` and ``send`` (but volatile ones) and every
            ``call`` waits for the acknowledgement of the one before it. The functions of the server's application must
            acknowledge, as for JavaScript's option of this name; socket.io 0.7 to 0.9 and TornadIO2 do so by
            themselves for what has no callback. ``disconnect`` waits for no acknowledgement; a ``call`` before it does,
            for all that was emitted before. None or 0: packets are written once.
        ack_timeout: seconds that each try has; ``retries`` needs it. Without ``retries``, the ``timeout`` of every
            ``emit`` and ``send`` with a callback that has none of its own. None: there is none.
        parser: how the server writes packets: None for the usual way, "msgpack" for a server of socket.io 2.x to 4.x
            with socket.io-msgpack-parser, or python-socketio with ``serializer="msgpack"``. It needs the package
            msgpack, which ``pip install sioclient[msgpack]`` brings.
        trailing_slash: whether paths end with a slash, as in ``/socket.io/?EIO=4``; False for servers behind frameworks
            that redirect it away, as JavaScript's ``addTrailingSlash``. The handshake of revision 1 is without it then,
            too: socket.io 0.7 to 0.9 take that, TornadIO2 does not.

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
    verify: bool | str | PathLike[str] | ssl.SSLContext | None = True
    cert: str | PathLike[str] | tuple[str | PathLike[str], str | PathLike[str]] | None = None
    session: Any = None
    wait_for_connection: bool = False
    reconnect: bool = True
    reconnection_delay: float = 0.5
    reconnection_limit: float = 10
    max_reconnection_attempts: int | None = None
    reconnect_when_kicked: bool = False
    buffer_size: int = 1000
    max_message_size: int = 16 * 2**20
    revision: int | None = None
    retries: int | None = None
    ack_timeout: float | None = None
    parser: str | None = None
    trailing_slash: bool = True

    def __post_init__(self) -> None:
        """Check every value, have the names of the transports as a tuple, and the revision if they leave only one."""
        for name, check, usual in _CHECKED:
            value = getattr(self, name)
            if value is not usual:
                check(name, value)
        if self.retries and self.ack_timeout is None:
            raise ValueError("retries= needs ack_timeout= too: the seconds after which a packet is written again")
        check_both(self.headers, self.cookies)
        check_tls(self.verify, self.cert, self.session)
        object.__setattr__(self, "transports", _transport_names(self.transports))
        if self.revision is None and OLD_TRANSPORTS.issuperset(self.transports):
            object.__setattr__(self, "revision", 1)

    @property
    def only_websocket(self) -> bool:
        """Whether no session may be opened by polling."""
        return self.transports == ("websocket",)


NAMES = frozenset(field.name for field in fields(Options))
"""The names of all options."""


MAY_BE_FUNCTIONS = ("params", "headers", "cookies")
"""Options whose values functions may return, which are called once for each connection."""


def make_options(
    given: Mapping[str, Any],
    *,
    without: Iterable[str] = (),
    defaults: Mapping[str, Any] | None = None,
    awaits: bool = False,
) -> Options:
    """Return the options that a user has given as keywords.

    Args:
        given: the keywords.
        without: options that mean nothing to the caller.
        defaults: values of the caller for what was not given.
        awaits: whether options may be coroutine functions.

    Raises:
        TypeError, ValueError: there is no option of this name, or its value is not what it should be.
    """
    unknown = sorted(set(given) - NAMES | set(given) & set(without))
    if unknown:
        raise TypeError(f"there is no option {unknown[0]!r}; there are {', '.join(sorted(NAMES - set(without)))}")
    options = Options(**{**(defaults or {}), **given})
    for name in ("params", "headers", "cookies", "auth"):
        value = getattr(options, name)
        if callable(value) and is_coroutine_function(value) and not (awaits and takes(value, 0)):
            raise TypeError(f"{name} must be a plain function, not a coroutine function: nothing here would await it")
    return options


def check_timeout(timeout: float | None) -> None:
    """Raise unless ``timeout`` is None or a number of seconds."""
    # Nearly all are right; each check in a function of its own would take longer than the rest of a call().
    if timeout is not None and not (type(timeout) in (int, float) and 0 < timeout < math.inf):
        _check_seconds("timeout", timeout)


def check_retries(retries: int) -> None:
    """Raise unless ``retries`` is a whole number from 0."""
    if type(retries) is not int or retries < 0:
        _whole(0)("retries", retries)


def split_auth(auth: Any) -> tuple[Any, Any]:
    """Return what of ``auth`` is for HTTP, and what for Socket.IO: a dictionary, or what takes no arguments."""
    if isinstance(auth, Mapping) or (callable(auth) and takes(auth, 0)):
        return None, auth
    return auth, None


@contextmanager
def option_errors(name: str) -> Iterator[None]:
    """Raise ConnectError for what a function raises that the user gave as an option."""
    try:
        yield
    except Exception as error:
        raise ConnectError(f"{name}= raised {type(error).__name__}: {error}", retryable=False) from error


def value_of(name: str, function: Callable[..., Any], *args: Any) -> Any:
    """Return what a function returns that is an option, or raise ConnectError."""
    with option_errors(name):
        return function(*args)


def asked_value(name: str, function: Callable[[], Any]) -> Steps[Any]:
    """Return what such a function returns, or what it awaits; see ``value_of``."""
    with option_errors(name):
        return (yield function)


def asked_data(auth: Any) -> Steps[Any]:
    """Return what the server is given of an ``auth`` that may be a function; raise ConnectError if that raised."""
    return auth_data((yield from asked_value("auth", auth)) if callable(auth) else auth)


def given_data(auth: Any) -> Steps[Any]:
    """Do the same for one channel, where what a function raises is raised as it is."""
    if callable(auth) and takes(auth, 0) is not False:
        auth = yield auth
    return auth_data(auth)


def auth_data(auth: Any) -> Any:
    """Return the dictionary that the server is given, or None; ``auth`` may be a function that returns it.

    Raises:
        TypeError: it is something else.
    """
    if is_coroutine_function(auth):
        raise TypeError("auth must be a plain function, not a coroutine function: nothing here would await it")
    if callable(auth) and takes(auth, 0) is False:
        raise TypeError(
            "auth must be a dictionary, or a function without arguments that returns one, not one that needs "
            f"arguments, such as HTTP authentication: {type(auth).__name__}"
        )
    value = auth() if callable(auth) else auth
    if value is not None and not isinstance(value, Mapping):
        raise TypeError(f"auth must be a dictionary, or a function that returns one, not {type(value).__name__}")
    return value if value is None or isinstance(value, dict) else dict(value)  # JSON knows no other mapping


def _check_json(name: str, module: Any) -> None:
    if module is not None and not (hasattr(module, "dumps") and hasattr(module, "loads")):
        raise TypeError(f"json must be a module with dumps and loads, not {type(module).__name__}")


def _transport_names(names: Any) -> tuple[str, ...]:
    """Return the names of transports in the order to try, each once."""
    given = (names,) if isinstance(names, str) else names
    if not isinstance(given, (tuple, list)) and (not isinstance(given, Sequence) or isinstance(given, bytes)):
        raise TypeError(f"transports must be a name or a sequence of names, not {type(names).__name__}")
    if not given:
        raise ValueError("transports must have a name at least, such as 'websocket'")
    for name in given:
        if name not in TRANSPORTS and name not in _OTHER_NAMES:
            raise ValueError(f"there is no transport called {name!r}; there are {', '.join(TRANSPORTS)}")
    return tuple(dict.fromkeys(_OTHER_NAMES.get(name, name) for name in given))


def _check_auth(name: str, auth: Any) -> None:
    if auth is None or isinstance(auth, Mapping) or (isinstance(auth, tuple) and len(auth) == 2):
        return
    if not callable(auth) or (takes(auth, 0) is False and takes(auth, 1) is False):
        raise TypeError(
            f"{name} must be a dictionary or a function without arguments that returns one, for Socket.IO; or, for "
            f"HTTP, a pair of user and password or what requests takes; not {type(auth).__name__}"
        )


def _check_seconds(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be a number of seconds above 0, not {value}")


def _check_seconds_or_none(name: str, value: Any) -> None:
    if value is not None:
        _check_seconds(name, value)


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
    "connect_timeout": _check_seconds,
    "params": check_params,
    "headers": check_static_fields,
    "cookies": check_static_fields,
    "auth": _check_auth,
    "proxies": check_proxies,
    "verify": check_verify,
    "cert": check_cert,
    "session": check_session,
    "wait_for_connection": _check_flag,
    "reconnect": _check_flag,
    "reconnection_delay": _check_seconds,
    "reconnection_limit": _check_seconds,
    "max_reconnection_attempts": _whole(0, or_none=True),
    "reconnect_when_kicked": _check_flag,
    "buffer_size": _whole(0),
    "max_message_size": _whole(1),
    "revision": _check_revision,
    "retries": _whole(0, or_none=True),
    "ack_timeout": _check_seconds_or_none,
    "parser": _check_parser,
    "trailing_slash": _check_flag,
}

_CHECKED = [(field.name, _CHECKS[field.name], field.default) for field in fields(Options) if field.name in _CHECKS]
"""What checks each option, and the usual value, which needs no check: most options of each connection have it."""
