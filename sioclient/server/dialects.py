"""The dialects of one server, by revision: packets are encoded once for all clients of a revision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import LocalProtocolError
from ..protocol.framing import Frame
from ..protocol.packets import Ack, Event, Json, Malformed, Packet
from ..protocol.revisions import Dialect1
from ..protocol.revisions.attachments import BYTES
from ..protocol.revisions.serving import (
    PLAIN,
    PlainDialect,
    ServingDialect,
    serving4,
    serving5,
    serving_alone,
)
from .settings import Settings

EARLIEST = 1
"""The revision that has no Engine.IO below it."""


class OldDialect:
    """How revision 1 is spoken, which has no bytes.

    Args:
        convert: returns what is sent in the place of bytes; None: such a packet is an error.
    """

    number = 1

    def __init__(self, convert: Callable[[bytes], Any] | None) -> None:
        self._dialect, self._convert = Dialect1(), convert

    def encode(self, packet: Packet) -> str:
        """Return the frame of a packet.

        Raises:
            LocalProtocolError, TypeError: it cannot be encoded, as it holds bytes.
        """
        try:
            return self._dialect.encode(packet)
        except LocalProtocolError as error:
            if self._convert is None:
                error.args = (f"{error}, or give the server convert_bytes=",)
                raise
            return self._dialect.encode(self._converted(packet))

    def decode(self, frame: Frame) -> Packet | Malformed:
        """Return the packet in a frame, or what is wrong with it."""
        return self._dialect.decode(frame)

    def _converted(self, packet: Packet) -> Packet:
        if isinstance(packet, Event):
            args = self._without_bytes(packet.args)
            return Event(packet.name, args, packet.endpoint, packet.id, packet.wants_data)
        if isinstance(packet, Ack):
            return Ack(packet.id, self._without_bytes(packet.args), packet.endpoint)
        if isinstance(packet, Json):
            return Json(self._without_bytes(packet.data), packet.endpoint, packet.id, packet.wants_data)
        return packet

    def _without_bytes(self, value: Any) -> Any:
        assert self._convert is not None
        if isinstance(value, BYTES):
            return self._convert(bytes(value))
        if isinstance(value, dict):
            return {key: self._without_bytes(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._without_bytes(item) for item in value]
        return value


class Dialects:
    """The dialects of a server.

    Args:
        settings: what a packet may have, and what becomes of bytes.

    Attributes:
        engines: the revisions of Socket.IO by those of Engine.IO, as clients name them.
        old: that of revision 1.
        later: those of the revisions 4 and 5.
    """

    engines: Mapping[str, int] = {"3": 4, "4": 5}
    later: Mapping[int, ServingDialect]

    def __init__(self, settings: Settings) -> None:
        self.old = OldDialect(settings.convert_bytes)
        most = settings.max_message_size
        self.later = {4: serving4(None, most), 5: serving5(None, most)}


class AloneDialects(Dialects):
    """The dialects of a server without Socket.IO: those of Engine.IO, and that of plain WebSockets."""

    engines: Mapping[str, int] = {"3": 3, "4": 4}

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.later = {PLAIN: PlainDialect(), 3: serving_alone(3), 4: serving_alone(4)}
