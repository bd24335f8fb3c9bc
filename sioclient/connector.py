"""One attempt to connect: the handshake, then the first transport that opens.

This is where the two rooms meet: the revision says what to ask and how to read the answer, the transports ask.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from .address import Address
from .errors import ConnectError, HandshakeRejected, WrongRevision
from .protocol.revisions import Handshake, Revision
from .transports import load_transport, transport_names
from .transports.base import HttpOptions, Transport

if TYPE_CHECKING:
    from .transports.http import HttpClient

logger = logging.getLogger("sioclient")


class Abortable(Protocol):
    """Anything that blocks one thread and can be interrupted by another."""

    def abort(self) -> None:
        """Make it stop, now or at its next step."""


class Connector:
    """Knows how to reach one server.

    Args:
        address: where it is.
        revision: what is spoken.
        options: what every request carries.
        transports: the names of those to try, in order.
        max_message_size: bytes that a received message may have.
    """

    def __init__(
        self,
        address: Address,
        revision: Revision,
        options: HttpOptions,
        transports: tuple[str, ...],
        max_message_size: int,
    ) -> None:
        self.address, self.revision, self.transports = address, revision, transports
        self.max_message_size = max_message_size
        self._options = options
        self._http: HttpClient | None = None

    def http(self) -> HttpClient:
        """Return the HTTP client of this connection; cookies outlive an attempt."""
        if self._http is None:
            # Imported late: a program that imports sioclient need not pay for requests before it connects.
            from .transports.http import HttpClient

            self._http = HttpClient(self._options)
        return self._http

    def attempt(self, timeout: float) -> Attempt:
        """Return an attempt that may take ``timeout`` seconds in all."""
        return Attempt(self, time.monotonic() + timeout)

    def close(self) -> None:
        """Free the connections that HTTP keeps alive."""
        if self._http is not None:
            self._http.close()


class Attempt:
    """One attempt; ``run`` blocks, ``abort`` ends it from any thread."""

    def __init__(self, connector: Connector, deadline: float) -> None:
        self._connector, self._deadline = connector, deadline
        self._abort: Callable[[], None] = lambda: None
        self._aborted = False

    def run(self) -> tuple[Handshake, Transport]:
        """Connect.

        Raises:
            ConnectError: it did not work out; what was open is closed.
        """
        http = self._connector.http()
        http.renew()
        self._begin(http.abort)
        handshake = self._handshake(http)
        return handshake, self._open_transport(http, handshake)

    def abort(self) -> None:
        """Make ``run`` raise."""
        self._aborted = True
        self._abort()

    def _begin(self, abort: Callable[[], None]) -> None:
        self._abort = abort
        if self._aborted:
            raise ConnectError("the attempt was aborted")

    def _handshake(self, http: HttpClient) -> Handshake:
        address, revision = self._connector.address, self._connector.revision
        # The time keeps caches from answering for the server, as in the JS client.
        path = f"{revision.handshake_path(address.resource)}?t={time.time_ns() // 1_000_000}"
        answer = http.get(address.url(path), self._deadline)
        try:
            return revision.read_handshake(answer.status, answer.body, answer.content_type)
        except (HandshakeRejected, WrongRevision) as error:
            refusal: ConnectError = error
        if answer.status in (400, 404):
            refusal = self._generation(http) or refusal
        raise refusal

    def _generation(self, http: HttpClient) -> WrongRevision | None:
        """Return the error that names the server's generation, if it is a later one and says so."""
        address, revision = self._connector.address, self._connector.revision
        try:
            answer = http.get(address.url(revision.probe_path(address.resource)), self._deadline)
            revision.read_handshake(answer.status, answer.body, answer.content_type)
        except WrongRevision as error:
            return error
        except ConnectError:
            pass
        return None

    def _open_transport(self, http: HttpClient, handshake: Handshake) -> Transport:
        connector = self._connector
        path = connector.revision.transport_path
        failure: ConnectError | None = None
        candidates = self._candidates(handshake)
        for position, name in enumerate(candidates):
            # Each has its share of the time that is left, so that a silent one leaves some to the next.
            now = time.monotonic()
            deadline = now + (self._deadline - now) / (len(candidates) - position)
            framing = connector.revision.framing(name, handshake)
            transport = load_transport(name)(http, connector.max_message_size, framing)
            try:
                self._begin(transport.abort)
                url = connector.address.url(path(connector.address.resource, name, handshake.session_id))
                transport.open(url, deadline)
                self._begin(transport.abort)
            except ConnectError as error:
                transport.close(0)
                logger.info("%s did not open: %s", name, error)
                failure = error
            except BaseException:
                transport.close(0)
                raise
            else:
                return transport
        raise failure or self._no_common_transport(handshake)

    def _candidates(self, handshake: Handshake) -> list[str]:
        # An empty list means that the server did not say: the JS client tries its own then.
        offered = handshake.transports or self._connector.transports
        return [name for name in self._connector.transports if name in offered and name in transport_names()]

    def _no_common_transport(self, handshake: Handshake) -> ConnectError:
        return ConnectError(
            f"no transport in common: the server offers {', '.join(handshake.transports) or 'nothing'}, asked for are "
            f"{', '.join(self._connector.transports)}, and there are {', '.join(transport_names())}",
            retryable=False,
        )
