"""Revision 1: socket.io 0.7 to 0.9, TornadIO2, gevent-socketio.

Source: LearnBoost/socket.io-spec, and what those servers do where they differ from it.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from ...errors import ConnectError, HandshakeRejected, RemoteProtocolError, WrongRevision
from ..jsontext import JsonText
from .base import Framing, Handshake
from .framing1 import JsonpFraming, PageFraming, PlainFraming
from .jsonp1 import decode_jsonp, jsonp_error
from .packets1 import PacketCodec

_SESSION_ID = re.compile(r"[\x21-\x7e]{1,128}")
_SECONDS = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,6})?")
_MOST_SECONDS = 86_400
_LIVENESS_GRACE = 1.0
"""Seconds on top of the announced silence, for a packet that is on its way."""

_NEWER = re.compile(r'\{"code":\d+,"message":"|"?The client is using an unsupported version of the Socket\.IO')
_JSONP_REFUSALS = {"handshake unauthorized": 403, "handshake bad origin": 403}


class Revision1:
    """The first revision of the protocol.

    Args:
        json: how JSON is written and read; the standard library's by default.
    """

    number = 1
    servers = "socket.io 0.7 to 0.9"

    def __init__(self, json: JsonText | None = None) -> None:
        codec = PacketCodec(json or JsonText())
        self.encode, self.decode = codec.encode, codec.decode

    def handshake_path(self, resource: str) -> str:
        """Return the handshake's path; the slash at its end matters to TornadIO2 and gevent-socketio."""
        return f"/{resource}/1/"

    def probe_path(self, resource: str) -> str:
        """Return the path at which Engine.IO 3 and 4 introduce themselves."""
        return f"/{resource}/?EIO=4&transport=polling"

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
                raise _rejected(_JSONP_REFUSALS.get(refusal, 500), refusal)
            try:
                text = decode_jsonp(text)
            except RemoteProtocolError as error:
                raise _not_socketio(text) from error
        if _NEWER.match(text) or _engine_io(text):
            raise WrongRevision(_wrong_revision(text))
        if status != 200:
            raise _rejected(status, text)
        return _read_announcement(text, content_type)

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
    # An id that could change the URL is no id. Every known server sends letters, digits, "-" and "_".
    valid = len(fields) >= 3 and _SESSION_ID.fullmatch(session_id) and not set(session_id) & set("/?#%{\"'")
    if not valid or session_id in (".", ".."):
        raise _not_socketio(text)
    try:
        heartbeat, close = _read_seconds(fields[1]), _read_seconds(fields[2])
    except ValueError:
        raise _not_socketio(text) from None
    names = fields[3].split(",") if len(fields) > 3 else []
    transports = tuple(name.strip() for name in names if name.strip())
    return Handshake(session_id, heartbeat, close, transports, content_type)


def _read_seconds(text: str) -> float | None:
    if not text:
        return None
    if not _SECONDS.fullmatch(text) or float(text) > _MOST_SECONDS:
        raise ValueError(f"not a number of seconds: {text!r}")
    return float(text)


def _engine_io(text: str) -> str | None:
    """Return which Engine.IO revision opens a session with such a text."""
    if text.startswith("0{"):
        return "4"
    return "3" if re.match(r"[0-9]+:0\{|\x00[\x00-\x09]+[\xff\ufffd]0\{", text) else None


def _wrong_revision(text: str) -> str:
    engine = _engine_io(text)
    seen = f"Engine.IO {engine}" if engine else "Engine.IO"
    servers = {"3": "socket.io 1.x or 2.x", "4": "socket.io 3.x or 4.x", None: "socket.io 1.0 or later"}[engine]
    return (
        f"the server speaks {seen} ({servers}); this client speaks revision 1 of Socket.IO ({Revision1.servers}). "
        f"It answered {text[:200]!r}"
    )


def _not_socketio(text: str) -> ConnectError:
    return ConnectError(
        "this is not a Socket.IO server, or not its path: instead of a handshake it answered "
        f"{text[:200]!r}. Check the host, the port and resource=",
        retryable=False,
    )


_ADVICE = {
    401: "it wants other credentials: see auth=, headers=, cookies= and params=",
    403: "it does not accept these credentials or this origin: see auth=, params= and headers={'Origin': ...}",
    404: "there is no Socket.IO at this path: see resource=",
}


def _rejected(status: int, text: str) -> HandshakeRejected:
    advice = _ADVICE.get(status, "its log should say why")
    if 300 <= status < 400:
        advice = "it redirects, which is not followed: give the address it points to"
    return HandshakeRejected(
        f"the server refused the handshake with status {status}, {text[:200]!r}: {advice}", status=status, body=text
    )
