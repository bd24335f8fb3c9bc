"""What was encoded for a server of one revision, for one of another that has taken its place."""

from __future__ import annotations

from ...errors import LocalProtocolError
from ..packets import Encoded, Event, Json, Message, Recoverable
from .base import Decoder, Revision


def rewritten(decode: Decoder, revision: Revision, encoded: Encoded) -> Encoded | None:
    """Return the frames of a user's packet in the words of ``revision``; None: it has none for it.

    Args:
        decode: reads the frames as they are.
        revision: what is spoken from now on.
        encoded: the frames.
    """
    packet = decode((encoded,) if isinstance(encoded, str) else encoded)[-1]
    if isinstance(packet, Recoverable):  # our own words only look like a server's that names what it sends
        packet = Event(packet.event.name, [*packet.event.args, packet.offset], packet.event.endpoint)
    if not isinstance(packet, (Message, Json, Event)):
        return None
    try:
        return revision.encode(packet)
    except (LocalProtocolError, TypeError):
        return None
