"""One attempt to connect: the handshake, then the first transport that opens.

This is where the two rooms meet: the revision says what to ask and how to read the answer, the transports ask.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from .address import Address
from .errors import ConnectError, ConnectionLost, HandshakeRejected, WrongRevision
from .options import claim_of
from .protocol.endpoints import Endpoint
from .protocol.packets import Frame
from .protocol.revisions import Handshake, Revision
from .protocol.revisions.base import Probe
from .transports import load_transport, transport_kinds
from .transports.base import HttpOptions, Transport, fresh_url

if TYPE_CHECKING:
    from .transports.http import HttpClient

logger = logging.getLogger("sioclient")

_OPENING_PATIENCE = 0.5
"""Seconds for a server to say more, if what it said first does not tell who it is."""

_NO_HANDSHAKE = Handshake("", None, None, ())


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
        self.claims: dict[str, tuple[Endpoint, Any]] = {}
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
        for endpoint, auth in list(self._connector.claims.values()):
            endpoint.auth = claim_of(auth)
        handshake, transport = self._open_directly(http) or self._open_after_handshake(http)
        try:
            self._settle(handshake)
        except ConnectError:
            transport.close(0)
            raise
        return handshake, transport

    def ask(self) -> Handshake:
        """Only find out what the server says; the session is ended, or left to end by itself.

        Raises:
            ConnectError: there was no handshake.
        """
        http = self._connector.http()
        http.renew()
        try:
            handshake = self._handshake(http)
        except HandshakeRejected as refusal:
            handshake, transport = self._open_as_last_resort(http, refusal)
            transport.close(0)
            return handshake
        revision = self._settle(handshake)
        dismissal = revision.dismissal()
        if dismissal is not None:
            path = revision.transport_path(self._connector.address.resource, "xhr-polling", handshake.session_id)
            _, transport = self._open(http, "xhr-polling", path, self._deadline, handshake)
            with suppress(ConnectionLost):
                transport.send([dismissal])
                transport.finish(self._deadline)
            transport.close(0)
        return handshake

    def abort(self) -> None:
        """Make ``run`` raise."""
        self._aborted = True
        self._abort()

    def _begin(self, abort: Callable[[], None]) -> None:
        self._abort = abort
        if self._aborted:
            raise ConnectError("the attempt was aborted")

    def _open_directly(self, http: HttpClient) -> tuple[Handshake, Transport] | None:
        """Let the transport that is wanted first open a session by itself; None: that does not work here."""
        connector = self._connector
        first, *others = connector.transports
        path = connector.revision.direct_path(connector.address.resource, first)
        if path is None:
            return None
        try:
            return self._open(http, first, path, self._share(1 + len(others)), None)
        except ConnectError as error:
            if not others or self._aborted:
                raise
            logger.info("%s did not open a session: %s", first, error)
            return None

    def _open_after_handshake(self, http: HttpClient) -> tuple[Handshake, Transport]:
        connector = self._connector
        try:
            handshake = self._handshake(http)
        except HandshakeRejected as refusal:
            return self._open_as_last_resort(http, refusal)
        revision = self._settle(handshake)
        failure: ConnectError | None = None
        candidates = self._candidates(handshake)
        for position, name in enumerate(candidates):
            path = revision.transport_path(connector.address.resource, name, handshake.session_id)
            try:
                return self._open(http, name, path, self._share(len(candidates) - position), handshake)
            except ConnectError as error:
                logger.info("%s did not open: %s", name, error)
                failure = error
        raise failure or self._no_common_transport(handshake)

    def _open_as_last_resort(self, http: HttpClient, refusal: HandshakeRejected) -> tuple[Handshake, Transport]:
        """Let a websocket open a session by itself if the server has nothing else; raise ``refusal`` if not."""
        connector = self._connector
        path = connector.revision.last_resort(connector.address.resource, refusal.body)
        if path is None or "websocket" not in connector.transports:
            raise refusal
        return self._open(http, "websocket", path, self._deadline, None)

    def _settle(self, handshake: Handshake) -> Revision:
        """Remember what the server speaks, or raise ConnectError if the user wants what that cannot say."""
        connector = self._connector
        revision = handshake.revision or connector.revision
        if revision is not connector.revision:
            logger.info("%s speaks revision %d: %s", connector.address, revision.number, revision.servers)
        connector.revision = revision
        if "" in connector.claims and not revision.asks_to_join:
            raise ConnectError(
                f"an auth= that is no HTTP authentication came with socket.io 3, and this server speaks revision "
                f"{revision.number}: use params=",
                retryable=False,
            )
        return revision

    def _handshake(self, http: HttpClient) -> Handshake:
        address, revision = self._connector.address, self._connector.revision
        refusal: ConnectError | None = None
        status: int | None = None
        self._begin(http.abort)
        for question in revision.handshakes(address.resource):
            if question.after and status not in question.after:
                continue
            try:
                answer = http.get(address.url(fresh_url(question.path)), self._deadline)
                status = answer.status
                return revision.read_handshake(status, answer.body, answer.content_type)
            except ConnectError as error:
                # The first says best what is wrong, unless a later one can name who is there.
                refusal = error if refusal is None or isinstance(error, WrongRevision) else refusal
                if not isinstance(error, (HandshakeRejected, WrongRevision)):
                    break
        assert refusal is not None
        raise refusal

    def _open(
        self, http: HttpClient, name: str, path: str, deadline: float, handshake: Handshake | None
    ) -> tuple[Handshake, Transport]:
        """Open a transport for the session of ``handshake``, or for one that it opens by itself."""
        connector, revision = self._connector, self._connector.revision
        framing = revision.framing(name, handshake or _NO_HANDSHAKE)
        transport = load_transport(revision.transports[name])(http, connector.max_message_size, framing)
        try:
            self._begin(transport.abort)
            transport.open(connector.address.url(path), deadline)
            if handshake is None:
                handshake = self._read_opening(transport, deadline)
            else:
                self._probe(transport, revision.probe(name), deadline)
            self._begin(transport.abort)
        except BaseException as problem:
            transport.close(0)
            if isinstance(problem, ConnectionLost):
                raise ConnectError(f"the server ended {name} at once: {problem}") from problem
            raise
        return handshake, transport

    def _read_opening(self, transport: Transport, deadline: float) -> Handshake:
        revision = self._connector.revision
        frames = _first_frames(transport, deadline)
        patience = min(deadline, time.monotonic() + _OPENING_PATIENCE)
        while not revision.is_opening(frames) and time.monotonic() < patience:
            frames += transport.recv_until(patience)
        return revision.read_opening(frames)

    def _probe(self, transport: Transport, probe: Probe | None, deadline: float) -> None:
        if probe is None:
            return
        transport.send([probe.ask])
        frames = _first_frames(transport, deadline)
        if frames != [probe.answer]:
            raise ConnectError(f"the server answered a probe with {frames!r:.200}")
        transport.send([probe.confirm])

    def _share(self, candidates: int) -> float:
        """Return the deadline of one of so many, so that a silent one leaves some time to the next."""
        now = time.monotonic()
        return now + (self._deadline - now) / candidates

    def _candidates(self, handshake: Handshake) -> list[str]:
        # An empty list means that the server did not say: the JS client tries its own then.
        offered = handshake.transports or self._connector.transports
        kinds = self._connector.revision.transports
        return [n for n in self._connector.transports if n in offered and kinds.get(n) in transport_kinds()]

    def _no_common_transport(self, handshake: Handshake) -> ConnectError:
        return ConnectError(
            f"no transport in common: the server offers {', '.join(handshake.transports) or 'nothing'}, asked for are "
            f"{', '.join(self._connector.transports)}, and there are {', '.join(transport_kinds())}",
            retryable=False,
        )


def _first_frames(transport: Transport, deadline: float) -> list[Frame]:
    """Return what a transport brings first.

    Raises:
        ConnectError: it brings nothing before ``deadline``.
        ConnectionLost: it ended.
    """
    frames = transport.recv_until(deadline)
    if not frames:
        raise ConnectError(f"the server says nothing over {transport.name}")
    return frames


def as_connect_error(problem: Exception) -> ConnectError:
    """Return what an attempt raised; if it should not have raised that, the ConnectError for it."""
    if isinstance(problem, ConnectError):
        return problem
    error = ConnectError(f"connecting failed: {type(problem).__name__}: {problem}", retryable=False)
    error.__cause__ = problem
    return error
