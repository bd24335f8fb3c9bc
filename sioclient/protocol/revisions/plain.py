"""The messages of Engine.IO without Socket.IO: texts or bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import LocalProtocolError
from ..jsontext import JsonText
from ..packets import Json, Malformed, Message, Packet
from .utf16 import check_pairs


class MessageCodec:
    """Turns messages into the text or bytes behind the type of an Engine.IO packet, and back.

    Args:
        json: how a message that is neither text nor bytes is written.
        separator: separates the packets in a body, so that no text can hold it; empty: nothing does.
    """

    def __init__(self, json: JsonText, separator: str = "") -> None:
        self._json, self._separator = json, separator

    def encode(self, packet: Packet) -> tuple[str, list[bytes]]:
        """Return the text of a message, or an empty text and its bytes.

        Raises:
            LocalProtocolError: it holds the separator or half of a surrogate pair, or JSON cannot hold it.
            TypeError: it is not a message, or of a type that JSON does not have.
        """
        if isinstance(packet, Json):
            return self._json.write(packet.data), []
        if not isinstance(packet, Message):
            raise TypeError(f"Engine.IO without Socket.IO can send a message, not {type(packet).__name__}")
        if isinstance(packet.data, str):
            if self._separator and self._separator in packet.data:
                raise LocalProtocolError(f"a text cannot hold {self._separator!r} in Engine.IO 4: send it as bytes")
            return check_pairs("a message", packet.data), []
        return "", [bytes(packet.data)]

    def meet(self, announced: Mapping[str, Any]) -> None:
        """Learn nothing: every server takes any message."""

    def reader(self) -> MessageReader:
        """Return a reader for the messages of one session."""
        return MessageReader()


class MessageReader:
    """Reads messages."""

    def text(self, frame: str, start: int) -> Packet | Malformed:
        """Return the message whose text begins at ``start``."""
        return Message(frame[start:])

    def data(self, data: bytes) -> Packet | Malformed:
        """Return the message of these bytes."""
        return Message(data)
