"""What a server speaks, for people who only want to know."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from .address import parse_address
from .assembly import choose_revision
from .connector import Attempt, Connector
from .options import TRANSPORTS, Options, check_timeout, split_auth
from .protocol.jsontext import JsonText
from .protocol.revisions.families import family
from .transports.base import HTTP_OPTIONS, HttpOptions, check_http_options

_ENGINES = {1: None, 4: 3, 5: 4}


@dataclass(frozen=True)
class ServerInfo:
    """What a server says of itself.

    Attributes:
        revision: the revision of Socket.IO that it speaks: 1, 4 or 5.
        engine: the revision of Engine.IO below it: 3 or 4; None: there was none yet.
        transports: the names of those that it offers.
        heartbeat_interval: seconds between two beats; None: it does not say.
        heartbeat_timeout: seconds of silence after which the other side is dead; None: there are no heartbeats.
        family: which server it probably is, in words.
    """

    revision: int
    engine: int | None
    transports: tuple[str, ...]
    heartbeat_interval: float | None
    heartbeat_timeout: float | None
    family: str


def detect(host: str = "localhost", port: int | None = None, **options: Any) -> ServerInfo:
    """Ask a server what it speaks; the session that this opens is ended at once, as far as that can be done.

    Args:
        host, port: as in ``SocketIO``: a name, or a URL.
        options: ``secure``, ``resource``, ``connect_timeout``, and the HTTP options of ``SocketIO``; an ``auth`` for
            Socket.IO is not told, as nothing is joined.

    Raises:
        ConnectError: there was no answer, a refusal, or nothing that a Socket.IO server says.
        TypeError, ValueError: an argument is not what it should be; nothing was sent.
    """
    address = parse_address(host, port, options.pop("secure", None), options.pop("resource", "socket.io"))
    timeout = options.pop("connect_timeout", 10)
    check_timeout(timeout)
    unknown_options = set(options) - HTTP_OPTIONS
    if unknown_options:
        raise TypeError(f"there is no option {min(unknown_options)!r} for asking who is there")
    auth, _ = split_auth(options.get("auth", address.userinfo))
    http = HttpOptions(**{**options, "auth": auth})
    check_http_options(http)
    unknown = choose_revision(Options(), JsonText())
    with closing(Connector(address, unknown, http, TRANSPORTS, Options().max_message_size)) as connector:
        handshake = Attempt(connector, time.monotonic() + timeout).ask()
    revision = handshake.revision
    assert revision is not None
    assert revision.number is not None
    return ServerInfo(
        revision.number,
        _ENGINES[revision.number],
        handshake.transports,
        handshake.ping_interval,
        handshake.heartbeat_timeout,
        family(revision.number, handshake.text, revision.servers),
    )
