"""Link: what carries the frames of a client."""

from __future__ import annotations

from typing import Any, Protocol

from .sessionbase import LinkKind


class Link(Protocol):
    """What carries frames to a client: a stream, or a poll, which can be written to once."""

    @property
    def kind(self) -> LinkKind:
        """STREAM or POLL."""

    @property
    def transport(self) -> str:
        """What the transport is called: websocket, polling or htmlfile."""

    def is_ready(self) -> bool:
        """Return whether the network has taken what was written before."""

    def write(self, frames: list[Any]) -> None:
        """Write frames; never blocks, never raises."""

    def close(self) -> None:
        """Close the transport, after what was written."""

    def cut(self) -> None:
        """Close the connection under the transport."""
