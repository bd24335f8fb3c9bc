"""What servers answer to a handshake that does not succeed, as errors that say what to do.

Every generation is asked over HTTP, and all of them may meet a server of another one, a login page, or a refusal.
"""

from __future__ import annotations

import re

from ...errors import ConnectError, HandshakeRejected, WrongRevision

SESSION_ID = re.compile(r"[\x21-\x7e]{1,128}")
_NO_PART_OF_A_URL = set("/?#%{\"'")

_OPENED = {
    "4": re.compile(r"0\{"),
    "3": re.compile(r"[0-9]+:0\{|\x00[\x00-\x09]+[\xff\ufffd]0\{"),
}
"""How an Engine.IO server opens a session, by its revision."""

_SERVERS = {
    "3": "Engine.IO 3 (socket.io 1.x or 2.x)",
    "4": "Engine.IO 4 (socket.io 3.x or 4.x)",
    "": "Engine.IO (socket.io 1.0 or later)",
    "1": "revision 1 of Socket.IO (socket.io 0.7 to 0.9)",
}
_UNSUPPORTED = re.compile(r'\{"code":5,|"?The client is using an unsupported version of the Socket\.IO')
_REFUSED = re.compile(r'\{"code":\d+,"message":"')
_WELCOME = "Welcome to socket.io."
_ANNOUNCED = re.compile(r"[\w-]+:[0-9.]*:[0-9.]*:[\w,-]*")

_ADVICE = {
    401: "it wants other credentials: see auth=, headers=, cookies= and params=",
    403: "it does not accept these credentials or this origin: see auth=, params= and headers={'Origin': ...}",
    404: "there is no Socket.IO at this path: see resource=",
    407: "it is the proxy that says so, and wants credentials: see proxies=",
}


def is_session_id(text: object) -> bool:
    """Return whether a session may have this name: one that could change the URL is none."""
    if not isinstance(text, str) or not SESSION_ID.fullmatch(text):
        return False
    return not set(text) & _NO_PART_OF_A_URL and text not in (".", "..")


def engine_revision(text: str) -> str | None:
    """Return which revision of Engine.IO opens a session with such a text: ``"3"``, ``"4"`` or None."""
    return next((revision for revision, pattern in _OPENED.items() if pattern.match(text)), None)


def is_unsupported(text: str) -> bool:
    """Return whether an Engine.IO server says that it does not speak the revision that was asked for."""
    return _UNSUPPORTED.match(text) is not None


def has_no_polling(text: str) -> bool:
    """Return whether an Engine.IO server says that it does not have the transport that was asked for."""
    return text.startswith(('{"code":0,', '"Invalid transport'))


def is_engine_refusal(text: str) -> bool:
    """Return whether an Engine.IO server refuses, for whatever reason."""
    return _REFUSED.match(text) is not None or is_unsupported(text)


def is_revision_1(text: str) -> bool:
    """Return whether this is how a server of revision 1 answers, be it to a question that it does not understand."""
    return text == _WELCOME or _ANNOUNCED.fullmatch(text) is not None


def wrong_revision(seen: str, wanted: str, text: str) -> WrongRevision:
    """Return the error that names both sides.

    Args:
        seen: what the server speaks: ``"1"``, a revision of Engine.IO, or nothing if that is not clear.
        wanted: what the client speaks, in words.
        text: what the server answered.
    """
    return WrongRevision(
        f"the server speaks {_SERVERS[seen]}; this client was told to speak {wanted}: leave revision= out. "
        f"It answered {text[:200]!r}"
    )


def not_socketio(text: str) -> ConnectError:
    """Return the error for an answer that no generation gives."""
    return ConnectError(
        "this is not a Socket.IO server, or not its path: instead of a handshake it answered "
        f"{text[:200]!r}. Check the host, the port and resource=",
        retryable=False,
    )


def rejected(status: int, text: str) -> HandshakeRejected:
    """Return the error for a refusal."""
    advice = _ADVICE.get(status, "its log should say why")
    if 300 <= status < 400:
        advice = "it redirects, which is not followed: give the address it points to"
    return HandshakeRejected(
        f"the server refused the handshake with status {status}, {text[:200]!r}: {advice}", status=status, body=text
    )
