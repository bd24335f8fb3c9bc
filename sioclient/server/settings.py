"""The settings of a server: those of socket.io 0.9 in snake case, and its limits; every value is checked."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Union

from .backplaneurl import check_url
from .crossing import CHANNEL
from .origins import read_allowed
from .proxies import read_networks
from .request import Request

TRANSPORTS = ("websocket", "htmlfile", "xhr-polling", "jsonp-polling")
"""All transports, in the order in which socket.io 0.9 announces them."""

REVISIONS = (1, 4, 5)
"""All generations of clients."""

Verdict = Union[bool, str]
"""Accept, refuse, or refuse with the text of an error for the log."""

Authorization = Callable[[Request], Union[Verdict, Awaitable[Verdict]]]


class MetricsRegistry(Protocol):
    """What is needed of a ``CollectorRegistry`` of prometheus_client."""

    def register(self, collector: Any) -> None:
        """Ask a collector for its numbers from now on."""

    def unregister(self, collector: Any) -> None:
        """Ask it no more."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a server; times in seconds, sizes in bytes.

    Attributes:
        heartbeat_interval: how long after the last heartbeat of the client the server sends its next one.
        heartbeat_timeout: how long it then waits for the client's; announced.
        close_timeout: how long a session lasts without a transport; announced.
        polling_duration: how long a poll waits for a packet.
        handshake_timeout: how long a session may wait for its first transport.
        drain_time: how long a server that stops waits until all is handled and sent, and then for the handlers' ends.
        transports: the transports on offer, out of websocket, htmlfile, xhr-polling and jsonp-polling.
        origins: where pages may come from: ``"example.org:8080"``, a star for either part, or ``"https://example.org"``.
        trusted_proxies: the addresses and networks, such as ``"10.0.0.0/8"``, of the proxies before the server. From
            them alone it believes whom ``X-Forwarded-For`` or ``Forwarded`` name as the client. They must write one.
        authorization: a function of the handshake's ``Request``: True, False, or the text of an error for the log.
        max_message_size: how much a websocket message or the body of a POST may have.
        max_queued: how much may wait for a client that does not read; the packet after that ends its session.
        max_sessions: how many sessions one address may have; of IPv6, the 64 bits of its network count as the address.
        max_handshakes: how many handshakes one address may make in a second, and ``max_sessions`` of them at once.
        max_clients: how many sessions there may be in all.
        revisions: the generations of clients that are served: 1 (socket.io 0.7 to 0.9), 4 (1.x and 2.x), 5 (3.x, 4.x).
        convert_bytes: a function of bytes, what clients of revision 1 get in their place, such as base64; None: what
            holds bytes cannot be sent to them.
        recovery_time: how long a client of socket.io 4.6 or later that was lost may go on with its session, and gets
            what it missed; None: not at all. Then every event without an acknowledgement has a text more for clients
            of revision 5, which python-socketio hands to the functions.
        max_recoverable: how much may be kept for that in all; the oldest is forgotten.
        backplane: the URL of the Redis by which processes of the same application reach each other's clients, such as
            ``redis://localhost``; needs ``pip install sioclient[redis]``. None: this process is alone.
        node: the name of this process, up to 16 letters and digits, with which its session ids begin, and then a dot:
            so that a proxy sends all requests of a client to the same process. None: they begin with no name.
        health: whether ``/socket.io/health`` tells anybody who asks how many clients there are, and whether this
            process takes more. The proxy must refuse it to strangers.
        metrics: True: ``/socket.io/metrics`` tells Prometheus, and anybody else who asks, how this process fares; the
            proxy must refuse it to strangers. A ``CollectorRegistry`` of prometheus_client: it has the numbers, and
            there is no such page. Needs ``pip install sioclient[metrics]``.
        backplane_channel: the channel of Redis. Applications that share a Redis must have different ones.
    """

    known_revisions: ClassVar[tuple[int, ...]] = REVISIONS
    known_transports: ClassVar[tuple[str, ...]] = TRANSPORTS

    heartbeat_interval: float = 25
    heartbeat_timeout: float = 60
    close_timeout: float = 60
    polling_duration: float = 20
    handshake_timeout: float = 30
    drain_time: float = 0.5
    transports: tuple[str, ...] = TRANSPORTS
    origins: tuple[str, ...] = ("*:*",)
    trusted_proxies: tuple[str, ...] = ()
    authorization: Authorization | None = None
    max_message_size: int = 2**20
    max_queued: int = 2**20
    max_sessions: int = 1000
    max_handshakes: int = 300
    max_clients: int = 10_000
    revisions: tuple[int, ...] = REVISIONS
    convert_bytes: Callable[[bytes], Any] | None = None
    recovery_time: float | None = None
    max_recoverable: int = 2**24
    backplane: str | None = field(default=None, repr=False)  # it may have a password
    backplane_channel: str = CHANNEL
    node: str | None = None
    health: bool = False
    metrics: bool | MetricsRegistry = False

    def __post_init__(self) -> None:
        """Check every value."""
        for name, check in _CHECKS.items():
            check(name, getattr(self, name))
        _check_revisions(self.revisions, self.known_revisions)
        if self.recovery_time is not None:
            _check_number("recovery_time", self.recovery_time)
        unknown = [name for name in self.transports if name not in self.known_transports]
        if unknown:
            raise ValueError(f"transports must be out of {', '.join(self.known_transports)}, not {unknown[0]!r}")
        object.__setattr__(self, "origins", tuple(map(read_allowed, self.origins)))
        if self.backplane is not None:
            check_url("backplane", self.backplane)
        if not isinstance(self.backplane_channel, str):
            raise TypeError(f"backplane_channel must be a text, not {type(self.backplane_channel).__name__}")
        _check_node(self.node)
        if not isinstance(self.health, bool):
            raise TypeError(f"health must be True or False, not {type(self.health).__name__}")
        _check_metrics(self.metrics)
        for name in ("authorization", "convert_bytes"):
            function = getattr(self, name)
            if function is not None and not callable(function):
                raise TypeError(f"{name} must be a function, not {type(function).__name__}")


def _check_number(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be more than 0 seconds and finite, not {value}")


def _check_node(value: Any) -> None:
    if value is not None and (not isinstance(value, str) or not re.fullmatch("[A-Za-z0-9]{1,16}", value)):
        raise ValueError(f"node must be a name of 1 to 16 letters and digits, not {value!r}")


def _check_metrics(value: Any) -> None:
    if not isinstance(value, bool) and not (hasattr(value, "register") and hasattr(value, "unregister")):
        raise TypeError(
            f"metrics must be True, False or a CollectorRegistry of prometheus_client, not {type(value).__name__}"
        )


def _check_whole(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, not {type(value).__name__}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, not {value}")


def _check_revisions(value: Any, known: tuple[int, ...]) -> None:
    if not isinstance(value, tuple) or not value or not set(value) <= set(known):
        *first, last = known
        raise ValueError(f"revisions must be a tuple out of {', '.join(map(str, first))} and {last}, not {value!r}")


def _check_texts(name: str, value: Any) -> None:
    if not isinstance(value, tuple) or not value or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{name} must be a tuple of texts, such as {getattr(Settings, name)!r}")


def _check_networks(name: str, value: Any) -> None:
    if not isinstance(value, tuple) or not all(isinstance(item, str) for item in value):
        raise TypeError(f'{name} must be a tuple of texts, such as ("127.0.0.1", "10.0.0.0/8")')
    try:
        read_networks(value)
    except ValueError as error:
        raise ValueError(f"{name} must be addresses and networks: {error}") from error


_CHECKS: dict[str, Callable[[str, Any], None]] = {
    "heartbeat_interval": _check_number,
    "heartbeat_timeout": _check_number,
    "close_timeout": _check_number,
    "polling_duration": _check_number,
    "handshake_timeout": _check_number,
    "drain_time": _check_number,
    "transports": _check_texts,
    "origins": _check_texts,
    "trusted_proxies": _check_networks,
    "max_message_size": _check_whole,
    "max_queued": _check_whole,
    "max_sessions": _check_whole,
    "max_handshakes": _check_whole,
    "max_clients": _check_whole,
    "max_recoverable": _check_whole,
}
