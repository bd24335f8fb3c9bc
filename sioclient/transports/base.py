"""What a transport is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

from ..errors import ConnectionLost
from ..protocol.framing import Frame


class Traffic:
    """Bytes that went through the streams of one connection; each stream counts under its own lock."""

    __slots__ = ("received", "sent")

    def __init__(self) -> None:
        self.received = self.sent = 0


class Transport(ABC):
    """Moves the frames of one session. It knows no packet, and lives once: opened, used, closed.

    ``recv`` and ``close`` are for one thread at a time, and so are ``prepare``, ``send`` and ``finish``; ``wake`` and
    ``abort`` may be called from any thread at any time, without a lock of the connection.

    Attributes:
        is_busy: whether the next frames must wait for the response to the last ones, for a connection, or until the
            server takes more; any thread may ask.
        prepares: whether ``prepare`` or ``finish`` must always be called before frames are taken to be sent, and not
            only after ``is_busy``.
        dies_unread: whether servers end a session that nobody reads from, whatever it sends.
        can_take: whether ``take`` ever takes anything, once it is open.
    """

    name: ClassVar[str]
    is_busy: bool = False
    prepares: ClassVar[bool] = False
    dies_unread: ClassVar[bool] = False
    can_take: bool = False

    @abstractmethod
    def open(self, url: str, deadline: float) -> None:
        """Connect to the session's ``url`` until ``deadline`` (``time.monotonic``), or raise ConnectError."""

    @abstractmethod
    def recv(self) -> list[Frame]:
        """Wait for frames and return them in order; return none after ``wake``. Raise ConnectionLost at the end."""

    def recv_until(self, deadline: float) -> list[Frame]:
        """Do what ``recv`` does, but return none at ``deadline``.

        For transports on which the server speaks first, and for those that die unread.
        """
        return self.recv()

    def hasten(self) -> None:  # noqa: B027 - most need not
        """Something is about to come: have the next ``recv`` look for a moment before it sleeps. For its thread."""

    def prepare(self, deadline: float) -> bool:
        """Wait until frames may be sent, at most until ``deadline``; return whether they may. Raise ConnectionLost."""
        return True

    def take(self, see_to: Callable[[list[Frame]], bool]) -> bool | None:
        """Have something seen to what has come, and take it if that is done; for while ``recv`` does not run.

        An exception that strikes from outside, as Ctrl-C does, takes nothing away: ``recv`` returns it then.

        Args:
            see_to: gets frames that are there as a whole, with nothing behind them; returns whether it is done.

        Returns:
            Whether it was done; if not, ``recv`` returns what has come. None: nothing has come yet.
        """
        return False

    @abstractmethod
    def send(self, frames: Sequence[Frame]) -> None:
        """Write frames in order, or begin to: then ``is_busy``. Raise ConnectionLost."""

    def finish(self, deadline: float) -> bool:
        """Wait until what was sent is written and has its response, or until ``deadline``; return whether it has.

        Raises:
            ConnectionLost: it never will.
        """
        return True

    def leave(self) -> None:
        """Tell the server that nothing more will be sent; ``recv`` goes on until the server has ended it too."""
        raise ConnectionLost("transport closed")  # only sessions over a websocket are renewed

    @abstractmethod
    def wake(self) -> None:
        """Make ``recv`` return, now or the next time."""

    @abstractmethod
    def abort(self) -> None:
        """Make whatever blocks in ``open``, ``recv`` or ``send`` raise, now or the next time."""

    @abstractmethod
    def close(self, timeout: float) -> None:
        """End the connection, and free everything once the server has ended it, or is silent for ``timeout`` seconds.

        A server that goes on sending is given four times as long.
        """
