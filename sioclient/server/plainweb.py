"""Plain WebSockets as handlers of Tornado: the same sessions, without a packet of Engine.IO."""

from __future__ import annotations

from ..protocol.framing import Frame, Ping, Pong
from ..protocol.revisions.serving import PLAIN
from .enginesession import EngineSession
from .engineweb import EngineWebSocket, Query
from .handshake import Response
from .web import WebSocketLink
from .wsframes import PING
from .wsframes import frame as wsframe


class PlainLink(WebSocketLink):
    """A websocket whose pings are those of RFC 6455."""

    def wire_bytes(self, frame: Frame) -> bytes:
        """Return what the client gets for a frame, which may be a ping."""
        return wsframe(PING, frame) if type(frame) is Ping else super().wire_bytes(frame)


class PlainWebSocket(EngineWebSocket):
    """A websocket that is a session from its beginning to its end."""

    async def admit(self, query: Query) -> Response | None:
        """Begin a session; return why there is none."""
        return await self.begin(query)

    def revision_of(self, query: Query) -> int | None:
        """Return the number of the one dialect."""
        return PLAIN

    def make_link(self, session: EngineSession) -> WebSocketLink:
        """Return what writes to the client."""
        return PlainLink(self)

    def on_pong(self, data: bytes) -> None:
        """The client is alive."""
        if self.client is not None:
            self.client.receive(Pong(data))
