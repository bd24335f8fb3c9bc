"""What went through a connection, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

from .transports.base import Traffic


@dataclass(frozen=True)
class Stats:
    """What went through a connection since it was made, over all of its sessions.

    Attributes:
        packets_in, packets_out: packets that were read and written, heartbeats included; attachments count by
            themselves.
        bytes_in, bytes_out: bytes that were read and written, with all that HTTP and websockets add, without TLS.
        reconnects: how often the connection came back after a loss.
        queued: packets that wait to be written.
        last_received: seconds since the last packet came, by the monotonic clock; None: none has come.
        round_trip: seconds between the latest acknowledged packet and its acknowledgement, with the time of the
            server's handler; None: nothing was acknowledged yet.
    """

    packets_in: int
    packets_out: int
    bytes_in: int
    bytes_out: int
    reconnects: int
    queued: int
    last_received: float | None
    round_trip: float | None


class Counts:
    """What the threads of a connection count: once for each read and each write.

    Attributes:
        packets_in: the listener's.
        packets_out: of whoever has the send lock.
        heard_at: when packets came last, by the monotonic clock; None: none has come.
        traffic: the bytes.
    """

    def __init__(self) -> None:
        self.packets_in = self.packets_out = 0
        self.heard_at: float | None = None
        self.traffic = Traffic()

    def stats(self, now: float, reconnects: int, queued: int, round_trip: float | None) -> Stats:
        """Return them with what the protocol has counted."""
        heard_at, traffic, packets = self.heard_at, self.traffic, (self.packets_in, self.packets_out)
        last = None if heard_at is None else now - heard_at
        return Stats(*packets, traffic.received, traffic.sent, reconnects, queued, last, round_trip)
