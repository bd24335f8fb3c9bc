"""The exceptions under the names of socketIO-client; they are also ``sioclient.SocketIOError``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ... import errors


class SocketIOError(errors.SocketIOError):
    """The base of the exceptions here."""


class ConnectionError(SocketIOError):
    """There is no connection, or the server refused one."""


class TimeoutError(SocketIOError):
    """Something did not come in time."""


class PacketError(SocketIOError):
    """A packet cannot be sent, or its namespace is not defined."""


@contextmanager
def renamed() -> Iterator[None]:
    """Raise the exceptions of sioclient under the names here."""
    try:
        yield
    except SocketIOError:
        raise
    except errors.LocalProtocolError as error:
        raise PacketError(str(error)) from error
    except (errors.AckTimeout, errors.WaitTimeout) as error:
        raise TimeoutError(str(error)) from error
    except errors.SocketIOError as error:
        raise ConnectionError(str(error)) from error
