"""What comes for an endpoint before the server has said that we are joined to it: kept, but not without limit."""

from __future__ import annotations

from typing import Any

from .packets import Error, Event, Json, Message

MOST_PACKETS = 1000
"""Packets that are kept for one endpoint."""

MOST_CHARACTERS = 16 * 2**20
"""Characters and bytes that they may have together."""

_OF_ANYTHING = 8


class Early:
    """The packets of one endpoint, in order."""

    def __init__(self) -> None:
        self._packets: list[Message | Json | Event | Error] = []
        self._characters = 0

    def __len__(self) -> int:
        return len(self._packets)

    def keep(self, packet: Message | Json | Event | Error) -> bool:
        """Put a packet at the end; return False if there are too many, or too large ones, already."""
        size = _size([packet.name, packet.args] if isinstance(packet, Event) else getattr(packet, "data", ""))
        if len(self._packets) >= MOST_PACKETS or self._characters + size > MOST_CHARACTERS:
            return False
        self._packets.append(packet)
        self._characters += size
        return True

    def take(self) -> list[Message | Json | Event | Error]:
        """Return and forget them all."""
        packets, self._packets, self._characters = self._packets, [], 0
        return packets


def _size(value: Any) -> int:
    """Return about how many characters a value has; without recursion, for the server chooses how deep it is."""
    size, rest = 0, [value]
    while rest:
        value = rest.pop()
        size += len(value) if isinstance(value, (str, bytes)) else _OF_ANYTHING
        if isinstance(value, dict):
            rest += value.keys()
            rest += value.values()
        elif isinstance(value, list):
            rest += value
    return size
