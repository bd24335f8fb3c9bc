"""An attempt to connect: the handshake, then the first transport that opens, or a websocket that opens a session.

The grammars say what to request and how to read the responses; the transports do it. An attempt is a generator of
steps (see ``steps``), so that both fronts make the same attempts.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ..address import Address, fresh_url
from ..errors import ConnectError, ConnectionLost, HandshakeRejected, SocketIOError, WrongRevision, text_of
from ..options import Options, asked_data
from ..protocol.endpoints import Endpoint
from ..protocol.framing import Frame
from ..protocol.revisions.base import Dialect, Handshake, HandshakeRequest, Opening, Probe
from ..protocol.revisions.responses import clearer, is_engine_refusal, rejected
from ..protocol.revisions.ways import Way, first_steps, way_after_rejection, ways_of
from ..protocol.start import Start, make_start
from ..transports.base import Transport
from .records import log_step
from .steps import Steps

if TYPE_CHECKING:
    from ..transports.http import HttpClient

_AHEAD = 0.1
"""Seconds by which an attempt ends before the protocol gives it up, so that the error says what did not respond."""

_OPENING_PATIENCE = 0.5
"""Seconds for a server to say more, if what it said first does not tell who it is."""

_SURE = (ConnectionRefusedError, socket.gaierror, TimeoutError, ConnectionLost)
"""Causes of a failure that another request would have, too, or that only a server of Engine.IO has."""

_ABORTED = "the attempt was aborted"
T = TypeVar("T")
Started = tuple[Handshake, Transport]


class Opened(NamedTuple):
    """What an attempt has opened: a session, the transport that carries it, and the data that each ``auth`` gave."""

    handshake: Handshake
    transport: Transport
    data: dict[Endpoint, Any]


class _EndedByPing(ConnectionLost):
    """The server ended a session because of the ping that was to tell its revision; ``opening`` is of that one."""

    def __init__(self, message: str, opening: Opening) -> None:
        super().__init__(message)
        self.opening = opening


class Attempt:
    """One attempt; ``run`` has its steps, ``abort`` ends it from any thread.

    Attributes:
        is_interrupted: whether the steps may raise what is no Exception, and is for the caller: a cancellation, Ctrl-C.
    """

    def __init__(
        self,
        ask: Callable[[], Steps[Any]],
        address: Address,
        options: Options,
        opening: Opening,
        endpoints: Iterable[Endpoint],
        make: Callable[..., Any],
        clock: Callable[[], float],
    ) -> None:
        self._ask, self._address, self._make, self._clock, self._opening = ask, address, make, clock, opening
        self._transports, self._limit, self._parser = options.transports, options.max_message_size, options.parser
        self._auths = list[tuple[Endpoint, Any]]()
        for endpoint in endpoints:
            self._auths += [(endpoint, endpoint.auth)] if endpoint.auth is not None else ()
        seconds = options.connect_timeout
        self._deadline = clock() + seconds - min(seconds / 20, _AHEAD)
        self._abort: Callable[[], None] = lambda: None
        self._aborted = self.is_interrupted = False

    def run(self) -> Steps[Opened]:
        """Connect.

        Raises:
            ConnectError: it did not work out; what was open is closed.
        """
        if self._opening.dialect is not None:
            self._check_dialect(self._opening.dialect)
        http = yield from self._ask()
        data = {}
        for endpoint, auth in self._auths:
            data[endpoint] = yield from asked_data(auth)
        direct, requests = first_steps(self._opening, self._address.resource, self._transports)
        try:
            if direct is None:
                handshake, transport = yield from self._open_after_handshake(http, requests)
            else:
                otherwise = partial(self._open_after_handshake, http, requests) if requests else None
                handshake, transport = yield from self._open_directly(http, direct, otherwise)
        except ConnectError as error:
            add_advice_about_paths(error, self._address)
            raise
        dialect = handshake.dialect
        if dialect is not self._opening.dialect:
            log_step("%s speaks revision %d: %s", self._address, dialect.number, dialect.servers)
        return Opened(handshake, transport, data)

    def ask(self) -> Steps[Handshake]:
        """Only find out what the server announces; the session is ended, or left to end by itself.

        Raises:
            ConnectError: there was no handshake.
        """
        http, resource, self.is_interrupted = (yield from self._ask()), self._address.resource, True
        direct, requests = first_steps(self._opening, resource, self._transports)
        if direct is not None:
            opened = yield from self._open_directly(http, direct, lambda: self._handshake(http, requests))
            if isinstance(opened, Handshake):
                return opened
            with suppress(Exception):
                yield partial(opened[1].close, 0)
            return opened[0]
        try:
            handshake = yield from self._handshake(http, requests)
        except HandshakeRejected as rejection:
            handshake, transport = yield from self._open_after_rejection(http, rejection)
            with suppress(Exception):
                yield partial(transport.close, 0)
            return handshake
        if handshake.opening.close_packet is not None:
            (polling,) = ways_of(replace(handshake, transports=()), resource, ("xhr-polling",))
            _, transport = yield from self._open(http, polling, self._deadline, handshake)
            with suppress(Exception):  # without a word, the session ends a little later
                yield partial(transport.send, [handshake.opening.close_packet])
                yield partial(transport.finish, self._deadline)
            with suppress(Exception):
                yield partial(transport.close, 0)
        return handshake

    def abort(self) -> None:
        """Make ``run`` raise."""
        self._aborted = True
        self._abort()

    def _open_directly(
        self, http: HttpClient, way: Way, otherwise: Callable[[], Steps[T]] | None
    ) -> Steps[Started | T]:
        """Let the transport that is wanted first open a session by itself; if it does not, begin otherwise."""
        while True:
            try:
                return (yield from self._open(http, way, self._share(len(self._transports)), None))
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
            return (yield from otherwise())
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
        return not error.retryable or isinstance(error.__cause__, _SURE) or self._clock() >= self._deadline

    def _open_after_handshake(self, http: HttpClient, requests: Sequence[HandshakeRequest]) -> Steps[Started]:
        try:
            handshake = yield from self._handshake(http, requests)
        except HandshakeRejected as rejection:
            return (yield from self._open_after_rejection(http, rejection))
        if self._auths or self._parser is not None:
            self._check_dialect(handshake.dialect)
        failure: ConnectError | None = None
        ways = ways_of(handshake, self._address.resource, self._transports)
        for position, way in enumerate(ways):
            try:
                deadline = self._deadline if way is ways[-1] else self._share(len(ways) - position)
                return (yield from self._open(http, way, deadline, handshake))
            except ConnectError as error:
                log_step("%s did not open: %s", way.name, error)
                failure = error
        raise failure or self._no_common_transport(handshake)

    def _open_after_rejection(self, http: HttpClient, rejection: HandshakeRejected) -> Steps[Started]:
        """Let a websocket open a session by itself if the server has nothing else; raise ``rejection`` if not."""
        way = self._way_after(rejection)
        if way is None:
            raise rejection
        return (yield from self._open(http, way, self._deadline, None))

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
                f"auth= came with socket.io 3, and this server speaks revision {dialect.number} ({dialect.servers}): "
                "use params= (for HTTP, auth= is a pair of user and password)",
                retryable=False,
            )

    def _handshake(self, http: HttpClient, requests: Sequence[HandshakeRequest]) -> Steps[Handshake]:
        refusal: ConnectError | None = None
        status: int | None = None
        self._abort = http.abort
        if self._aborted:
            raise ConnectError(_ABORTED)
        for request in requests:
            if request.after and status not in request.after:
                continue
            try:
                response = yield partial(http.get, fresh_url(self._address.url(request.path)), self._deadline)
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
    ) -> Steps[Started]:
        """Open a transport for the session of ``handshake``, or for one that it opens by itself, as of ``opening``."""
        transport = self._make(way.kind, http, self._limit, way.framing)
        try:
            self._abort = transport.abort
            if self._aborted:
                raise ConnectError(_ABORTED)
            yield partial(transport.open, self._address.url(way.path), deadline)
            if handshake is None:
                handshake = yield from self._read_open_packet(transport, opening or self._opening, deadline)
                self._check_dialect(handshake.dialect)
            elif way.probe is not None:
                yield from _probe(transport, way.probe, deadline)
            if self._aborted:
                raise ConnectError(_ABORTED)
        except BaseException as problem:
            with suppress(Exception if self.is_interrupted else BaseException):  # it is not used any more
                yield partial(transport.close, 0)
            if isinstance(problem, _EndedByPing):
                return (yield from self._open(http, way, deadline, None, problem.opening))
            if isinstance(problem, HandshakeRejected) and handshake is None:
                raise rejected(problem.status, problem.body, way.name, problem.retry_after) from None
            if isinstance(problem, ConnectionLost):
                raise ConnectError(f"the server ended {way.name} at once: {problem}") from problem
            if isinstance(problem, SocketIOError) or (self.is_interrupted and not isinstance(problem, Exception)):
                raise  # Ctrl-C never strikes the listener
            raise ConnectError(f"{way.name} did not open: {text_of(problem)}") from problem
        return handshake, transport

    def _read_open_packet(self, transport: Transport, opening: Opening, deadline: float) -> Steps[Handshake]:
        """Return the handshake that comes over a websocket.

        Raises:
            ConnectError: it does not come.
            ConnectionLost: the server ended the session.
        """
        try:
            frames = yield from _first_frames(transport, deadline)
        except (ConnectError, ConnectionLost) as error:
            if not opening.silence_advice:
                raise
            said = f"no session opened over {transport.name}, {opening.silence_advice} ({error})"
            raise ConnectError(said) from error
        doubt = opening.doubt(frames)
        if doubt is None:
            return opening.read_open_packet(frames)
        patience = min(deadline, self._clock() + _OPENING_PATIENCE)
        try:
            yield partial(transport.send, [doubt.ping])
            while opening.doubt(frames) is not None and self._clock() < patience:
                frames += yield partial(transport.recv_until, patience)
        except ConnectionLost as error:
            raise _EndedByPing(str(error), doubt.opening) from error
        return opening.read_open_packet(frames)

    def _share(self, candidates: int) -> float:
        """Return the deadline of one of so many, so that a silent one leaves some time to the next."""
        return self._deadline if candidates == 1 else (now := self._clock()) + (self._deadline - now) / candidates

    def _no_common_transport(self, handshake: Handshake) -> ConnectError:
        return ConnectError(
            f"no transport in common: the server offers {', '.join(handshake.transports) or 'nothing'}, asked for are "
            f"{', '.join(self._transports)}, and revision {handshake.dialect.number} has "
            f"{', '.join(handshake.opening.transports)}",
            retryable=False,
        )


def session_steps(attempt: Attempt, endpoints: Iterable[Endpoint]) -> Steps[tuple[Opened, Start]]:
    """Run an attempt, and make what the session begins with; if that fails, what was opened is closed.

    Raises:
        Exception: the attempt did not work out; or JSON, which may be the user's code, raised.
    """
    opened = yield from attempt.run()
    try:
        return opened, make_start(opened.handshake, opened.handshake.dialect, endpoints, opened.data)
    except BaseException:
        with suppress(Exception):
            yield partial(opened.transport.close, 0)
        raise


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


def _probe(transport: Transport, probe: Probe, deadline: float) -> Steps[None]:
    yield partial(transport.send, [probe.ping])
    frames = yield from _first_frames(transport, deadline)
    if frames != [probe.pong]:
        raise ConnectError(f"instead of the pong to a probe, the server sent {frames!r:.200}")
    yield partial(transport.send, [probe.upgrade])


def _first_frames(transport: Transport, deadline: float) -> Steps[list[Frame]]:
    """Return what a transport brings first.

    Raises:
        ConnectError: it brings nothing before ``deadline``.
        ConnectionLost: it ended.
    """
    frames: list[Frame] = yield partial(transport.recv_until, deadline)
    if not frames:
        raise ConnectError(f"the server sends nothing over {transport.name}")
    return frames
