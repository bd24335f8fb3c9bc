"""What a server speaks, for people who only want to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .address import Address, parse_address
from .errors import ConnectError, add_address
from .fronts.attempt import add_advice_about_paths
from .fronts.connector import Connector
from .fronts.steps import Steps, run_steps
from .options import NAMES, Options, make_options
from .protocol.jsontext import json_text
from .protocol.revisions import make_opening
from .protocol.revisions.families import family

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import OptionsDict

_ENGINES = {1: None, 4: 3, 5: 4}

_NOT_ASKED = NAMES - {
    *("secure", "resource", "transports", "connect_timeout", "trailing_slash"),
    *("params", "headers", "cookies", "auth", "proxies", "verify", "cert", "session"),
}
"""Options that mean nothing where no connection is kept."""


@dataclass(frozen=True)
class ServerInfo:
    """What a server says of itself.

    Attributes:
        revision: the revision of Socket.IO that it speaks: 1, 4 or 5.
        engine: the revision of Engine.IO below it: 3 or 4; None: there was none yet.
        transports: the names of those that it offers.
        heartbeat_interval: seconds between two heartbeats; None: it does not say.
        heartbeat_timeout: seconds of silence after which the other side is dead; None: there are no heartbeats.
        family: which server it probably is, in words.
    """

    revision: int
    engine: int | None
    transports: tuple[str, ...]
    heartbeat_interval: float | None
    heartbeat_timeout: float | None
    family: str


def detect(host: str = "localhost", port: int | None = None, **options: Unpack[OptionsDict]) -> ServerInfo:
    """Ask a server what it speaks; the session that this opens is ended at once, as far as that can be done.

    Args:
        host, port: as in ``SocketIO``: a name, or a URL.
        options: ``secure``, ``resource``, ``transports``, ``connect_timeout``, and the HTTP options of ``SocketIO``;
            an ``auth`` for Socket.IO is not sent, as nothing is joined. With ``transports="websocket"``, nothing is
            asked by polling.

    Raises:
        ConnectError: there was no response, a refusal, or nothing that a Socket.IO server sends.
        TypeError, ValueError: an argument is not what it should be; nothing was sent.
    """
    return run_steps(detecting(host, port, options, Connector))


def detecting(
    host: str, port: int | None, options: Mapping[str, Any], connect: Callable[[Address, Options], Connector]
) -> Steps[ServerInfo]:
    """Return the steps of ``detect``; ``connect`` returns what makes attempts."""
    chosen = make_options(options, without=_NOT_ASKED)
    address = parse_address(host, port, chosen.secure, chosen.resource, trailing_slash=chosen.trailing_slash)
    opening = make_opening(None, json_text(chosen.json), chosen.max_message_size, only_websocket=chosen.only_websocket)
    with closing(connect(address, chosen)) as connector:
        try:
            handshake = yield from connector.attempt(opening).ask()
        except ConnectError as error:
            add_advice_about_paths(error, address)
            add_address(error, str(address))
            raise
    dialect = handshake.dialect
    return ServerInfo(
        dialect.number,
        _ENGINES[dialect.number],
        handshake.transports,
        handshake.ping_interval,
        handshake.heartbeat_timeout,
        family(dialect.number, handshake.text, dialect.servers),
    )
