"""The opening for a server whose generation is not known: the handshake says which it is.

A server of revision 1 takes the first request for its usual handshake, and socket.io 1.0 to 4.x take it for theirs. The
other requests are for servers that look at the path more closely. The session that a response opens is the one that is
used.

If only a websocket is wanted, no session is opened by polling, so that no front must keep a client's requests together.
A websocket of Engine.IO 4 is tried first, which 1.x to 4.x and python-socketio 5 open. python-socketio 4 names the
revision as unsupported: a websocket of Engine.IO 3 is next. What is no server of Engine.IO gets the handshake of
revision 1. In no other order are the later servers told apart as quickly: a websocket of Engine.IO 3 is opened by
socket.io 3.1.2, which says nothing then, and by 4.8.1, which writes the response that refuses it into the open
websocket.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ..framing import Frame, Framing
from ..jsontext import JsonText, json_text
from . import responses
from .base import Dialect, Doubt, Handshake, HandshakeRequest, KnownOpening
from .engine import MOST_BYTES, engine_alone, revision4, revision5
from .revision1 import handshake_request, revision1

_OTHER_PATH = frozenset({400, 404})
_OLDER = frozenset({400})
_JOINED = ("40", '4{"type":0,"nsp":"/"}')
"""What joins us unasked, the second from a server with a parser for msgpack."""


class _Openings(dict[str, KnownOpening]):
    """The openings of several revisions, each made when it is asked for first, as most connections need only one.

    Args:
        makers: what makes them: that of ``"1"``, and by their revisions of Engine.IO those of ``"3"`` and ``"4"``.
        given: what they make them of.
    """

    __slots__ = ("given", "makers")

    def __init__(self, makers: Mapping[str, Callable[..., KnownOpening]], *given: Any) -> None:
        self.makers, self.given = makers, given

    def __missing__(self, name: str) -> KnownOpening:
        # Should two threads ask at once, both get the same: packets wait in its dialect.
        return self.setdefault(name, self.makers[name](*self.given))


class UnknownOpening:
    """Begins a session with any of several revisions, whose openings these are; see ``Opening``."""

    dialect = None
    transports: Mapping[str, str] = {"websocket": "websocket"}
    silence_advice = ""
    _polls = "xhr-polling"
    """The transport that the requests name; empty: they name none."""

    def __init__(self, known: _Openings) -> None:
        self._known = known

    @property
    def candidates(self) -> tuple[Dialect, ...]:
        """The dialects of all."""
        return tuple(self._known[name].dialect for name in self._known.makers)

    def requests(self, resource: str) -> tuple[HandshakeRequest, ...]:
        """Return the request that is enough for most servers, and those for the others."""
        query = "EIO=4&transport=polling"
        both = (HandshakeRequest(f"/{resource}/1/?{query}"),) if "1" in self._known.makers else ()
        after = _OTHER_PATH if both else frozenset[int]()
        return (
            *both,
            HandshakeRequest(f"/{resource}/?{query}", after),
            HandshakeRequest(f"/{resource}/?EIO=3&transport=polling", _OLDER),
        )

    def direct_path(self, resource: str, transport: str) -> str | None:
        """Return None: only the response to a request says which generation this is."""
        return None

    def fallback_path(self, resource: str, refusal: str, tried: str = "") -> str | None:
        """Return the path of a websocket if the server has no polling."""
        return self._known["4"].fallback_path(resource, refusal)

    def framing(self, transport: str, handshake: Handshake | None) -> Framing:
        """Return that of the last revision: only a websocket comes without a handshake, and it has no bodies."""
        return self._known["4"].framing(transport, handshake)

    def read_handshake(self, status: int, body: str, content_type: str | None = None) -> Handshake:
        """Return the handshake in a response, read by the opening of the revision that the body shows."""
        text = body.strip().removeprefix("\ufeff")
        engine = responses.engine_revision(body)
        if engine is None and (responses.is_engine_refusal(text) or (status != 200 and "1" not in self._known.makers)):
            raise responses.rejected(status, text, self._polls)
        name = engine or "1"
        if name not in self._known.makers:
            raise responses.not_socketio(text)
        return self._known[name].read_handshake(status, body, content_type)

    def doubt(self, frames: Sequence[Frame]) -> Doubt | None:
        """Return the ping of Engine.IO 3, unless the server announces a limit, joins us unasked, or has sent a pong.

        1.x and 2.x open a websocket for any revision, with the open packet of 3.0 to 4.4. Only these end the session
        because of a ping, and python-engineio does not respond: python-socketio 5 announced no limit at first.
        """
        is_clear = '"maxPayload":' in str(frames[0]) or self._is_older(frames)
        return None if is_clear else Doubt("2", self._known["4"])

    def read_open_packet(self, frames: Sequence[Frame]) -> Handshake:
        """Return the handshake in the first frames of a websocket, of the revision that they show."""
        return self._known["3" if self._is_older(frames) else "4"].read_open_packet(frames)

    def _is_older(self, frames: Sequence[Frame]) -> bool:
        was_joined = "1" in self._known.makers and len(frames) > 1 and frames[1] in _JOINED
        return was_joined or "3" in frames[1:]


class UnknownWebsocket(UnknownOpening):
    """The same if only a websocket is wanted: no session is opened by polling."""

    _polls = ""

    def requests(self, resource: str) -> tuple[HandshakeRequest, ...]:
        """Return the handshake of revision 1, for what is no server of Engine.IO."""
        return (handshake_request(resource),) if "1" in self._known.makers else ()

    def direct_path(self, resource: str, transport: str) -> str | None:
        """Return the path of a websocket of Engine.IO 4."""
        return self._known["4"].direct_path(resource, transport)

    def fallback_path(self, resource: str, refusal: str, tried: str = "") -> str | None:
        """Return the path of a websocket of Engine.IO 3 if the server says that it does not speak 4, or says nothing.

        In an ASGI server, python-socketio cannot say why it refuses an upgrade.
        """
        if tried != self._known["4"].direct_path(resource, "websocket"):
            return None
        may_be_older = not refusal or responses.is_unsupported(refusal)
        return self._known["3"].direct_path(resource, "websocket") if may_be_older else None


def _revision1(json: JsonText, most_bytes: int, parser: str | None) -> KnownOpening:
    return revision1(json)


_SOCKETIO: Mapping[str, Callable[..., KnownOpening]] = {"1": _revision1, "3": revision4, "4": revision5}
_ENGINEIO: Mapping[str, Callable[..., KnownOpening]] = {name: partial(engine_alone, int(name)) for name in ("3", "4")}


def any_revision(
    json: JsonText | None = None,
    most_bytes: int = MOST_BYTES,
    parser: str | None = None,
    *,
    only_websocket: bool = False,
) -> UnknownOpening:
    """Return the opening for a Socket.IO server of any generation."""
    known = _Openings(_SOCKETIO, json or json_text(), most_bytes, parser)
    if parser is not None:
        known["4"]  # so whoever lacks the library for it is told at once
    return _kind(only_websocket)(known)


def any_engine(json: JsonText | None = None, *, only_websocket: bool = False) -> UnknownOpening:
    """Return the opening for an Engine.IO server of revision 3 or 4, without Socket.IO."""
    return _kind(only_websocket)(_Openings(_ENGINEIO, json or json_text()))


def _kind(only_websocket: bool) -> type[UnknownOpening]:
    return UnknownWebsocket if only_websocket else UnknownOpening
