"""An attempt to connect: the handshake, then the first transport that opens, or a websocket that opens a session.

The grammars say what to request and how to read the responses; the transports do it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .address import Address, fresh_url
from .errors import ConnectError, ConnectionLost, HandshakeRejected, SocketIOError, WrongRevision, text_of
from .options import Options, auth_data, split_auth, value_of
from .protocol.endpoints import Endpoint
from .protocol.framing import Frame
from .protocol.revisions.base import Dialect, Handshake, HandshakeRequest, Opening, Probe
from .protocol.revisions.responses import clearer, is_engine_refusal, rejected
from .protocol.revisions.ways import Way, first_steps, way_after_rejection, ways_of
from .records import log_step
from .transports import make_transport
from .transports.base import Traffic, Transport

if TYPE_CHECKING:
    from .transports.http import HttpClient

_AHEAD = 0.1
"""Seconds by which an attempt ends before the protocol gives it up, so that the error says what did not respond."""

_OPENING_PATIENCE = 0.5
"""Seconds for a server to say more, if what it said first does not tell who it is."""

_SURE = (ConnectionRefusedError, socket.gaierror, TimeoutError, ConnectionLost)
"""Causes of a failure that another request would have, too, or that only a server of Engine.IO has."""

T = TypeVar("T")
Started = tuple[Handshake, Transport]


class Opened(NamedTuple):
    """What an attempt has opened: a session, the transport that carries it, and the data that each ``auth`` gave."""

    handshake: Handshake
    transport: Transport
    data: dict[Endpoint, Any]


class _EndedByPing(ConnectionLost):
    """The server ended a session because of the ping that was to tell its revision.

    Attributes:
        opening: the opening of the revision whose servers do so.
    """

    def __init__(self, message: str, opening: Opening) -> None:
        super().__init__(message)
        self.opening = opening


class Connector:
    """Makes attempts to reach one server.

    Args:
        address: where it is.
        options: what the user wants of every request, and which transports.

    Attributes:
        traffic: the bytes that all attempts have read and written.
    """

    def __init__(self, address: Address, options: Options) -> None:
        self._address, self._options = address, options
        self.traffic = Traffic()
        self._http: HttpClient | None = None  # it keeps the cookies from one attempt to the next

    def attempt(self, opening: Opening, endpoints: Iterable[Endpoint] = ()) -> Attempt:
        """Return an attempt that may take ``connect_timeout`` seconds in all; it begins when it is run.

        Args:
            opening: how the session begins.
            endpoints: those that will be joined, whose ``auth`` is asked for.
        """
        return Attempt(self.http, self._address, self._options, opening, endpoints)

    def http(self) -> HttpClient:
        """Return the HTTP client of this connection, ready for an attempt."""
        if self._http is not None:
            self._http.renew()
            return self._http
        # Imported late: a program that imports sioclient need not pay for requests before it connects.
        from .transports.http import HttpClient

        auth, _ = split_auth(self._options.auth)
        self._http = http = HttpClient(self._options, self._address.userinfo if auth is None else auth, self.traffic)
        return http

    def close(self) -> None:
        """Free what the HTTP client holds."""
        if self._http is not None:
            self._http.close()


class Attempt:
    """One attempt; ``run`` blocks, ``abort`` ends it from any thread."""

    def __init__(
        self,
        http: Callable[[], HttpClient],
        address: Address,
        options: Options,
        opening: Opening,
        endpoints: Iterable[Endpoint],
    ) -> None:
        self._make_http, self._address = http, address
        self._transports, self._limit, self._parser = options.transports, options.max_message_size, options.parser
        self._opening = opening
        self._auths = [(endpoint, endpoint.auth) for endpoint in endpoints if endpoint.auth is not None]
        seconds = options.connect_timeout
        self._deadline = time.monotonic() + seconds - min(seconds / 20, _AHEAD)
        self._abort: Callable[[], None] = lambda: None
        self._aborted = self._only_asks = False

    def run(self) -> Opened:
        """Connect.

        Raises:
            ConnectError: it did not work out; what was open is closed.
        """
        if self._opening.dialect is not None:
            self._check_dialect(self._opening.dialect)
        http = self._make_http()
        data = {}
        for endpoint, auth in self._auths:
            data[endpoint] = auth_data(partial(value_of, "auth", auth) if callable(auth) else auth)
        direct, requests = first_steps(self._opening, self._address.resource, self._transports)
        try:
            if direct is None:
                handshake, transport = self._open_after_handshake(http, requests)
            else:
                otherwise = partial(self._open_after_handshake, http, requests) if requests else None
                handshake, transport = self._open_directly(http, direct, otherwise)
        except ConnectError as error:
            add_advice_about_paths(error, self._address)
            raise
        dialect = handshake.dialect
        if dialect is not self._opening.dialect:
            log_step("%s speaks revision %d: %s", self._address, dialect.number, dialect.servers)
        return Opened(handshake, transport, data)

    def ask(self) -> Handshake:
        """Only find out what the server announces; the session is ended, or left to end by itself.

        Raises:
            ConnectError: there was no handshake.
        """
        http, resource, self._only_asks = self._make_http(), self._address.resource, True
        direct, requests = first_steps(self._opening, resource, self._transports)
        if direct is not None:
            opened = self._open_directly(http, direct, lambda: self._handshake(http, requests))
            if isinstance(opened, Handshake):
                return opened
            with suppress(Exception):
                opened[1].close(0)
            return opened[0]
        try:
            handshake = self._handshake(http, requests)
        except HandshakeRejected as rejection:
            handshake, transport = self._open_after_rejection(http, rejection)
            with suppress(Exception):
                transport.close(0)
            return handshake
        if handshake.opening.close_packet is not None:
            (polling,) = ways_of(replace(handshake, transports=()), resource, ("xhr-polling",))
            _, transport = self._open(http, polling, self._deadline, handshake)
            with suppress(Exception):  # without a word, the session ends a little later
                transport.send([handshake.opening.close_packet])
                transport.finish(self._deadline)
            with suppress(Exception):
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

    def _open_directly(self, http: HttpClient, way: Way, otherwise: Callable[[], T] | None) -> Started | T:
        """Let the transport that is wanted first open a session by itself; if it does not, begin otherwise."""
        while True:
            try:
                return self._open(http, way, self._share(len(self._transports)), None)
            except ConnectError as error:
                older = self._way_after(error, way.path)
                if older is None and (otherwise is None or self._aborted or self._is_certain(error)):
                    raise
                failure = error
            log_step("%s did not open a session: %s", way.name, failure)
            if older is None:
                break
            way = older
        assert otherwise is not None
        try:
            return otherwise()
        except ConnectError as error:
            if self._opening.dialect is not None:
                raise
            better = clearer(failure, error)
        raise better

    def _is_certain(self, error: ConnectError) -> bool:
        """Return whether a failure of a websocket cannot be that of a server of revision 1, which does not know it."""
        if self._opening.dialect is not None:
            return False
        if isinstance(error, HandshakeRejected):
            return is_engine_refusal(error.body)
        return not error.retryable or isinstance(error.__cause__, _SURE) or time.monotonic() >= self._deadline

    def _open_after_handshake(self, http: HttpClient, requests: Sequence[HandshakeRequest]) -> Started:
        try:
            handshake = self._handshake(http, requests)
        except HandshakeRejected as rejection:
            return self._open_after_rejection(http, rejection)
        self._check_dialect(handshake.dialect)
        failure: ConnectError | None = None
        ways = ways_of(handshake, self._address.resource, self._transports)
        for position, way in enumerate(ways):
            try:
                return self._open(http, way, self._share(len(ways) - position), handshake)
            except ConnectError as error:
                log_step("%s did not open: %s", way.name, error)
                failure = error
        raise failure or self._no_common_transport(handshake)

    def _open_after_rejection(self, http: HttpClient, rejection: HandshakeRejected) -> Started:
        """Let a websocket open a session by itself if the server has nothing else; raise ``rejection`` if not."""
        way = self._way_after(rejection)
        if way is None:
            raise rejection
        return self._open(http, way, self._deadline, None)

    def _way_after(self, error: ConnectError, tried: str = "") -> Way | None:
        """Return the websocket that may open a session by itself after such a refusal; None: there is none."""
        if not isinstance(error, HandshakeRejected):
            return None
        return way_after_rejection(self._opening, self._address.resource, error.body, self._transports, tried)

    def _check_dialect(self, dialect: Dialect) -> None:
        """Raise ConnectError if the user has given an ``auth`` or a ``parser`` that the server does not know."""
        if self._parser is not None and not dialect.has_parsers:
            raise ConnectError(
                "a parser= came with socket.io 2.0, and this server speaks revision "
                f"{dialect.number} ({dialect.servers}): leave parser= out",
                retryable=False,
            )
        if not dialect.asks_to_join and self._auths and "" in [endpoint.name for endpoint, _ in self._auths]:
            raise ConnectError(
                f"an auth= that is no HTTP authentication came with socket.io 3, and revision {dialect.number} has "
                "none: use params=",
                retryable=False,
            )

    def _handshake(self, http: HttpClient, requests: Sequence[HandshakeRequest]) -> Handshake:
        refusal: ConnectError | None = None
        status: int | None = None
        self._begin(http.abort)
        for request in requests:
            if request.after and status not in request.after:
                continue
            try:
                response = http.get(fresh_url(self._address.url(request.path)), self._deadline)
                status = response.status
                return self._opening.read_handshake(status, response.body, response.content_type)
            except ConnectError as error:
                if isinstance(error, HandshakeRejected):
                    error.retry_after = response.retry_after
                # The first says best what is wrong, unless a later one can name who is there.
                refusal = error if refusal is None or isinstance(error, WrongRevision) else refusal
                if not isinstance(error, (HandshakeRejected, WrongRevision)):
                    break
        assert refusal is not None
        raise refusal

    def _open(
        self, http: HttpClient, way: Way, deadline: float, handshake: Handshake | None, opening: Opening | None = None
    ) -> Started:
        """Open a transport for the session of ``handshake``, or for one that it opens by itself, as of ``opening``."""
        transport = make_transport(way.kind, http, self._limit, way.framing)
        try:
            self._begin(transport.abort)
            transport.open(self._address.url(way.path), deadline)
            if handshake is None:
                handshake = _read_open_packet(transport, opening or self._opening, deadline)
                self._check_dialect(handshake.dialect)
            elif way.probe is not None:
                _probe(transport, way.probe, deadline)
            self._begin(transport.abort)
        except BaseException as problem:
            with suppress(BaseException):  # whatever is wrong with it, it is not used any more
                transport.close(0)
            if isinstance(problem, _EndedByPing):
                return self._open(http, way, deadline, None, problem.opening)
            if isinstance(problem, HandshakeRejected) and handshake is None:
                raise rejected(problem.status, problem.body, way.name, problem.retry_after) from None
            if isinstance(problem, ConnectionLost):
                raise ConnectError(f"the server ended {way.name} at once: {problem}") from problem
            if isinstance(problem, SocketIOError) or (self._only_asks and not isinstance(problem, Exception)):
                raise  # Ctrl-C never strikes the thread of ``run``
            raise ConnectError(f"{way.name} did not open: {text_of(problem)}") from problem
        return handshake, transport

    def _share(self, candidates: int) -> float:
        """Return the deadline of one of so many, so that a silent one leaves some time to the next."""
        now = time.monotonic()
        return now + (self._deadline - now) / candidates

    def _no_common_transport(self, handshake: Handshake) -> ConnectError:
        return ConnectError(
            f"no transport in common: the server offers {', '.join(handshake.transports) or 'nothing'}, asked for are "
            f"{', '.join(self._transports)}, and revision {handshake.dialect.number} has "
            f"{', '.join(handshake.opening.transports)}",
            retryable=False,
        )


def add_advice_about_paths(error: ConnectError, address: Address) -> None:
    """Say in the error, if nothing was found at a path, that the path of the URL may be an endpoint."""
    nothing_found = (
        error.status == 404
        if isinstance(error, HandshakeRejected)
        else error.__cause__ is None or isinstance(error.__cause__, (ConnectionResetError, TimeoutError))
    )
    if address.mount and nothing_found and not isinstance(error, WrongRevision):
        name = f"/{address.mount}"
        advice = f'If "{name}" is an endpoint (a namespace), leave it out of the URL and call connect("{name}")'
        error.args = (f"{error}. {advice}",)


def _read_open_packet(transport: Transport, opening: Opening, deadline: float) -> Handshake:
    """Return the handshake that comes over a websocket.

    Raises:
        ConnectError: it does not come.
        ConnectionLost: the server ended the session.
    """
    try:
        frames = _first_frames(transport, deadline)
    except (ConnectError, ConnectionLost) as error:
        if not opening.silence_advice:
            raise
        raise ConnectError(f"no session opened over {transport.name}, {opening.silence_advice} ({error})") from error
    doubt = opening.doubt(frames)
    if doubt is None:
        return opening.read_open_packet(frames)
    patience = min(deadline, time.monotonic() + _OPENING_PATIENCE)
    try:
        transport.send([doubt.ping])
        while opening.doubt(frames) is not None and time.monotonic() < patience:
            frames += transport.recv_until(patience)
    except ConnectionLost as error:
        raise _EndedByPing(str(error), doubt.opening) from error
    return opening.read_open_packet(frames)


def _probe(transport: Transport, probe: Probe, deadline: float) -> None:
    transport.send([probe.ping])
    frames = _first_frames(transport, deadline)
    if frames != [probe.pong]:
        raise ConnectError(f"instead of the pong to a probe, the server sent {frames!r:.200}")
    transport.send([probe.upgrade])


def _first_frames(transport: Transport, deadline: float) -> list[Frame]:
    """Return what a transport brings first.

    Raises:
        ConnectError: it brings nothing before ``deadline``.
        ConnectionLost: it ended.
    """
    frames = transport.recv_until(deadline)
    if not frames:
        raise ConnectError(f"the server sends nothing over {transport.name}")
    return frames


def as_connect_error(problem: BaseException) -> ConnectError:
    """Return what an attempt raised; if it should not have raised that, the ConnectError for it."""
    if isinstance(problem, ConnectError):
        return problem
    error = ConnectError(f"connecting failed: {text_of(problem)}", retryable=False)
    error.__cause__ = problem
    return error
