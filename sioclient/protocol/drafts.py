"""Packets from before the first connection, when it is not known yet what the server speaks.

Each is encoded at once in every dialect that it may be, in the user's thread: so it is what the user had when he sent
it, what no server could take is refused at once, and no JSON, which may be the user's code, runs inside a lock later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..errors import LocalProtocolError, SocketIOError
from .packets import Encoded, Frame
from .revisions.base import Dialect


class Drafts(tuple[Frame, ...]):
    """One packet in several dialects; as a tuple, the frames of one of them, for its size.

    Attributes:
        by_dialect: its frames in each, or why that dialect cannot say it.
    """

    by_dialect: dict[Dialect, Encoded | Exception]


_NOT_EXPECTED = LocalProtocolError("the server speaks what no server was expected to speak")


def make_drafts(encode: Callable[[Dialect], Encoded], dialects: Iterable[Dialect]) -> Drafts:
    """Encode a packet in each of these dialects.

    Raises:
        LocalProtocolError, TypeError: none of them can say it.
    """
    by_dialect: dict[Dialect, Encoded | Exception] = {}
    encoded: Encoded = ()
    for dialect in dialects:
        try:
            by_dialect[dialect] = encoded = encode(dialect)
        except (LocalProtocolError, TypeError) as error:
            by_dialect[dialect] = error
    errors = [found for found in by_dialect.values() if isinstance(found, Exception)]
    if errors and len(errors) == len(by_dialect):
        raise errors[-1]
    drafts = Drafts((encoded,) if isinstance(encoded, str) else encoded)
    drafts.by_dialect = by_dialect
    return drafts


def check_name(name: str, dialects: Iterable[Dialect]) -> None:
    """Raise LocalProtocolError or TypeError if no endpoint besides the default one can have this name."""
    if name in ("", "/"):
        raise LocalProtocolError("the default endpoint is always connected, as the SocketIO itself: name another")
    make_drafts(lambda dialect: dialect.check_endpoint(name), dialects)


def chosen(encoded: Encoded, dialect: Dialect) -> Encoded:
    """Return what is written of a packet in a dialect; one that is in a single dialect already stays as it is.

    Raises:
        LocalProtocolError, TypeError: the dialect cannot say it.
    """
    if not isinstance(encoded, Drafts):
        return encoded
    found = encoded.by_dialect.get(dialect, _NOT_EXPECTED)
    if isinstance(found, Exception):
        raise found
    return found


def translated(encoded: Encoded, source: Dialect | None, target: Dialect | None, otherwise: SocketIOError) -> Encoded:
    """Return what is written of a packet in the dialect that is spoken now.

    Args:
        encoded: the packet as it was encoded.
        source: the dialect in which that was; None: it is drafts.
        target: the dialect that is spoken; None: it is not known yet.
        otherwise: what to raise if the packet is in another dialect.

    Raises:
        LocalProtocolError, TypeError: the dialect cannot say it.
    """
    if source is target:
        return encoded
    if source is not None or target is None:
        raise otherwise
    return chosen(encoded, target)
