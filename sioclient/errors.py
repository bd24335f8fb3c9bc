"""Every exception of sioclient.

::

    SocketIOError
    ├── ConnectError (ConnectionError)     no connection came about
    │   ├── HandshakeRejected              the server responded, and said no
    │   └── WrongRevision                  the server speaks another generation
    ├── NotConnected                       there is no connection to send on
    │   └── BufferFull                     too much is waiting for it to come back
    ├── ConnectionLost                     the connection ended before the acknowledgement came
    ├── AckTimeout (TimeoutError)          the acknowledgement did not come in time
    ├── WaitTimeout (TimeoutError)         an event did not come in time
    ├── ChannelError                       a channel could not be opened or used
    └── ProtocolError
        ├── LocalProtocolError (ValueError)   you asked for what the protocol cannot say
        └── RemoteProtocolError               the server said what the protocol does not allow
"""

from __future__ import annotations

import copy
import re
from typing import Any

_FINAL_STATUSES = frozenset({400, 401, 403, 404})

_ORIGIN = "it does not accept these credentials or this origin: see auth=, params= and headers={'Origin': ...}"
_ADVICE = {
    401: "it wants other credentials: see auth=, headers=, cookies= and params=",
    403: _ORIGIN,
    404: "there is no Socket.IO at this path: see resource=",
    407: "this is the proxy, which wants credentials: see proxies=",
}

_FOR_HTTPS = re.compile(r"sent to HTTPS port|to an HTTPS server|SSL-enabled server port")
"""What nginx, Go and Apache say, with status 400, to http on a port for https."""


_UNKNOWN_SESSION = re.compile("Session ID unknown|Invalid session")
"""What engine.io and python-engineio say."""

_NOT_STICKY = (
    "it does not know this session. If several servers share the address, make the sessions sticky, or give "
    "transports='websocket'"
)


class SocketIOError(Exception):
    """The base of every exception that sioclient raises about a connection.

    Attributes:
        data: what the server's application said besides, when it refused us; None: nothing.
    """

    data: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Be copied, also to another process, without ``__init__``, whose arguments differ from ``args``."""
        return _remake, (type(self), self.args, self.__dict__)


class ConnectError(SocketIOError, ConnectionError):
    """No connection could be made.

    Attributes:
        retryable (bool): whether another attempt may succeed where none has yet. An unreachable server is
            retryable; a refused certificate or a server of another kind is not. After a session has stood,
            every failure is retried.
    """

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class HandshakeRejected(ConnectError):
    """The server refused the handshake or the upgrade.

    Retryable unless the status is a redirect, 400, 401, 403 or 404: at first, those mean the same tomorrow.

    Attributes:
        status (int): the HTTP status of the response.
        body (str): the first 200 characters of its body.
        retry_after (float): the seconds that the server asks to be left alone, as its ``Retry-After`` says; 0: it
            did not say.
    """

    def __init__(self, message: str, *, status: int, body: str = "", retry_after: float = 0.0) -> None:
        final = status in _FINAL_STATUSES or 300 <= status < 400
        super().__init__(message, retryable=not final)
        self.status = status
        self.body = body[:200]
        self.retry_after = retry_after


class WrongRevision(ConnectError):
    """The server speaks a generation of Socket.IO that this client was not asked to speak."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False)


class NotConnected(SocketIOError):
    """There is no connection, and none is on its way: nothing was sent."""


class BufferFull(NotConnected):
    """The connection is away and its buffer is full: this packet was not accepted."""


class ConnectionLost(SocketIOError):
    """The connection ended before the acknowledgement came; whether the server acted is not known."""


class AckTimeout(SocketIOError, TimeoutError):
    """The acknowledgement did not come within its time-out."""


class WaitTimeout(SocketIOError, TimeoutError):
    """What was waited for did not come in time."""


class ChannelError(SocketIOError):
    """A channel was refused, not confirmed in time, is open already, or is not open.

    Attributes:
        timed_out (bool): whether the server did not confirm it in time; servers of 0.7 to 0.9 say nothing about an
            endpoint that they do not have.
    """

    timed_out = False


class ProtocolError(SocketIOError):
    """One side broke the rules of the protocol."""


class LocalProtocolError(ProtocolError, ValueError):
    """You asked for something that the protocol cannot express; nothing was sent."""


class RemoteProtocolError(ProtocolError):
    """The server sent something that the protocol does not allow."""


def advice(status: int, body: str) -> str:
    """Return what a user can do about a refusal.

    Args:
        status: that of the response.
        body: its body; for a redirect, where it points.
    """
    if 300 <= status < 400:
        return "it redirects, which is not followed: give the address to which it points"
    if _FOR_HTTPS.search(body):
        return "this port is for https: begin the URL with https://, or give secure=True"
    if _UNKNOWN_SESSION.search(body):
        return _NOT_STICKY
    if "not an accepted origin" in body.lower():  # with status 400, as python-socketio says it
        return _ORIGIN
    return _ADVICE.get(status, "its log should say why")


def refused(what: str, status: int, body: str) -> ConnectionLost:
    """Return the error for a request of a session that was refused, such as "a poll"."""
    why = f": {_NOT_STICKY}" if _UNKNOWN_SESSION.search(body) else ""
    return ConnectionLost(f"{what} was refused with status {status}{why}")


def as_connect_error(problem: BaseException) -> ConnectError:
    """Return what an attempt raised; if it should not have raised that, the ConnectError for it."""
    if isinstance(problem, ConnectError):
        return problem
    error = ConnectError(f"connecting failed: {text_of(problem)}", retryable=False)
    error.__cause__ = problem
    return error


def unacknowledged(error: SocketIOError, name: object, address: str, seconds: float | None) -> SocketIOError:
    """Return why an acknowledgement did not come, with what it is about.

    Args:
        error: why, without that; several packets may have it in common.
        name: that of the event.
        address: where the server is.
        seconds: the time-out.
    """
    told = copy.copy(error)
    told.__cause__ = error.__cause__
    if isinstance(error, AckTimeout) and seconds is not None:
        told.args = (f"no acknowledgement of {name!r:.200} came from {address} within {seconds:g} s",)
    else:
        told.args = (f"no acknowledgement of {name!r:.200} from {address}: {error}",)
    return told


def add_address(error: SocketIOError, address: str, what: str = "") -> None:
    """Add where the server is to the text of an error, unless it is there.

    Args:
        error: it is changed in place, so that its traceback stays.
        address: a URL.
        what: what was not done there, if that is not clear: "'news' was not sent to".
    """
    text, origin = str(error), "/".join(address.split("/")[:3])
    if origin and origin not in text:
        error.args = (f"{what} {address}: {text}".lstrip(),)


def text_of(problem: BaseException, untold: str = "") -> str:
    """Return what an exception of any type says; a ConnectionLost does not need its type.

    Args:
        problem: the exception, whose text may raise another.
        untold: what to say if it says nothing.
    """
    try:
        text = str(problem) or untold
    except Exception:
        text = untold
    if isinstance(problem, ConnectionLost) and text:
        return text
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__


def _remake(kind: type[SocketIOError], args: tuple[Any, ...], attributes: dict[str, Any]) -> SocketIOError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(attributes)
    return error
