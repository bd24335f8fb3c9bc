"""The packet grammar of revision 5: that of revision 4 with another way to join an endpoint.

Source: the Socket.IO protocol text, revision 5, and what socket.io 3.1.2 and 4.8.1 and python-socketio 5 send and take.
The client asks to join every endpoint, the default one included, and may send an object with it; the reply is an
object with the id of the endpoint's session, or an error, which is also an object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from ..jsontext import JsonText
from ..packets import Connect, Error, Event, Foreign, Packet, Recoverable
from . import responses
from .packets4 import PacketCodec4, PacketReader, endpoint_field

SERVERS = "socket.io 3.x and 4.x, python-socketio 5"

# How the adapters of socket.io name events: by the clock in base 64 (2017 to 2048), or as Redis and MongoDB do.
_OFFSET = re.compile(r"[M-Z][0-9A-Za-z_-]{6}(?:\.[0-9A-Za-z_-]{1,4})?|[0-9]{10,16}-[0-9]{1,10}|[0-9a-f]{24}")

_MOST = 1000
"""Endpoints that are remembered as recoverable."""


class PacketCodec5(PacketCodec4):
    """Turns packets into texts with their attachments, and back, for one connection; see ``PacketCodec4``."""

    # For an event with one of these names, socket.io 4 ends the session.
    reserved = frozenset(("connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"))

    def __init__(self, json: JsonText, most_bytes: int) -> None:
        super().__init__(json, most_bytes)
        self._recoverable: dict[str, None] = {}  # an empty set takes three times as much memory

    def meet(self, announced: Mapping[str, Any]) -> None:
        """Learn what ``PacketCodec4`` does. socket.io 3.0 to 4.4 announce no limit for a body, and have none here."""
        super().meet(announced)
        self.few_attachments = self.few_attachments and "maxPayload" in announced

    def reader(self) -> PacketReader5:
        """Return a reader for the packets of one session."""
        return PacketReader5(self, self._recoverable)

    def join_data(self, packet: Connect) -> Any:
        """Return the object that goes with a request to join, or None."""
        if not packet.query:
            return packet.data
        # Revision 5 has no query: its values go into the object, as the servers do it for old clients.
        return {**_from_query(packet.query), **(packet.data or {})}

    def _encode_connect(self, packet: Connect) -> tuple[str, list[bytes]]:
        data = self.join_data(packet)
        return f"0{endpoint_field(packet.endpoint)}{'' if data is None else self.json.write(data)}", []

    def _decode_connect(self, header: tuple[str, int | None], data: Any) -> Packet:
        if not header[0] and data is None:
            # Over a websocket, socket.io 1.x and 2.x open a session for any revision, but have other heartbeats.
            return Foreign(responses.wrong_revision("3", SERVERS, "40"))
        return Connect(header[0], data=data if isinstance(data, dict) else None)

    def _decode_error(self, header: tuple[str, int | None], data: Any) -> Packet:
        if isinstance(data, dict) and isinstance(data.get("message"), str):
            return Error(data["message"], "", header[0], data.get("data"), final=True)
        return super()._decode_error(header, data)


class PacketReader5(PacketReader):
    """Reads the packets of one session in order, and knows which of its endpoints the server can recover.

    Since 4.6, socket.io may give an endpoint a private id in the reply to a join. From then on every event has, behind
    its arguments, a text that names the event, unless it wants an ack or was volatile. Missed events come before the
    reply to the next join, so the set is kept from one session to the next.

    Args:
        recoverable: the endpoints that the server is known to be able to recover.
    """

    def __init__(self, codec: PacketCodec4, recoverable: dict[str, None]) -> None:
        super().__init__(codec)
        self._recoverable = recoverable

    def finish(self, packet: Packet) -> Packet:
        """Return a packet; for an event that the server can send again, a Recoverable with the text that names it."""
        if type(packet) is Connect:
            self._recoverable.pop(packet.endpoint, None)
            if packet.data and "pid" in packet.data and len(self._recoverable) < _MOST:
                self._recoverable[packet.endpoint] = None
        if not self._recoverable or type(packet) is not Event or packet.id is not None:
            return packet
        args = packet.args
        named = packet.endpoint in self._recoverable and args and isinstance(args[-1], str)
        if not named or not _OFFSET.fullmatch(args[-1]):
            return packet
        return Recoverable(packet, args.pop())


def _from_query(query: str) -> dict[str, str | list[str]]:
    values = parse_qs(query.removeprefix("?"), keep_blank_values=True)
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}
