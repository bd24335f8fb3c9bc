"""Polling as Engine.IO does it: the handshake was the first GET, bodies are limited, and may be bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .base import BodyFraming, Frame
from .polling import PollingTransport

if TYPE_CHECKING:
    from .http import HttpClient


class EnginePollingTransport(PollingTransport):
    """The polling of Engine.IO; it goes by the same name."""

    def __init__(self, http: HttpClient, max_message_size: int, framing: BodyFraming) -> None:
        super().__init__(http, max_message_size, framing)
        self._body_framing = framing

    def open(self, url: str, deadline: float) -> None:
        """Remember the session's URL; see ``Transport.open``."""
        self._url = url

    def _bodies(self, frames: Sequence[Frame]) -> Iterator[tuple[bytes, str]]:
        for body in self._body_framing.bodies(frames):
            if isinstance(body, bytes):
                yield body, "application/octet-stream"
            else:
                yield body.encode("utf-8"), self._framing.content_type
