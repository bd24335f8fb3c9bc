"""Polling as Engine.IO does it: the handshake was the first GET, bodies are limited, and may be bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..protocol.framing import BodyFraming, Frame
from .http import HttpClient
from .polling import PollingTransport
from .posting import Bodies


class EnginePollingTransport(PollingTransport):
    """The polling of Engine.IO, under the same name as that of revision 1."""

    def __init__(self, http: HttpClient, max_message_size: int, framing: BodyFraming) -> None:
        super().__init__(http, max_message_size, framing, limited_bodies(framing))

    def open(self, url: str, deadline: float) -> None:
        """Remember the session's URL; see ``Transport.open``."""
        self.posts.url = url


def limited_bodies(framing: BodyFraming) -> Bodies:
    """Return what makes bodies for a server of Engine.IO."""

    def bodies(frames: Sequence[Frame]) -> Iterator[tuple[bytes, str]]:
        for body in framing.bodies(frames):
            if isinstance(body, bytes):
                yield body, "application/octet-stream"
            else:
                yield body.encode("utf-8"), framing.content_type

    return bodies
