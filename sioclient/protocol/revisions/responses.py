"""How the responses of all generations to a request for a handshake are told apart, and the errors for failures.

A client of any generation may meet a server of another one, a login page, or a refusal.
"""

from __future__ import annotations

import re

from ...errors import ConnectError, HandshakeRejected, WrongRevision, advice

_SESSION_ID = re.compile(r"[\x21-\x7e]{1,128}")
_UNSAFE_IN_URLS = set("/?#%{\"'")

_OPEN_PACKETS = {
    "4": re.compile(r"0\{"),
    "3": re.compile(r"[0-9]+:0\{|\x00[\x00-\x09]+[\xff\ufffd]0\{"),
}
"""How a body with an open packet begins, by the revision of Engine.IO."""

_SERVERS = {
    "3": "Engine.IO 3 (socket.io 1.x or 2.x)",
    "4": "Engine.IO 4 (socket.io 3.x or 4.x)",
    "": "Engine.IO (socket.io 1.0 or later)",
    "1": "revision 1 of Socket.IO (socket.io 0.7 to 0.9)",
}
_UNSUPPORTED = re.compile(
    r'\{"code":5,|Unsupported protocol version|"?The client is using an unsupported version of the Socket\.IO'
)
_REFUSED = re.compile(r'\{"code":\d+,"message":"|(Transport|Session ID) unknown$|"Invalid transport')
"""As JSON, or as a bare text if an upgrade is refused."""

_NO_UPGRADE = '{"code":3,'
_NOTHING_THERE = frozenset({200, 404})
"""Statuses of the responses of 0.9 and of TornadIO2 to what is no path of theirs."""

_MSGPACK = re.compile(rb"[\x82-\x8f]\xa4type[\x00-\x06]")
_PAGE_1 = "Welcome to socket.io."
_HANDSHAKE_1 = re.compile(r"[\w-]+:[0-9.]*:[0-9.]*:[\w,-]*")


def is_session_id(value: object) -> bool:
    """Return whether a session can have this id: not if it would change the URL."""
    if not isinstance(value, str) or not _SESSION_ID.fullmatch(value):
        return False
    return not set(value) & _UNSAFE_IN_URLS and value not in (".", "..")


def engine_revision(text: str) -> str | None:
    """Return the revision of Engine.IO whose open packet a body begins with: ``"3"``, ``"4"`` or None."""
    for revision, pattern in _OPEN_PACKETS.items():
        if pattern.match(text):
            return revision
    return None


def is_unsupported(text: str) -> bool:
    """Return whether an Engine.IO server refuses the revision that was asked for."""
    return _UNSUPPORTED.match(text) is not None


def lacks_transport(text: str) -> bool:
    """Return whether an Engine.IO server does not offer the transport that was asked for."""
    return text.startswith(('{"code":0,', '"Invalid transport', "Transport unknown"))


def is_engine_refusal(text: str) -> bool:
    """Return whether an Engine.IO server refuses, for whatever reason."""
    return _REFUSED.match(text) is not None or _UNSUPPORTED.match(text) is not None


def is_revision_1(text: str) -> bool:
    """Return whether a server of revision 1 sent this: its handshake, or its page for other paths."""
    return text == _PAGE_1 or _HANDSHAKE_1.fullmatch(text) is not None


def wrong_revision(seen: str, wanted: str, text: str) -> WrongRevision:
    """Return the error that names both sides.

    Args:
        seen: what the server speaks: ``"1"``, a revision of Engine.IO, or an empty text if that is not clear.
        wanted: what the client speaks, in words.
        text: the response.
    """
    return WrongRevision(
        f"the server speaks {_SERVERS[seen]}; this client was told to speak {wanted}: leave revision= out. "
        f"The server sent {text[:200]!r}"
    )


def is_msgpack(message: str | bytes) -> bool:
    """Return whether a server with a parser for msgpack sent this: a map with a type, or the same as JSON."""
    if isinstance(message, str):
        return message.startswith('{"type":')
    return _MSGPACK.match(message) is not None


def other_parser(message: str | bytes, *, has_msgpack: bool) -> ConnectError:
    """Return the error for the message of a server whose parser is not ours.

    Args:
        message: what the server sent.
        has_msgpack: whether its parser is the one for msgpack, and not the usual one.
    """
    what = "speaks msgpack: give parser='msgpack'" if has_msgpack else "does not speak msgpack: leave parser= out"
    return ConnectError(f"the server {what}. It sent {message[:200]!r}", retryable=False)


def not_socketio(text: str) -> ConnectError:
    """Return the error for a response that no generation sends."""
    return ConnectError(
        "this is not a Socket.IO server, or not its path: instead of a handshake it sent "
        f"{text[:200]!r}. Check the host, the port and resource=",
        retryable=False,
    )


def rejected(status: int, text: str, wanted: str = "", retry_after: float = 0.0) -> HandshakeRejected:
    """Return the error for a refusal.

    Args:
        status, text: those of the response.
        wanted: the name of the transport that was to open a session of Engine.IO.
        retry_after: see ``HandshakeRejected``.
    """
    what, what_to_do = "websocket" if wanted == "websocket" else "handshake", advice(status, text)
    if wanted and lacks_transport(text):
        (other,) = {"websocket", "xhr-polling"} - {wanted}
        what_to_do = f"it offers no {wanted}, only {other}: see transports="
    elif wanted == "websocket" and text.startswith(_NO_UPGRADE):
        what_to_do = (
            "it got no request for an upgrade, so something on the way, such as a proxy, lets no websocket through"
        )
    message = f"the server refused the {what} with status {status}, {text[:200]!r}: {what_to_do}"
    return HandshakeRejected(message, status=status, body=text, retry_after=retry_after)


def clearer(websocket: ConnectError, handshake: ConnectError) -> ConnectError:
    """Return which of two failures to show if neither a websocket opened a session nor a handshake of revision 1 did.

    Servers of revision 1 end the connection of a websocket that they do not know, or have nothing at its path. If that
    is what happened, the handshake was the right way, and its failure says why.
    """
    if isinstance(websocket, HandshakeRejected) and websocket.status not in _NOTHING_THERE:
        return websocket
    handshake.args = (f"{handshake}. Before that, no websocket of a later generation opened: {websocket}",)
    return handshake
