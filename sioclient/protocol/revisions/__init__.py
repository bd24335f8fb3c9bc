"""The revisions of the protocol: their grammars, URLs, framing of bodies and heartbeats.

``base`` defines Opening and Dialect; everything outside this package works with any of them.

============  ==========================================  ==================================================
revision      servers                                     modules
============  ==========================================  ==================================================
1             socket.io 0.7 to 0.9                        ``revision1``, ``packets1``, ``framing1``
4             socket.io 1.x and 2.x                       ``engine``, ``engine3``, ``packets4``
5             socket.io 3.x and 4.x, python-socketio 5    ``engine``, ``engine4``, ``packets5``
4 and 5       the same with a parser for msgpack          ``msgpackets`` too
none          Engine.IO without Socket.IO                 ``engine``, ``engine3`` or ``engine4``, ``plain``
not known     any of them                                 ``unknown``
============  ==========================================  ==================================================
"""

from __future__ import annotations

from ..jsontext import JsonText
from .base import Decoder, Dialect, Handshake, HandshakeRequest, KnownOpening, Opening, Probe
from .engine import MOST_BYTES, engine_alone, revision4, revision5
from .revision1 import Dialect1, revision1
from .unknown import any_engine, any_revision


def make_opening(
    revision: int | None,
    json: JsonText | None = None,
    most_bytes: int = MOST_BYTES,
    parser: str | None = None,
    *,
    only_websocket: bool = False,
) -> Opening:
    """Return the opening of a revision of Socket.IO; None: the one that finds out.

    Args:
        revision: 1, 4 or 5.
        json: how JSON is written and read.
        most_bytes: bytes that the attachments of a packet may have together.
        parser: how packets are written in the revisions 4 and 5: None, or ``"msgpack"``.
        only_websocket: whether to find out without a poll.

    Raises:
        ImportError: the package msgpack is wanted and not installed.
        ValueError: a parser is wanted, and no server of the revision has any.
    """
    opening: Opening
    if revision is None:
        return any_revision(json, most_bytes, parser, only_websocket=only_websocket)
    opening = revision1(json) if revision == 1 else {4: revision4, 5: revision5}[revision](json, most_bytes, parser)
    if parser is not None and opening.dialect is not None and not opening.dialect.has_parsers:
        raise ValueError(f"parser= came with socket.io 2.0: a server of revision {revision} has none, so leave it out")
    return opening


def make_engine_opening(revision: int | None, json: JsonText | None = None, *, only_websocket: bool = False) -> Opening:
    """Return the opening of Engine.IO 3 or 4 without Socket.IO; None: the one that finds out."""
    return any_engine(json, only_websocket=only_websocket) if revision is None else engine_alone(revision, json)


__all__ = [
    "Decoder",
    "Dialect",
    "Dialect1",
    "Handshake",
    "HandshakeRequest",
    "KnownOpening",
    "Opening",
    "Probe",
    "any_engine",
    "any_revision",
    "engine_alone",
    "make_engine_opening",
    "make_opening",
    "revision1",
    "revision4",
    "revision5",
]
