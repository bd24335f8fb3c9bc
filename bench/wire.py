"""The few frames that a generation of clients needs to connect, to send an event and to read what comes of it.

Every frame is made once. Nothing is parsed afterwards: of a frame that is always the same, its length is enough.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TEXT = "x" * 40
"""The value of every event; a whole one has about 60 bytes."""


def masked(text: str) -> bytes:
    """Return a client's frame. Its mask is all zeros, so that the text remains what it is."""
    assert len(text) < 126
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text.encode()


def plain(text: str) -> bytes:
    """Return a server's frame."""
    assert len(text) < 126
    return bytes([0x81, len(text)]) + text.encode()


CLOSE = bytes([0x88, 0x80, 0, 0, 0, 0])
"""A client's close frame."""


@dataclass(frozen=True)
class Step:
    """What a client that connects sends, and what it waits for.

    Attributes:
        sent: what it sends; ``%s`` stands for the group that was found last.
        awaited: the pattern of what it then waits for.
        again: whether it does so over a TCP connection of its own.
    """

    sent: bytes
    awaited: re.Pattern[bytes]
    again: bool = False


@dataclass(frozen=True)
class Wire:
    """A generation of clients over a websocket.

    Attributes:
        steps: how a client connects.
        echo: a client's event that wants an acknowledgement.
        acknowledged: what the server sends for it.
        shout: a client's event for which the server sends another one to everybody.
        news: that other one.
    """

    steps: tuple[Step, ...]
    echo: bytes
    acknowledged: bytes
    shout: bytes
    news: bytes


def _request(path: str, *more: str) -> bytes:
    return "\r\n".join([f"GET /socket.io/{path} HTTP/1.1", "Host: 127.0.0.1", *more, "", ""]).encode()


def _upgrade(path: str) -> bytes:
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    return _request(path, "Upgrade: websocket", "Connection: Upgrade", key, "Sec-WebSocket-Version: 13")


def _later(version: int, *steps: Step) -> Wire:
    return Wire(
        (Step(_upgrade(f"?EIO={version}&transport=websocket"), steps[0].awaited), *steps[1:]),
        masked(f'421["echo","{TEXT}"]'),
        plain(f'431["{TEXT}"]'),
        masked(f'42["shout","{TEXT}"]'),
        plain(f'42["news","{TEXT}"]'),
    )


WIRES = {
    1: Wire(
        (
            Step(_request("1/"), re.compile(rb"([\w-]+):\d+:\d+:")),
            Step(_upgrade("1/websocket/%s"), re.compile(re.escape(plain("1::"))), again=True),
        ),
        masked(f'5:1+::{{"name":"echo","args":["{TEXT}"]}}'),
        plain(f'6:::1+["{TEXT}"]'),
        masked(f'5:::{{"name":"shout","args":["{TEXT}"]}}'),
        plain(f'5:::{{"name":"news","args":["{TEXT}"]}}'),
    ),
    4: _later(3, Step(b"", re.compile(rb"0\{[^}]*\}" + re.escape(plain("40"))))),
    5: _later(4, Step(b"", re.compile(rb"0\{[^}]*\}")), Step(masked("40"), re.compile(rb"40\{[^}]*\}"))),
}
"""The generations by the revision of their protocol."""
