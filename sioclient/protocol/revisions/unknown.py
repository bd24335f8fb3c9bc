"""The opening for a server whose generation is not known: the handshake says which it is.

A server of revision 1 takes the first request for its usual handshake, and socket.io 1.0 to 4.x take it for theirs. The
other requests are for servers that look at the path more closely. The session that a response opens is the one that is
used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..framing import Frame, Framing
from ..jsontext import JsonText
from . import responses
from .base import Dialect, Handshake, HandshakeRequest, KnownOpening
from .engine import MOST_BYTES, engine_alone, revision4, revision5
from .revision1 import revision1

_OTHER_PATH = frozenset({400, 404})
_OLDER = frozenset({400})
_JOINED = ("40", '4{"type":0,"nsp":"/"}')
"""What joins us unasked, the second from a server with a parser for msgpack."""


class UnknownOpening:
    """Begins a session with any of several revisions; see ``Opening``.

    Args:
        known: the openings of these revisions: ``"1"``, and by their revisions of Engine.IO ``"3"`` and ``"4"``.
    """

    dialect = None
    candidates: tuple[Dialect, ...] = ()
    transports: Mapping[str, str] = {"websocket": "websocket"}

    def __init__(self, known: Mapping[str, KnownOpening]) -> None:
        self._known = known
        self.candidates = tuple(opening.dialect for opening in known.values())

    def requests(self, resource: str) -> tuple[HandshakeRequest, ...]:
        """Return the request that is enough for most servers, and those for the others."""
        query = "EIO=4&transport=polling"
        both = (HandshakeRequest(f"/{resource}/1/?{query}"),) if "1" in self._known else ()
        after = _OTHER_PATH if both else frozenset[int]()
        return (
            *both,
            HandshakeRequest(f"/{resource}/?{query}", after),
            HandshakeRequest(f"/{resource}/?EIO=3&transport=polling", _OLDER),
        )

    def direct_path(self, resource: str, transport: str) -> str | None:
        """Return None: only the response to a request says which generation this is."""
        return None

    def fallback_path(self, resource: str, refusal: str) -> str | None:
        """Return the path of a websocket if the server has no polling."""
        return self._known["4"].fallback_path(resource, refusal)

    def framing(self, transport: str, handshake: Handshake | None) -> Framing:
        """Return that of the last revision: only a websocket comes without a handshake, and it has no bodies."""
        return self._known["4"].framing(transport, handshake)

    def read_handshake(self, status: int, body: str, content_type: str | None = None) -> Handshake:
        """Return the handshake in a response, read by the opening of the revision that the body shows."""
        text = body.strip().removeprefix("\ufeff")
        engine = responses.engine_revision(body)
        if engine is None and (responses.is_engine_refusal(text) or (status != 200 and "1" not in self._known)):
            raise responses.rejected(status, text)
        name = engine or "1"
        if name not in self._known:
            raise responses.not_socketio(text)
        return self._known[name].read_handshake(status, body, content_type)

    def is_complete(self, frames: Sequence[Frame]) -> bool:
        """Return whether the revision is clear: only later servers announce a limit, older ones join us at once."""
        return len(frames) > 1 or '"maxPayload":' in str(frames[0])

    def read_open_packet(self, frames: Sequence[Frame]) -> Handshake:
        """Return the handshake in the first frames of a websocket, of the revision that they show."""
        name = "3" if len(frames) > 1 and frames[1] in _JOINED else "4"
        return self._known[name].read_open_packet(frames)


def any_revision(
    json: JsonText | None = None, most_bytes: int = MOST_BYTES, parser: str | None = None
) -> UnknownOpening:
    """Return the opening for a Socket.IO server of any generation."""
    json = json or JsonText()
    later = {"3": revision4(json, most_bytes, parser), "4": revision5(json, most_bytes, parser)}
    return UnknownOpening({"1": revision1(json), **later})


def any_engine(json: JsonText | None = None) -> UnknownOpening:
    """Return the opening for an Engine.IO server of revision 3 or 4, without Socket.IO."""
    json = json or JsonText()
    return UnknownOpening({"3": engine_alone(3, json), "4": engine_alone(4, json)})
