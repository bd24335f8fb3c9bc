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

from collections.abc import Callable

from ..jsontext import JsonText
from .base import Decoder, Dialect, Handshake, HandshakeRequest, KnownOpening, Opening, Probe
from .engine import MOST_BYTES, engine_alone, revision4, revision5
from .revision1 import Dialect1, revision1
from .unknown import any_engine, any_revision


def make_opening(
    revision: int | None, json: JsonText | None = None, most_bytes: int = MOST_BYTES, parser: str | None = None
) -> Opening:
    """Return the opening of a revision of Socket.IO; None: the one that finds out.

    Args:
        revision: 1, 4 or 5.
        json: how JSON is written and read.
        most_bytes: bytes that the attachments of a packet may have together.
        parser: how packets are written in the revisions 4 and 5: None, or ``"msgpack"``.

    Raises:
        ImportError: the package msgpack is wanted and not installed.
        ValueError: a parser is wanted, and no server of the revision has any.
    """
    makers: dict[int | None, Callable[[JsonText | None, int, str | None], Opening]]
    makers = {1: lambda json, *_: revision1(json), 4: revision4, 5: revision5, None: any_revision}
    opening = makers[revision](json, most_bytes, parser)
    if parser is not None and opening.dialect is not None and not opening.dialect.has_parsers:
        raise ValueError(f"parser= came with socket.io 2.0: a server of revision {revision} has none, so leave it out")
    return opening


def make_engine_opening(revision: int | None, json: JsonText | None = None) -> Opening:
    """Return the opening of Engine.IO 3 or 4 without Socket.IO; None: the one that finds out."""
    return any_engine(json) if revision is None else engine_alone(revision, json)


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
