"""How a connection is put together: of what the user wants, a revision, a protocol object, transports and threads."""

from __future__ import annotations

import random
import warnings
import weakref
from collections.abc import Callable

from .address import Address
from .connection import Connection
from .connector import Connector
from .options import Options
from .protocol.backoff import Backoff
from .protocol.client import ClientProtocol
from .protocol.jsontext import JsonText
from .protocol.lifecycle import Policy
from .protocol.notices import Notice
from .protocol.revisions import Revision, Revision1, UnknownRevision, revision4, revision5
from .transports.base import HttpOptions, check_http_options


def make_connection(
    address: Address, http: HttpOptions, options: Options, revision: Revision, deliver: Callable[[Notice], None]
) -> Connection:
    """Return a connection that is not open yet.

    Args:
        deliver: a method that is called for each notice; its threads do not keep the object of it alive.

    Raises:
        TypeError, ValueError: a header or a cookie cannot be sent.
    """
    check_http_options(http)
    most = options.max_reconnection_attempts
    backoff = Backoff(options.reconnection_delay, options.reconnection_limit, most, random.random)
    policy = Policy(
        connect_timeout=options.connect_timeout,
        wait_for_connection=options.wait_for_connection,
        reconnect=options.reconnect,
        reconnect_when_kicked=options.reconnect_when_kicked,
        buffer_size=options.buffer_size,
    )
    connector = Connector(address, revision, http, options.transports, options.max_message_size)
    return Connection(
        ClientProtocol(revision, backoff, policy), connector, options.connect_timeout, weakref.WeakMethod(deliver)
    )


def choose_revision(options: Options, json: JsonText) -> Revision:
    """Return the revision that the user wants, or the one that is found out."""
    known: dict[int, Callable[[], Revision]] = {
        1: lambda: Revision1(json),
        4: lambda: revision4(json, options.max_message_size),
        5: lambda: revision5(json, options.max_message_size),
    }
    if options.revision is not None:
        return known[options.revision]()
    return UnknownRevision({"1": known[1], "3": known[4], "4": known[5]})


def end_when_forgotten(owner: object, connection: Connection, address: Address) -> None:
    """End the connection when its owner is gone, and warn that nobody did so before.

    At the end of the program the connection says goodbye by itself.
    """
    weakref.finalize(owner, _abandon, connection, type(owner).__name__, str(address)).atexit = False


def _abandon(connection: Connection, owner: str, address: str) -> None:
    if connection.is_open:
        connection.abandon()  # before the warning, which may be made an error
        told = f"{owner}({address!r}) was never disconnected: use it in a with block"
        warnings.warn(told, ResourceWarning, stacklevel=1)
