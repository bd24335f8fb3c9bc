"""Playback: a server that sends what another one sent when it was recorded.

The recording is followed in its order. What the server sent is sent after the pause that was before it. Where the
client had sent something, the client that is there now is waited for until it sends an event of that name; it is
acknowledged as it was then.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Union

from ..errors import LocalProtocolError
from ..recordings import Recorded, read_lines
from .connection import SocketConnection
from .logs import RateLimitedLog

_log = RateLimitedLog(time.monotonic)

Recording = Union[str, os.PathLike[str], Sequence[Recorded]]


def replay(recording: Recording, speed: float = 0) -> type[SocketConnection]:
    """Return the class of connections to which a recording is played, for ``SocketServer`` or ``Router``.

    Args:
        recording: the path of a file, as ``sioclient connect --record`` and ``sioclient record`` write it.
        speed: how much faster than it was; 0: without any pause.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no recording; or the speed is below 0.
    """
    if speed < 0:
        raise ValueError(f"speed must be at least 0, not {speed}")
    steps = _read(Path(recording)) if isinstance(recording, (str, os.PathLike)) else recording
    return type("Replayed", (Playback,), {"steps": steps, "speed": speed})


def _read(path: Path) -> list[Recorded]:
    try:
        return read_lines(path.read_text(encoding="utf-8").splitlines(), str(path))
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no recording: it is no text in UTF-8") from None


class Playback(SocketConnection):
    """A client on an endpoint, to which its part of the recording is played.

    Attributes:
        steps: the recording.
        speed: how much faster than it was; 0: without any pause.
    """

    steps: ClassVar[Sequence[Recorded]] = []
    speed: ClassVar[float] = 1

    def get_endpoint(self, path: str) -> type[SocketConnection] | None:
        """Return this for each endpoint of the recording."""
        return type(self) if any(step.endpoint == path for step in self.steps) else None

    def on_open(self, request: Any) -> None:
        """Begin to play."""
        self._steps = [step for step in self.steps if step.endpoint == self.endpoint]
        self._acks = [step for step in self._steps if step.is_sent]
        self._came: Counter[str] = Counter()
        self._changed = asyncio.Event()
        self._playing = asyncio.get_running_loop().create_task(self._play())

    def on_close(self) -> None:
        """Stop playing."""
        self._playing.cancel()

    def on_event(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Go on if this was waited for, and acknowledge it as it was."""
        return self._hear(name)

    def on_message(self, message: Any) -> Any:
        """Take a message for an event called message."""
        return self._hear("message")

    def _hear(self, name: str) -> Any:
        self._came[name] += 1
        self._changed.set()
        found = next((step for step in self._acks if step.name == name), None)
        if found is None:
            return None
        self._acks.remove(found)
        return tuple(found.ack or ())

    async def _play(self) -> None:
        before = self._steps[0].time if self._steps else 0.0
        for step in self._steps:
            if step.is_sent:
                await self._wait_for(step.name)
            else:
                await asyncio.sleep(max(step.time - before, 0) / self.speed if self.speed else 0)
                self._send(step)
            before = step.time

    async def _wait_for(self, name: str) -> None:
        while not self._came[name]:
            self._changed.clear()
            await self._changed.wait()
        self._came[name] -= 1

    def _send(self, step: Recorded) -> None:
        try:
            if step.name == "message" and len(step.args) == 1:
                self.send(step.args[0])
            else:
                self.emit(step.name, *step.args)
        except (LocalProtocolError, TypeError) as error:  # bytes, to a client of revision 1
            _log.write("left out a recorded event: %s", error)
