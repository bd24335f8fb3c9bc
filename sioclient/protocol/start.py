"""What a session begins with, made before the protocol is told: JSON may be the user's code, so no lock is held.

The joins of its endpoints are encoded here, and the packets that came with the handshake are decoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..errors import ChannelError, LocalProtocolError
from .drafts import make_drafts
from .endpoints import Endpoint
from .packets import Encoded, Malformed, Packet
from .revisions.base import Decoder, Dialect, Handshake, Opening


class Start(NamedTuple):
    """The beginning of a session.

    Attributes:
        decode: reads the frames of the session, in order.
        packets: what came with the handshake.
        requests: the encoded join of each endpoint, empty if it is joined unasked, or why the server that is there now
            cannot have it.
    """

    decode: Decoder
    packets: list[Packet | Malformed]
    requests: dict[Endpoint, Encoded | ChannelError]


def make_start(
    handshake: Handshake, dialect: Dialect, endpoints: Iterable[Endpoint], data: Mapping[Endpoint, Any] | None
) -> Start:
    """Return what the session of ``handshake`` begins with.

    Args:
        handshake: what the opening has read.
        dialect: what is spoken in the session.
        endpoints: those to be joined.
        data: what the server gets of the ``auth`` of each; None: ``auth`` itself.

    Raises:
        LocalProtocolError, TypeError: the protocol cannot say what the user gave as ``auth`` for the connection.
    """
    decode, requests = dialect.decoder(), dict[Endpoint, Encoded | ChannelError]()
    for endpoint in endpoints:
        packet = endpoint.join_packet(endpoint.auth if data is None else data.get(endpoint))
        if not endpoint.name:
            requests[endpoint] = dialect.encode(packet) if dialect.asks_to_join else ()
            continue
        try:
            _check_auth(dialect, endpoint.auth)
            requests[endpoint] = dialect.encode(packet)
        except (LocalProtocolError, TypeError) as error:
            requests[endpoint] = ChannelError(f"{endpoint.name!r} cannot be joined: {error}")
    return Start(decode, decode(handshake.frames), requests)


def encode_join(
    endpoint: Endpoint, data: Any, dialect: Dialect | None, opening: Opening
) -> tuple[Dialect | None, Encoded]:
    """Return the join of one endpoint as it is on the wire, or drafts of it while the dialect is not known.

    Raises:
        LocalProtocolError, TypeError: the protocol cannot say this.
    """
    packet, auth = endpoint.join_packet(data), endpoint.auth

    def encode(dialect: Dialect) -> Encoded:
        _check_auth(dialect, auth)
        return dialect.encode(packet)

    return dialect, encode(dialect) if dialect is not None else make_drafts(encode, opening.candidates)


def _check_auth(dialect: Dialect, auth: Any) -> None:
    """Raise LocalProtocolError if an endpoint cannot have this ``auth``."""
    if auth is not None and not dialect.asks_to_join:
        raise LocalProtocolError(f"revision {dialect.number} has no auth= for endpoints: give query=")
