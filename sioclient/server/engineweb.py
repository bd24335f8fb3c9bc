"""The requests of Engine.IO as handlers of Tornado, beside those of revision 1 at the same path: see ``web``."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from tornado.httputil import HTTPServerRequest
from tornado.routing import Matcher, Rule
from tornado.web import stream_request_body

from ..protocol.framing import Frame
from ..protocol.revisions.serving import PROBE_PING, PROBE_PONG, UPGRADE
from .client import Client
from .enginebodies import (
    BAD_REQUEST,
    TAKEN,
    UNKNOWN_SESSION,
    UNKNOWN_TRANSPORT,
    WRONG_METHOD,
    WRONG_REVISION,
    forbidden,
    read_post,
    write_poll,
)
from .enginesession import EngineSession
from .guarded import Quiet
from .handshake import Response, may_come_from
from .hub import Hub
from .request import Request, read_query
from .sessionbase import LinkKind
from .web import ClientSocket, Http, PollLink, WebSocketLink, port_of

PROBE_TIME = 10.0
"""Seconds that a websocket which is probed has to take over."""

Query = dict[str, list[str]]


class EngineMatcher(Matcher):
    """Matches what asks for a session of Engine.IO or belongs to one; other requests are those of revision 1.

    Args:
        root: the beginning of the path, as a pattern.
        websocket: whether websockets are meant, or everything else.
        has_old: whether clients of revision 1 are served at the same path.
    """

    def __init__(self, root: str, *, websocket: bool, has_old: bool) -> None:
        self._path = re.compile(root + (r"(/|/1/?)?" if has_old else r"(/.*)?"))
        self._websocket, self._has_old = websocket, has_old

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """Return the arguments of the handler, which has none, or None."""
        path = self._path.fullmatch(request.path)
        names = {"EIO", "transport"} & set(request.query_arguments)
        # The path of a handshake of revision 1 is that of both if the query says both.
        if path is None or (self._has_old and len(names) < (2 if (path[1] or "/") != "/" else 1)):
            return None
        is_upgrade = request.headers.get("Upgrade", "").lower() == "websocket"
        return {} if is_upgrade is self._websocket else None


def _first(query: Query, name: str) -> str:
    return query.get(name, [""])[0]


class _Engine(Quiet):
    """What websockets and other requests have in common."""

    def _refusal(self, query: Query, transport: str) -> Response | None:
        """Return why a request is refused, whatever session it is for; None: it is not."""
        settings = self.hub.settings
        name = {"websocket": "websocket", "polling": "xhr-polling"}.get(_first(query, "transport"))
        name = "jsonp-polling" if name == "xhr-polling" and "j" in query else name
        if name is None or name not in settings.transports:
            return UNKNOWN_TRANSPORT
        if self.revision_of(query) not in settings.revisions:
            return WRONG_REVISION
        return None if _first(query, "transport") == transport else BAD_REQUEST

    def _find(self, query: Query) -> tuple[Client, EngineSession] | None:
        """Return the client whose session a request names, if it is of the same revision."""
        client = self.hub.clients.get(_first(query, "sid"))
        session = None if client is None else client.session
        if client is None or not isinstance(session, EngineSession) or session.is_over:
            return None
        return (client, session) if session.revision == self.revision_of(query) else None

    def revision_of(self, query: Query) -> int | None:
        """Return the revision that a request is of; servers of Engine.IO 3 take any for theirs."""
        engines, served = self.hub.dialects.engines, self.hub.settings.revisions
        if engines["3"] in served and engines["4"] not in served:
            return engines["3"]
        return engines.get(_first(query, "EIO"))

    async def _begin_session(self, query: Query, upgrades: tuple[str, ...] = ()) -> Client | Response:
        """Return a new client, or the refusal."""
        cookies = {name: morsel.value for name, morsel in self.request.cookies.items()}
        request = Request(
            query, self.request.headers, cookies, self.address, port_of(self.request), path=self.request.path
        )
        refused = await self.hub.admit(request)
        if refused is not None:
            return forbidden(refused)
        revision = self.revision_of(query)
        assert revision is not None, "_refusal has asked before"
        return self.hub.begin(request, revision, upgrades, text_only="b64" in query)


class TextLink(WebSocketLink):
    """A websocket of a client that cannot have bytes.

    Args:
        handler: the websocket.
        text_of: writes a frame as a text.
    """

    def __init__(self, handler: ClientSocket, text_of: Callable[[Frame], str]) -> None:
        super().__init__(handler)
        self._text_of = text_of

    def write(self, frames: list[Frame]) -> None:
        """Write frames, the first of them at once."""
        super().write(list(map(self._text_of, frames)))


class EngineWebSocket(_Engine, ClientSocket):
    """A websocket that opens a session, or takes over the one that its ``sid`` names."""

    link: WebSocketLink
    _session: EngineSession | None = None
    _is_open = _is_probe = _was_probed = _is_lost = False

    async def get(self, *args: str, **kwargs: str) -> None:
        """Become a websocket, if there is or can be a session for it."""
        query = read_query(self.request.query)
        refused = await self.admit(query)
        if refused is not None:
            self.set_status(refused.status)
            self.set_header("Content-Type", refused.content_type)
            self.finish(refused.body)
            return
        try:
            if not self._is_lost:  # as it may be while authorization takes its time
                await super().get(*args, **kwargs)
        finally:
            if self.client is not None and not self._is_probe and not self._is_open:
                self.client.drop()  # no websocket came of it

    async def admit(self, query: Query) -> Response | None:
        """Return why there is no session for the websocket; None: there is one."""
        refused = self._refusal(query, "websocket")
        if refused is None:
            refused = await (self._meet(query) if "sid" in query else self.begin(query))
        return refused

    async def _meet(self, query: Query) -> Response | None:
        found = self._find(query)
        if found is None:
            return UNKNOWN_SESSION
        self.client, self._session = found
        await self.client.stall_ended()
        if not may_come_from(self.request.headers, self.hub.settings.origins):
            return forbidden(Response(403, "", "handshake bad origin"))
        if self._session.link is LinkKind.STREAM or self._session.is_upgrading or self._session.ended is not None:
            return BAD_REQUEST
        self._is_probe = True
        return None

    async def begin(self, query: Query) -> Response | None:
        """Begin a session; return why there is none."""
        begun = await self._begin_session(query)
        if isinstance(begun, Response):
            return begun
        self.client = begun
        return None

    def open(self) -> None:
        """Carry the session, or wait for the probe."""
        self._is_open = True
        self.guard()
        assert self.client is not None
        session = self.client.session
        assert isinstance(session, EngineSession)
        self.link = self.make_link(session)
        if self._is_probe:
            self.hub.loop.call_later(PROBE_TIME, self._give_up)
        else:
            self.client.attach(self.link)

    def make_link(self, session: EngineSession) -> WebSocketLink:
        """Return what writes to the client."""
        text_only = "b64" in self.request.query_arguments and session.dialect.client_pings
        return TextLink(self, session.dialect.engine.text_of) if text_only else WebSocketLink(self)

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        """Take a frame, now or as soon as there is room: until then Tornado reads no further."""
        client = self.client
        assert client is not None
        if self._is_probe:
            self._probe(client, message)
            return None
        if client.has_room():
            client.receive(message)
            return None
        return self._receive_later(client, message)

    async def _receive_later(self, client: Client, message: str | bytes) -> None:
        await client.room()
        client.receive(message)

    def _probe(self, client: Client, message: str | bytes) -> None:
        session = self._session
        assert session is not None
        if message == PROBE_PING and not self._was_probed and not session.is_upgrading:
            self._was_probed = True
            self.link.write([PROBE_PONG])
            session.pause()
            client.flush()
        elif message == UPGRADE and self._was_probed and session.ended is None:
            self._is_probe = False
            session.pause()
            client.flush()  # a poll that is still open has its response now
            client.attach(self.link)
        else:
            self.close()

    def _give_up(self) -> None:
        if self._is_probe:
            self.close()

    def on_close(self) -> None:
        """The connection was closed or lost."""
        if self._is_probe:
            if self._was_probed and self._session is not None:
                self._session.resume()
        elif self.client is not None:
            self.client.detach(self.link)
        else:
            self._is_lost = True


@stream_request_body
class EngineHttp(_Engine, Http):
    """Polls and posts, and the poll that opens a session."""

    _refused: Response | None = None
    _session: EngineSession | None = None

    def prepare(self) -> Awaitable[None] | None:
        """Find out who it is from and whether it is allowed, before any of the body is read."""
        self.query = read_query(self.request.query)
        self.body = bytearray()
        self.request.connection.set_max_body_size(self.hub.settings.max_message_size)  # type: ignore[union-attr]
        self._refused = self._refusal(self.query, "polling")
        found = None if self._refused else self._find(self.query)
        self.client, self._session = found or (None, None)
        return Quiet.prepare(self) if self.client is None else None

    async def get(self, path: str | None = None) -> None:
        """Respond to a poll."""
        if self._refused is None and "sid" not in self.query:
            upgrades = ("websocket",) if "websocket" in self.hub.settings.transports else ()
            begun = await self._begin_session(self.query, upgrades)
            if isinstance(begun, Response):
                self._refused = begun
            else:
                self.client, self._session = begun, begun.session  # type: ignore[assignment]
        elif self._refused is None:
            self._refused = self._check_poll()
        if self._refused is not None:
            self.respond(self._refused)
        else:
            await self._poll_session()

    async def post(self, path: str | None = None) -> None:
        """Take frames for a session."""
        if self._refused is None and "sid" not in self.query:
            self._refused = WRONG_METHOD
        client, session = self.client, self._session
        if self._refused is not None or client is None or session is None:
            self.respond(self._refused or UNKNOWN_SESSION)
            return
        await client.room()
        self.respond(self._take(client, session))

    def put(self, path: str | None = None) -> None:
        """Refuse: nothing is put."""
        self.respond(WRONG_METHOD)

    def options(self, path: str | None = None) -> None:
        """Respond to a preflight."""
        super().options(path)

    def _check_poll(self) -> Response | None:
        """Return why there can be no poll now; a second one beside the first ends the session."""
        client, session = self.client, self._session
        if client is None or session is None:
            return UNKNOWN_SESSION
        if session.link is LinkKind.STREAM:
            return BAD_REQUEST
        if session.link is LinkKind.POLL:
            session.fail("two polls at once")
            client.flush()
            return BAD_REQUEST
        return None

    def _take(self, client: Client, session: EngineSession) -> Response:
        body = bytes(self.body)
        self.body.clear()
        if session.ended is not None:
            client.drop()  # whoever still says something need not be told that it has ended
            return TAKEN
        if session.link is LinkKind.STREAM:
            return BAD_REQUEST
        try:
            frames = read_post(session.dialect, body, is_form="j" in self.query)
        except ValueError:
            client.receive("")  # what is no packet ends the session
            return BAD_REQUEST
        client.receive_body(frames, len(body))
        return TAKEN

    async def _poll_session(self) -> None:
        client, session = self.client, self._session
        assert client is not None
        assert session is not None
        self.link = link = PollLink()
        client.attach(link)
        frames: list[Frame] = [*await link.frames]
        self.leave(link)
        if link.is_cut:
            self.detach().close()
            return
        if not frames:
            self.respond(UNKNOWN_SESSION)  # the session is over
            return
        index = self.query["j"][-1] if "j" in self.query else None
        content_type, body = write_poll(session.dialect, frames, text_only=session.text_only, index=index)
        self.set_header("X-XSS-Protection", "0")
        await self.write_out(Response(200, content_type, body))  # type: ignore[arg-type]


def engine_routes(root: str, hub: Hub) -> list[Any]:
    """Return the routes of Engine.IO under a path, which come before those of revision 1.

    Args:
        root: the beginning of the path, as a pattern.
        hub: the clients.
    """
    has_old = 1 in hub.settings.revisions
    return [
        Rule(EngineMatcher(root, websocket=True, has_old=has_old), EngineWebSocket, {"hub": hub}),
        Rule(EngineMatcher(root, websocket=False, has_old=has_old), EngineHttp, {"hub": hub}),
    ]
