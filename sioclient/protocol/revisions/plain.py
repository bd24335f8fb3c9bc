"""Engine.IO without Socket.IO: what is sent are messages, texts or bytes, and nothing else."""

from __future__ import annotations

from typing import Any

from ...errors import LocalProtocolError
from ..jsontext import JsonText
from ..packets import Json, Malformed, Message, Packet


class MessageCodec:
    """Turns messages into what stands behind the type of an Engine.IO packet, and back.

    Args:
        json: how a message that is neither text nor bytes is written.
        separator: what stands between packets in a body, so that no text can have it; empty: nothing does.
    """

    def __init__(self, json: JsonText, separator: str = "") -> None:
        self._json, self._separator = json, separator

    def encode(self, packet: Packet) -> tuple[str, list[bytes]]:
        """Return the text of a message, or no text and its bytes.

        Raises:
            LocalProtocolError: it holds what separates packets or half of a surrogate pair, or is nothing for JSON.
            TypeError: it is no message, or of a type that JSON does not have.
        """
        if isinstance(packet, Json):
            return self._json.write(packet.data), []
        if not isinstance(packet, Message):
            raise TypeError(f"Engine.IO alone has messages, no {type(packet).__name__}")
        if isinstance(packet.data, str):
            if self._separator and self._separator in packet.data:
                raise LocalProtocolError(f"a text cannot hold {self._separator!r} in Engine.IO 4: send it as bytes")
            return _transmittable(packet.data), []
        return "", [bytes(packet.data)]

    def reader(self) -> MessageReader:
        """Return what reads the messages of one session."""
        return MessageReader()


class MessageReader:
    """Reads messages."""

    def text(self, frame: str, start: int) -> Packet | Malformed:
        """Return the message whose text begins at ``start``."""
        return Message(frame[start:])

    def data(self, data: bytes) -> Packet | Malformed:
        """Return the message of these bytes."""
        return Message(data)


def _transmittable(text: Any) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise LocalProtocolError(f"a message cannot hold half of a surrogate pair: {error}") from error
    return str(text)
