"""The bodies of HTTP in Engine.IO: the responses to polls, what clients post, and why a request is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote_to_bytes

from ..errors import RemoteProtocolError
from ..protocol.framing import Frame
from ..protocol.revisions.serving import ServingDialect
from .bodies import PLAIN, SCRIPT, is_index
from .handshake import Response

BINARY = "application/octet-stream"

_MOST_FIELDS = 10
_PIECE = re.compile(rb"(?:[^%]|%[^%]{0,2}){1,4096}")


def _refusal(code: int, message: str, status: int = 400) -> Response:
    return Response(status, "application/json", json.dumps({"code": code, "message": message}, separators=(",", ":")))


UNKNOWN_TRANSPORT = _refusal(0, "Transport unknown")
UNKNOWN_SESSION = _refusal(1, "Session ID unknown")
WRONG_METHOD = _refusal(2, "Bad handshake method")
BAD_REQUEST = _refusal(3, "Bad request")
WRONG_REVISION = _refusal(5, "Unsupported protocol version")
TAKEN = Response(200, "text/html", "ok")
"""The response to a POST; a browser shows it in a frame, which old ones do not do with plain text."""


def forbidden(response: Response) -> Response:
    """Return the refusal of a handshake, with the reason that ``response`` has."""
    return _refusal(4, response.body, 403 if response.status == 500 else response.status)


def write_poll(
    dialect: ServingDialect, frames: Sequence[Frame], *, text_only: bool, index: str | None
) -> tuple[str, str | bytes]:
    """Return the content type and the body of the response to a poll.

    Args:
        dialect: how it is spoken.
        frames: what the body carries.
        text_only: whether the client cannot have bytes.
        index: the number of a function of the page that is to be called with the body; None: it is the body itself.
    """
    if index is not None:
        text = json.dumps(_as_text(dialect, frames), ensure_ascii=False)
        text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        return SCRIPT, f"___eio[{index if is_index(index) else '0'}]({text});"
    body = _as_text(dialect, frames) if text_only else dialect.engine.body(frames)
    return (PLAIN if isinstance(body, str) else BINARY), body


def _as_text(dialect: ServingDialect, frames: Sequence[Frame]) -> str:
    return str(dialect.engine.join(list(map(dialect.engine.text_of, frames))))


def read_post(dialect: ServingDialect, body: bytes, *, is_form: bool) -> Iterator[Frame | None]:
    """Return an iterator over the frames of a POST in short steps; one that completes no frame yields None.

    What is no frame is an empty one.

    Args:
        dialect: how it is spoken.
        body: what was posted.
        is_form: whether it is the field ``d`` of a form.

    Raises:
        ValueError: not even the first is a frame; of a form, this is found out later.
    """
    return _read_form(dialect, body) if is_form else _read(dialect, body)


def _read(dialect: ServingDialect, body: bytes) -> Iterator[Frame]:
    frames = dialect.engine.read_body(body)
    try:
        first = next(frames, "")
    except RemoteProtocolError as error:
        raise ValueError(str(error)) from error
    if isinstance(first, str) and not first[:1].isdigit():
        raise ValueError("not a packet")
    return _others(first, frames)


def _others(first: Frame, frames: Iterator[Frame]) -> Iterator[Frame]:
    yield first
    try:
        yield from frames
    except (ValueError, RemoteProtocolError):
        yield ""


def _read_form(dialect: ServingDialect, body: bytes) -> Iterator[Frame | None]:
    """Read the payload in the form of a page; line breaks are escaped in it, since browsers would change them."""
    fields = body.split(b"&", _MOST_FIELDS)
    values = [field[2:] for field in fields if field.startswith(b"d=")]
    if not values or len(fields) > _MOST_FIELDS:
        yield ""
        return
    pieces = []
    for piece in _PIECE.finditer(values[0]):
        pieces.append(unquote_to_bytes(piece[0].replace(b"+", b" ")))
        yield None
    text = b"\\n".join(part.replace(b"\\n", b"\n") for part in b"".join(pieces).split(b"\\\\n"))
    try:
        yield from _read(dialect, text)
    except ValueError:
        yield ""
