"""Revision 1: socket.io 0.7 to 0.9, TornadIO2, gevent-socketio.

Source: LearnBoost/socket.io-spec, and what those servers do where they differ from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from ...errors import LocalProtocolError, RemoteProtocolError
from ..framing import MOST_IN_FORM, MOST_SHARED, PING_MARK, Frame, Framing, Ping
from ..jsontext import JsonText, json_text
from ..packets import Encoded, Noop
from . import responses
from .base import Decoder, Doubt, Handshake, HandshakeRequest, Posts, Probe
from .framing1 import JsonpFraming, PageFraming, PlainFraming
from .jsonp1 import decode_jsonp, jsonp_error
from .packets1 import PacketCodec, check_endpoint

_SECONDS = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,6})?")
_MOST_SECONDS = 86_400
_LIVENESS_GRACE = 1.0
"""Seconds added to the announced silence, for a packet that is on its way."""

_ID_OF_09 = re.compile(r"[\w-]{20}", re.ASCII)
"""A session id of socket.io since 0.9.7: 15 bytes in base64. Up to 0.9.6 it has digits, and elsewhere other lengths."""

_ID_OF_TORNADIO = re.compile(r"[0-9a-f]{32}")
"""A session id of TornadIO2; those of socket.io are never as long."""

_MOST_UNCUT = 125
"""Characters that surely have no more than 500 bytes, which fit into the smallest segment of TCP."""

_POLLS = frozenset({"xhr-polling", "jsonp-polling"})

LONGEST_POLL = 25.0
"""Seconds in which every poll has its response, if only an empty one: the polling duration is 20 s by default, is not
announced, and is all that an idle connection hears, for socket.io 0.x sends no heartbeats to those who poll."""

_JSONP_REFUSALS = {"handshake unauthorized": 403, "handshake bad origin": 403}
_OTHER_PATH = frozenset({400, 404})
"""Statuses with which a server of a later generation refuses the handshake of revision 1."""


class Dialect1:
    """How revision 1 is spoken; see ``Dialect``.

    Args:
        json: how JSON is written and read; the standard library's by default.
    """

    number = 1
    servers, join_advice = "socket.io 0.7 to 0.9", ""
    takes_turns = asks_to_join = has_parsers = heartbeats_unprompted = pongs_once = False

    def __init__(self, json: JsonText | None = None) -> None:
        codec = PacketCodec(json or json_text())
        self.encode, self.decode, self._decode_all = codec.encode, codec.decode, codec.decode_all

    def check_endpoint(self, name: str) -> str:
        """Return ``name`` if an endpoint can have this name; see ``packets1.check_endpoint``."""
        if "?" in check_endpoint(name):
            raise LocalProtocolError(f"an endpoint's name cannot hold a query: use query= instead of {name!r}")
        return name

    def decoder(self) -> Decoder:
        """Return a decoder: each frame is a whole packet, so one decoder serves every session."""
        return self._decode_all

    def disconnect_packets(self, transport: str) -> tuple[str, ...]:
        """Return the packet that ends the session, on every transport."""
        return ("0::",)

    def needs_fence(self, transport: str) -> bool:
        """Return whether it is a websocket: only there does a burst become a deep recursion in the server."""
        return transport == "websocket"

    def fence(self, number: int, *, reads_ahead: bool) -> Encoded:
        """Return a noop with an id, which socket.io acknowledges; for who reads ahead, TornadIO2, a ping.

        Those of socket.io 0.8 and 0.9 close a websocket for a ping, or reply with bytes that are none.
        """
        if reads_ahead:
            return (Ping(PING_MARK + str(number).encode()),)
        return self.encode(Noop(id=number))

    def may_count_bytes(self, handshake: Handshake) -> bool:
        """Return whether the session id has the shape of socket.io 0.9.7 and later: 0.9.17 to 0.9.19 count them."""
        return _ID_OF_09.fullmatch(handshake.session_id) is not None

    def reads_ahead(self, handshake: Handshake) -> bool:
        """Return whether the session id has the shape of TornadIO2."""
        return _ID_OF_TORNADIO.fullmatch(handshake.session_id) is not None

    def posts_beside(self, transport: str, handshake: Handshake) -> Posts | None:
        """Return the POSTs of a polling that is offered beside a websocket: socket.io 0.8 and 0.9 take them.

        socket.io decodes each segment of a body by itself, so that a character may be cut. A form has none that could
        be; 0.8.5 and older would not read it.
        """
        if transport != "websocket":
            return None
        if self.may_count_bytes(handshake) and "jsonp-polling" in handshake.transports:
            return Posts("jsonp-polling", MOST_IN_FORM)
        return Posts("xhr-polling", MOST_SHARED, _MOST_UNCUT) if "xhr-polling" in handshake.transports else None

    def dead_after(self, handshake: Handshake, transport: str) -> float | None:
        """Return the larger of both time-outs, and a grace; never less than an idle poll may last.

        socket.io 0.7 and 0.8 announce a heartbeat time-out of 15 s but send a heartbeat every 20 s; their close
        time-out is 25 s.
        """
        if not handshake.heartbeat_timeout:
            return None
        announced = max(handshake.heartbeat_timeout, handshake.close_timeout or 0) + _LIVENESS_GRACE
        return max(announced, LONGEST_POLL) if transport in _POLLS else announced

    def heartbeat_every(self, handshake: Handshake) -> float | None:
        """Return half the heartbeat time-out: these servers also count a heartbeat for which they did not ask."""
        timeout = handshake.heartbeat_timeout
        return timeout / 2 if timeout else None


class Opening1:
    """How a session of revision 1 begins; see ``KnownOpening``.

    Every session begins with a handshake over HTTP, and the first transport to open carries it.
    """

    transports: Mapping[str, str] = {name: name for name in ("websocket", "xhr-polling", "jsonp-polling", "htmlfile")}
    silence_advice = ""

    close_packet = None
    """To send one, a transport would have to connect first, and the application would hear of it."""

    def __init__(self, dialect: Dialect1) -> None:
        self.dialect, self.candidates = dialect, (dialect,)

    def requests(self, resource: str) -> tuple[HandshakeRequest, ...]:
        """Return the request for a handshake, and the one to which later generations respond with theirs."""
        later = HandshakeRequest(f"/{resource}/?EIO=4&transport=polling", _OTHER_PATH)
        return handshake_request(resource), later

    def direct_path(self, resource: str, transport: str) -> str | None:
        """Return None: no transport opens a session by itself."""
        return None

    def fallback_path(self, resource: str, refusal: str, tried: str = "") -> str | None:
        """Return None: a websocket needs a handshake, too."""
        return None

    def transport_path(self, resource: str, transport: str, session_id: str) -> str:
        """Return the path of a transport of a session; that of scripts has the number of the script."""
        path = f"/{resource}/1/{transport}/{quote(session_id, safe='')}"
        return f"{path}?i=0" if transport == "jsonp-polling" else path

    def probe(self, transport: str) -> Probe | None:
        """Return None: no transport takes a session over."""
        return None

    def framing(self, transport: str, handshake: Handshake | None) -> Framing:
        """Return how the bodies of a transport carry frames: as they are, in scripts, or in a page."""
        if transport == "jsonp-polling":
            # socket.io before 0.8.4 gives its handshake no Content-Type. 0.8.4 and 0.8.5 do, but do not read JSON; they
            # cannot be told from later ones.
            return JsonpFraming(as_json=handshake is None or handshake.content_type is not None)
        return PageFraming() if transport == "htmlfile" else PlainFraming()

    def read_handshake(self, status: int, body: str, content_type: str | None = "text/plain") -> Handshake:
        """Return what ``sid:heartbeat timeout:close timeout:transports`` announces, bare or as JSONP."""
        text = body.strip().removeprefix("\ufeff")
        if text.startswith("io.j["):
            refusal = jsonp_error(text)
            if refusal is not None:
                raise responses.rejected(_JSONP_REFUSALS.get(refusal, 500), refusal)
            try:
                text = decode_jsonp(text)
            except RemoteProtocolError as error:
                raise responses.not_socketio(text) from error
        seen = responses.engine_revision(text)
        if seen or responses.is_engine_refusal(text):
            raise responses.wrong_revision(seen or "", f"revision 1 ({self.dialect.servers})", text)
        if status != 200:
            raise responses.rejected(status, text)
        return self._read_announcement(text, content_type)

    def doubt(self, frames: Sequence[Frame]) -> Doubt | None:
        """Return None: more frames would not help."""
        return None

    def read_open_packet(self, frames: Sequence[Frame]) -> Handshake:
        """Raise ConnectError: revision 1 has no open packet."""
        raise responses.not_socketio(str(frames[0][:200]))

    def _read_announcement(self, text: str, content_type: str | None) -> Handshake:
        fields = text.split(":")
        session_id = fields[0]
        # Every known server sends letters, digits, "-" and "_".
        if len(fields) < 3 or not responses.is_session_id(session_id):
            raise responses.not_socketio(text)
        try:
            heartbeat, close = _read_seconds(fields[1]), _read_seconds(fields[2])
        except ValueError:
            raise responses.not_socketio(text) from None
        names = fields[3].split(",") if len(fields) > 3 else []
        transports = tuple(filter(None, map(str.strip, names)))
        return Handshake(
            session_id, heartbeat, close, transports, content_type, opening=self, dialect=self.dialect, text=text
        )


def handshake_request(resource: str) -> HandshakeRequest:
    """Return the request for a handshake; TornadIO2 and gevent-socketio need the slash at the end."""
    return HandshakeRequest(f"/{resource}/1/")


def revision1(json: JsonText | None = None) -> Opening1:
    """Return the opening of revision 1."""
    return Opening1(Dialect1(json))


def _read_seconds(text: str) -> float | None:
    if not text:
        return None
    if not _SECONDS.fullmatch(text) or float(text) > _MOST_SECONDS:
        raise ValueError(f"not a number of seconds: {text!r}")
    return float(text)
