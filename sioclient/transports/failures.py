"""Whatever goes wrong in a transport, as the errors that users know: this is the one place that maps exceptions.

All kinds of exceptions are mapped, since libraries raise more than their own. A thread that dies of one of them ends a
connection for good.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from ..address import bracketed
from ..errors import ConnectError, ConnectionLost, RemoteProtocolError
from .proxy import proxy_parts

_MOST_QUOTED = 200

_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL"})
"""What OpenSSL says when the peer's first bytes are not TLS, such as a 400 in plain text."""

_ENDED = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
"""How ssl says that the connection ended in the middle of its handshake."""


_CODES = {
    1000: "normal",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1007: "not UTF-8",
    1008: "policy violation",
    1009: "message too big",
    1011: "internal error",
    1012: "restart",
    1013: "try again later",
}
"""What the close codes of a websocket mean: RFC 6455, 7.4.1, and the registry that it began."""


class TooLarge(OSError):
    """A message or a response has more bytes than it may have."""


_BLAMED = ((TooLarge, 1009), (UnicodeDecodeError, 1007), (RemoteProtocolError, 1002))
"""What is told to a server that has sent such things."""


class ClosedWithCode(ConnectionResetError):
    """The server closed a websocket and said why."""


def close_error(data: bytes) -> OSError:
    """Return the error for a close frame with this payload: a code of two bytes and a reason, or nothing."""
    if len(data) < 2:
        return ConnectionResetError("the server sent a close frame")
    code, reason = int.from_bytes(data[:2], "big"), data[2:].decode("utf-8", "replace")
    meaning = f" ({_CODES[code]})" if code in _CODES else ""
    return ClosedWithCode(f"the server sent the close code {code}{meaning}" + (f", {reason!r}" if reason else ""))


def connection_lost(error: Exception) -> ConnectionLost:
    """Return the ConnectionLost for ``error``, with its cause in the text."""
    if isinstance(error, ConnectionLost):
        return error
    if isinstance(error, TooLarge):
        return ConnectionLost(f"message too big: {error}: see max_message_size=")
    if isinstance(error, (RemoteProtocolError, UnicodeDecodeError)):
        return ConnectionLost(f"protocol error: {error}")
    if isinstance(error, OSError):
        return ConnectionLost(f"transport closed: {error}")
    return ConnectionLost(f"transport closed: {type(error).__name__}: {error}")


def read_loss(error: Exception) -> tuple[ConnectionLost, int | None]:
    """Return the ConnectionLost for what reading a websocket raised, and the close code if the server is to blame."""
    for kind, code in _BLAMED:
        if isinstance(error, kind):
            return connection_lost(error), code
    if isinstance(error, OSError) and not isinstance(error, ClosedWithCode):
        # 0.x servers end a websocket like this on purpose: without a close frame.
        return ConnectionLost("transport closed"), None
    return connection_lost(error), None


class _Losses:
    """A context in which whatever goes wrong is a ConnectionLost; that of contextlib takes 2 us, and this 0.4."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Raise ConnectionLost for what was raised inside."""
        if isinstance(error, Exception) and not isinstance(error, ConnectionLost):
            raise connection_lost(error) from error


losses = _Losses()
"""Has ConnectionLost raised for whatever goes wrong inside: ``with losses:``."""


@contextmanager
def connect_errors(what: str, url: str, proxy: str | None = None) -> Iterator[None]:
    """Raise ConnectError for whatever goes wrong inside; ``what`` is to be opened at ``url``."""
    try:
        yield
    except ConnectError:
        raise
    except (RemoteProtocolError, ConnectionLost) as error:
        raise ConnectError(f"{what} does not work here: {error}") from error
    except Exception as error:
        raise connect_error(url, error, proxy) from error


def connect_error(url: str, error: Exception, proxy: str | None = None) -> ConnectError:
    """Return the ConnectError that tells a user what ``error`` means; it leaves out the secret parts of URLs."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    where = f"{parts.scheme}://{bracketed(parts.hostname or '')}:{port}"
    if proxy:
        where += f" (through the proxy {proxy_parts(proxy).netloc.rpartition('@')[2]})"
    # Part of this may be what a stranger sent.
    what = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(error)[:_MOST_QUOTED])
    text = f"{type(error).__name__}: {what}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConnectError(f"the certificate of {where} was not accepted: {text}. See verify=", retryable=False)
    if isinstance(error, ConnectionRefusedError):
        return ConnectError(f"{where} refused the connection: is the server running, and is this its port?")
    if isinstance(error, TimeoutError):
        return ConnectError(f"{where} did not respond in time: is this its host and port?{_scheme_advice(url)}")
    is_final = isinstance(error, ssl.SSLError) and not isinstance(error, _ENDED)
    return ConnectError(f"cannot connect to {where}: {text}{_failure_advice(url, error)}", retryable=not is_final)


def upgrade_error(error: Exception, url: str) -> ConnectError:
    """Return the ConnectError for what went wrong while ``url`` was asked for an upgrade to a websocket."""
    scheme = "" if url.startswith("https:") else f". If the port is for https, try {other_scheme(url)}"
    if isinstance(error, TimeoutError):
        return ConnectError(f"the server did not respond to the upgrade to a websocket in time{scheme}")
    if isinstance(error, TooLarge):
        return ConnectError(f"the websocket did not open: {error}", retryable=False)
    return ConnectError(
        f"the server did not accept the websocket ({error}): old servers say so by closing the connection, when the "
        f"Origin is not one of theirs (see headers=), the transport is disabled, or a proxy breaks upgrades{scheme}"
    )


def other_scheme(url: str) -> str:
    """Return what to try if the port of ``url`` is one for https, or is none."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    return f"{'http' if secure else 'https'}://{bracketed(parts.hostname or '')}:{port} (secure={not secure})"


def _scheme_advice(url: str) -> str:
    speaks = "does not speak TLS" if url.startswith("https:") else "speaks TLS"
    return f" If this port {speaks}, try {other_scheme(url)}"


def _failure_advice(url: str, error: Exception) -> str:
    """Return what to do about a port for https that was taken for http, the other way round, or old TLS."""
    if isinstance(error, ssl.SSLError):
        if error.reason in _NOT_TLS:
            return f". This port does not speak TLS: try {other_scheme(url)}"
        closed = _scheme_advice(url) if isinstance(error, _ENDED) else ""
        return (
            f". If the server knows only old TLS or ciphers, give verify= an ssl.SSLContext that allows them.{closed}"
        )
    if isinstance(error, ConnectionResetError) or "not a response of HTTP: b'\\x15\\x03" in str(error):
        return f".{_scheme_advice(url)}"
    return ""
