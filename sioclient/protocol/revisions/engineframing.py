"""How the frames of an Engine.IO session share the bodies of HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from types import ModuleType

from ..framing import Frame

DISCONNECT = "41"
"""Ends the default endpoint, or with a name behind it another one."""

CLOSE = "1"
"""Ends the session."""

_ENDS = (DISCONNECT, CLOSE, '4{"type":1,')
_ENDS_AS_MSGPACK = b"\x82\xa4type\x01"

MOST_FRAMES = 16
"""Frames in one body: python-engineio refuses more."""


class EngineFraming:
    """The framing of one session; see ``BodyFraming``.

    Args:
        engine: the grammar of the Engine.IO revision.
        most: bytes that the server takes in one body; None: not announced.

    Attributes:
        most_shared: bytes of a body that several frames may share.
    """

    content_type = "text/plain;charset=UTF-8"
    noop = "6"

    def __init__(self, engine: ModuleType, most: int | None) -> None:
        self._engine, self.most_shared = engine, inf if most is None else most

    def bodies(self, frames: Sequence[Frame]) -> Iterator[Frame]:
        """Yield the bodies that carry the frames in order; one of bytes is an octet-stream."""
        return map(self._engine.body, self._groups(frames))

    def encode_payload(self, frames: list[str]) -> str:
        """Return one body that carries texts."""
        return str(self._engine.join(frames))

    def decode_payload(self, body: str) -> list[Frame]:
        """Return the frames of one body, or raise RemoteProtocolError."""
        frames: list[Frame] = self._engine.decode_payload(body)
        return frames

    def _groups(self, frames: Sequence[Frame]) -> Iterator[list[Frame]]:
        """Yield the frames that may share a body: within the limits, and a frame that ends something alone.

        socket.io forgets the events that it reads together with a disconnect: what was emitted last would be lost.
        """
        group: list[Frame] = []
        room = most = self.most_shared
        for frame in frames:
            ends = frame.startswith(_ENDS) if isinstance(frame, str) else frame.startswith(_ENDS_AS_MSGPACK)
            size = self._engine.size(frame)
            if group and (ends or size > room or len(group) == MOST_FRAMES):
                yield group
                group, room = [], most
            group.append(frame)
            room = 0 if ends else room - size
        if group:
            yield group
