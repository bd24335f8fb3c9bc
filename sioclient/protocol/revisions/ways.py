"""The ways into a session, as values: what the shell requests and opens, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..framing import Framing
from .base import Handshake, HandshakeRequest, Opening, Probe


class Way(NamedTuple):
    """One transport that may carry a session.

    Attributes:
        name: what users call it.
        kind: what the package of transports calls it.
        path: path and query, beginning with a slash.
        framing: how its bodies carry frames.
        probe: what tries it before it takes a session over; None: it needs no probe.
    """

    name: str
    kind: str
    path: str
    framing: Framing
    probe: Probe | None = None


def first_steps(
    opening: Opening, resource: str, transports: Sequence[str]
) -> tuple[Way | None, tuple[HandshakeRequest, ...]]:
    """Return the way in that needs no handshake, if the first transport has one, and the requests of the handshake.

    The handshake of a known revision that has such a way is a poll. If a websocket is all that is wanted, there is
    none: a load balancer may send the next request to another server, and some fronts let only upgrades through.
    """
    path = opening.direct_path(resource, transports[0])
    way = None if path is None else _opening_way(opening, transports[0], path)
    if way is not None and opening.dialect is not None and len(transports) == 1:
        return way, ()
    return way, opening.requests(resource)


def ways_of(handshake: Handshake, resource: str, transports: Sequence[str]) -> list[Way]:
    """Return the ways into the session of a handshake: the user's transports that the server offers, in his order.

    An empty list of the server means that it did not say; the JavaScript client tries its own then.
    """
    opening, offered = handshake.opening, handshake.transports or transports
    return [
        Way(
            name,
            opening.transports[name],
            opening.transport_path(resource, name, handshake.session_id),
            opening.framing(name, handshake),
            opening.probe(name),
        )
        for name in transports
        if name in offered and name in opening.transports
    ]


def way_beside(handshake: Handshake, resource: str, transport: str) -> Way:
    """Return the way by which packets of a session are posted beside its transport."""
    posts = handshake.dialect.posts_beside(transport, handshake)
    assert posts is not None, "the protocol has asked before"
    return ways_of(handshake, resource, (posts.transport,))[0]


def way_after_rejection(
    opening: Opening, resource: str, rejection: str, transports: Sequence[str], tried: str = ""
) -> Way | None:
    """Return the websocket that may open a session by itself if the server has nothing else; None: there is none.

    Args:
        opening, resource, transports: as in ``first_steps``.
        rejection: the body of the response.
        tried: the path of the websocket that was rejected; empty: it was a handshake.
    """
    path = opening.fallback_path(resource, rejection, tried) if "websocket" in transports else None
    return _opening_way(opening, "websocket", path) if path is not None and path != tried else None


def _opening_way(opening: Opening, name: str, path: str) -> Way:
    return Way(name, opening.transports[name], path, opening.framing(name, None))
