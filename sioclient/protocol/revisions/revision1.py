"""Revision 1: socket.io 0.7 to 0.9, TornadIO2, gevent-socketio.

Source: LearnBoost/socket.io-spec, and what those servers do where they differ from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from ...errors import LocalProtocolError, RemoteProtocolError
from ..jsontext import JsonText
from ..packets import Encoded, Frame
from . import answers
from .base import Decoder, Framing, Handshake, Probe, Question
from .framing1 import JsonpFraming, PageFraming, PlainFraming
from .jsonp1 import decode_jsonp, jsonp_error
from .packets1 import PacketCodec, check_endpoint

_SECONDS = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,6})?")
_MOST_SECONDS = 86_400
_LIVENESS_GRACE = 1.0
"""Seconds on top of the announced silence, for a packet that is on its way."""

_JSONP_REFUSALS = {"handshake unauthorized": 403, "handshake bad origin": 403}


class Revision1:
    """The first revision of the protocol.

    Args:
        json: how JSON is written and read; the standard library's by default.
    """

    number = 1
    servers = "socket.io 0.7 to 0.9"

    transports: Mapping[str, str] = {name: name for name in ("websocket", "xhr-polling", "jsonp-polling", "htmlfile")}
    asks_to_join = beats_unprompted = answers_once = False

    def __init__(self, json: JsonText | None = None) -> None:
        codec = PacketCodec(json or JsonText())
        self.encode, self.decode, self._decode_all = codec.encode, codec.decode, codec.decode_all

    def farewell(self, transport: str) -> Encoded:
        """Return the packet that ends the session, on every transport."""
        return "0::"

    def decoder(self) -> Decoder:
        """Return what reads frames: every one is a packet, whatever came before it."""
        return self._decode_all

    def last_resort(self, resource: str, refusal: str) -> str | None:
        """Return None: there is no other way in."""
        return None

    def is_opening(self, frames: Sequence[Frame]) -> bool:
        """Return True: nothing more would help."""
        return True

    def read_opening(self, frames: Sequence[Frame]) -> Handshake:
        """Raise: no transport opens a session by itself."""
        raise answers.not_socketio(str(frames[0][:200]))

    def handshakes(self, resource: str) -> tuple[Question, ...]:
        """Return the handshake, and the path at which later generations introduce themselves.

        The slash at the end matters to TornadIO2 and gevent-socketio.
        """
        return Question(f"/{resource}/1/"), Question(f"/{resource}/?EIO=4&transport=polling", frozenset({400, 404}))

    def direct_path(self, resource: str, transport: str) -> str | None:
        """Return None: every session begins with a handshake."""
        return None

    def probe(self, transport: str) -> Probe | None:
        """Return None: the first transport to open carries the session."""
        return None

    def check_endpoint(self, name: str) -> str:
        """Return ``name`` if there can be an endpoint of this name; see ``packets1.check_endpoint``."""
        if "?" in check_endpoint(name):
            raise LocalProtocolError(f"an endpoint's name has no query: give query= with {name!r}")
        return name

    def transport_path(self, resource: str, transport: str, session_id: str) -> str:
        """Return the path of a transport of a session; scripts are asked for by a number."""
        path = f"/{resource}/1/{transport}/{quote(session_id, safe='')}"
        return f"{path}?i=0" if transport == "jsonp-polling" else path

    def framing(self, transport: str, handshake: Handshake) -> Framing:
        """Return how a transport's bodies carry frames: as they are, unless it has a way of its own."""
        if transport == "jsonp-polling":
            # socket.io before 0.8.4 gives its handshake no type. 0.8.4 and 0.8.5 do, and read no JSON: these two cannot
            # be told from later ones.
            return JsonpFraming(as_json=handshake.content_type is not None)
        return PageFraming() if transport == "htmlfile" else PlainFraming()

    def read_handshake(self, status: int, body: str, content_type: str | None = "text/plain") -> Handshake:
        """Return what ``sid:heartbeat timeout:close timeout:transports`` announces, bare or as JSONP."""
        text = body.strip().removeprefix("\ufeff")
        if text.startswith("io.j["):
            refusal = jsonp_error(text)
            if refusal is not None:
                raise answers.rejected(_JSONP_REFUSALS.get(refusal, 500), refusal)
            try:
                text = decode_jsonp(text)
            except RemoteProtocolError as error:
                raise answers.not_socketio(text) from error
        seen = answers.engine_revision(text)
        if seen or answers.is_engine_refusal(text):
            raise answers.wrong_revision(seen or "", f"revision 1 ({self.servers})", text)
        if status != 200:
            raise answers.rejected(status, text)
        return _read_announcement(text, content_type)

    def dismissal(self) -> str | None:
        """Return None: to say something, one would have to connect first, and the application would hear of it."""
        return None

    def needs_fence(self, transport: str) -> bool:
        """Return whether it is a websocket: only there does a burst become a deep recursion in the server."""
        return transport == "websocket"

    def dead_after(self, handshake: Handshake) -> float | None:
        """Return the larger of both time-outs and a grace.

        socket.io 0.7 and 0.8 announce a heartbeat time-out of 15 s but beat every 20 s; their close time-out is 25 s.
        """
        if not handshake.heartbeat_timeout:
            return None
        return max(handshake.heartbeat_timeout, handshake.close_timeout or 0) + _LIVENESS_GRACE

    def beat_every(self, handshake: Handshake) -> float | None:
        """Return half the heartbeat time-out: the servers count a beat that they did not ask for."""
        timeout = handshake.heartbeat_timeout
        return timeout / 2 if timeout else None


def _read_announcement(text: str, content_type: str | None) -> Handshake:
    fields = text.split(":")
    session_id = fields[0]
    # Every known server sends letters, digits, "-" and "_".
    if len(fields) < 3 or not answers.is_session_id(session_id):
        raise answers.not_socketio(text)
    try:
        heartbeat, close = _read_seconds(fields[1]), _read_seconds(fields[2])
    except ValueError:
        raise answers.not_socketio(text) from None
    names = fields[3].split(",") if len(fields) > 3 else []
    transports = tuple(name.strip() for name in names if name.strip())
    return Handshake(session_id, heartbeat, close, transports, content_type, text=text)


def _read_seconds(text: str) -> float | None:
    if not text:
        return None
    if not _SECONDS.fullmatch(text) or float(text) > _MOST_SECONDS:
        raise ValueError(f"not a number of seconds: {text!r}")
    return float(text)
