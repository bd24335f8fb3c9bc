"""Whether a connection that was lost, or did not come about, is tried again, and when."""

from __future__ import annotations

from typing import Protocol

from ..errors import ConnectError, SocketIOError
from .backoff import Backoff

OVERFED = "byte budget"
"""The reason of a loss because the server was sent more than it takes over one transport."""

TOO_BIG = "message too big"
"""How the reason of a loss begins if the server sent more at once than ``max_message_size``."""

_MOST_TOO_BIG = 3
"""Sessions in a row that may end so: a server that does it again and again will not do otherwise."""


class RetryOptions(Protocol):
    """What of ``Options`` is needed here."""

    @property
    def reconnect(self) -> bool: ...

    @property
    def wait_for_connection(self) -> bool: ...


class Retry:
    """Counts the attempts of one connection.

    Args:
        options: whether to try again, at first and later.
        backoff: when.

    Attributes:
        was_joined: whether a session has stood before.
        in_a_moment: whether the latest loss was of our own making: the server is there, and takes us back.
    """

    def __init__(self, options: RetryOptions, backoff: Backoff) -> None:
        self.was_joined = self.in_a_moment = False
        self._options, self._backoff = options, backoff
        self._too_big = 0  # sessions in a row that ended so

    @property
    def attempts(self) -> int:
        """How many attempts were begun since the last session."""
        return self._backoff.attempts

    def joined(self) -> None:
        """A session stands."""
        self._backoff.succeeded()
        self.was_joined = True

    def lost(self, reason: str, error: SocketIOError, *, in_session: bool, was_healthy: bool) -> float | None:
        """Return the seconds until the next attempt; None: there is none.

        Args:
            reason: what ended the session, or the attempt.
            error: the same, as an error, which may be final.
            in_session: whether there was a session.
            was_healthy: whether it lasted for long enough to count as a success.
        """
        self.in_a_moment = reason == OVERFED
        if in_session and (self.in_a_moment or was_healthy):
            self._backoff.reset()
            self._too_big = 0
        if in_session:
            self._too_big = self._too_big + 1 if reason.startswith(TOO_BIG) else 0
        return self._backoff.next(getattr(error, "retry_after", 0.0)) if self._may(error) else None

    def final(self, error: SocketIOError) -> SocketIOError:
        """Return the error that the connection ends with when there is no other attempt."""
        if not self.attempts or not self._may(error):
            return error
        times = f"{self.attempts} attempt{'s' if self.attempts > 1 else ''}"
        again = " again" if self.was_joined else ""
        final = ConnectError(f"gave up after {times} to connect{again}: {error}", retryable=False)
        final.__cause__ = error
        return final

    def _may(self, error: SocketIOError) -> bool:
        """Return whether another attempt may be made after ``error``.

        At first, what time will not change is final. Once a session has stood, the same error says nothing of that
        kind: while a server is redeployed, its load balancer sends 403, 404 or a page of its own.
        """
        if self.was_joined:
            return self._options.reconnect and self._too_big < _MOST_TOO_BIG
        return self._options.wait_for_connection and getattr(error, "retryable", True)
