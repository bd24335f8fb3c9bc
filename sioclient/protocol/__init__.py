"""The protocol without I/O: no socket, no thread, no clock, no randomness.

``ClientProtocol`` is a connection. Give it what the network brings and what time it is, and fetch what it wants to send
and to tell. An opening (``revision1``, ``any_revision``, ...) says what to request, and reads the handshake from the
response. Packets and notices are the values that go in and come out.
"""

from __future__ import annotations

from ..options import Options
from .client import ClientProtocol, Verdict
from .deliveries import Delivery
from .endpoints import Endpoint, Joining
from .framing import Frame
from .notices import (
    Acknowledged,
    Connected,
    Delivered,
    Disconnected,
    Dropped,
    Ended,
    JoinFailed,
    Left,
    Notice,
    Reconnected,
    Retrying,
    TransportClosed,
    TransportOpened,
    Unacknowledged,
)
from .packets import Error, Event, Json, Malformed, Message
from .phases import Phase
from .revisions import (
    Dialect,
    Handshake,
    Opening,
    any_engine,
    any_revision,
    engine_alone,
    make_opening,
    revision1,
    revision4,
    revision5,
)
from .start import Start, make_start

__all__ = [
    "Acknowledged",
    "ClientProtocol",
    "Connected",
    "Delivered",
    "Delivery",
    "Dialect",
    "Disconnected",
    "Dropped",
    "Ended",
    "Endpoint",
    "Error",
    "Event",
    "Frame",
    "Handshake",
    "JoinFailed",
    "Joining",
    "Json",
    "Left",
    "Malformed",
    "Message",
    "Notice",
    "Opening",
    "Options",
    "Phase",
    "Reconnected",
    "Retrying",
    "Start",
    "TransportClosed",
    "TransportOpened",
    "Unacknowledged",
    "Verdict",
    "any_engine",
    "any_revision",
    "engine_alone",
    "make_opening",
    "make_start",
    "revision1",
    "revision4",
    "revision5",
]
