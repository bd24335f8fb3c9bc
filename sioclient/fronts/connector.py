"""What makes attempts to connect, for one connection after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..address import Address
from ..options import MAY_BE_FUNCTIONS, Options, asked_value, split_auth
from ..protocol.endpoints import Endpoint
from ..protocol.revisions.base import Handshake, Opening
from ..protocol.revisions.ways import way_beside
from ..transports import make_mixed_transport, make_transport
from ..transports.base import Traffic, Transport
from .attempt import Attempt
from .steps import Steps

if TYPE_CHECKING:
    from ..transports.http import HttpClient


class Connector:
    """Makes attempts to reach one server.

    Args:
        address: where it is.
        options: what the user wants of every request, and which transports.
        make, mix: make transports; None: ``make_transport`` and ``make_mixed_transport`` do.
        clock: returns the time of all deadlines.
        wrap: makes of an HTTP client what makes the requests; None: it does so itself.
        is_interrupted: see ``Attempt``.
    """

    def __init__(
        self,
        address: Address,
        options: Options,
        make: Callable[..., Any] | None = None,
        mix: Callable[..., Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wrap: Callable[[HttpClient], Any] | None = None,
        *,
        is_interrupted: bool = False,
    ) -> None:
        self._address, self._options, self._clock, self._wrap = address, options, clock, wrap
        self._is_interrupted = is_interrupted
        self._make, self._mix = make or make_transport, mix or make_mixed_transport
        self.traffic = Traffic()  # the bytes that all attempts have read and written
        self._http: HttpClient | None = None  # it keeps the cookies from one attempt to the next

    def attempt(self, opening: Opening, endpoints: Iterable[Endpoint] = ()) -> Attempt:
        """Return an attempt, begun when it is run, that asks for the ``auth`` of these endpoints."""
        attempt = Attempt(self._ask, self._address, self._options, opening, endpoints, self._make, self._clock)
        attempt.is_interrupted = self._is_interrupted
        return attempt

    def beside(self, transport: Transport, handshake: Handshake) -> Transport:
        """Return a transport that receives over one that carries a session, and sends by POSTs of that session."""
        way = way_beside(handshake, self._address.resource, transport.name)
        mixed: Transport = self._mix(transport, self._http or self.http(), way.framing, self._address.url(way.path))
        return mixed

    def http(self, values: Mapping[str, Any] | None = None) -> HttpClient:
        """Return the HTTP client of this connection, ready for an attempt; see ``HttpClient.renew``."""
        if self._http is not None:
            self._http.renew(values)
            return self._http
        # Imported late: a program that imports sioclient need not pay for requests before it connects.
        from ..transports.http import HttpClient

        options, auth = self._options, self._address.userinfo
        own = None if options.auth is None else split_auth(options.auth)[0]
        self._http = http = HttpClient(options, auth if own is None else own, self.traffic)
        if values is not None:
            http.renew(values)  # else it does so at its first request
        return http

    def _ask(self) -> Steps[Any]:
        """Ask the options that are functions for their values; return what makes the requests of an attempt."""
        values = {}
        for name in MAY_BE_FUNCTIONS:
            if callable(function := getattr(self._options, name)):
                values[name] = yield from asked_value(name, function)
        http = self.http(values or None)
        return http if self._wrap is None else self._wrap(http)

    def forget(self) -> None:
        """Let go of an HTTP client that remembers nothing: it takes three kilobytes, and another can be made."""
        if self._http is not None and self._http.is_plain:
            self.close()
            self._http = None

    def close(self) -> None:
        """Free what the HTTP client holds."""
        if self._http is not None:
            self._http.close()
