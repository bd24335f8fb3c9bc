"""The endpoints of a connection: which are asked for, which are open, and what they still owe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..errors import SocketIOError
from .early import Early


class Joining(Enum):
    """How far the join of an endpoint is."""

    ASKED = "asked"
    OPEN = "open"
    OVER = "over"


_OPEN = Joining.OPEN


@dataclass(slots=True, eq=False)
class Endpoint:
    """One endpoint that the user wants to be joined to.

    Attributes:
        name: its name on the wire; empty for the default one.
        query: what the join carries.
        state: ASKED until the server confirms, OVER when it is closed or failed.
        error: why it failed.
        deadline: until when the server must confirm; None: it has no limit but the session's.
        early: what came for it before the confirmation.
        was_open: the server had confirmed it in an earlier session.
        left_here: it was left before in this session, so a late ``0::/name`` may be the answer to that.
        auth: what the server is told when it is asked to join us.
        welcome: what it said when it did.
        offset: the last packet that came, in the words of a server that can send again what came after it.
        recovered: whether the server did so: this is the session of before.
    """

    name: str
    query: str = ""
    state: Joining = Joining.ASKED
    error: SocketIOError | None = None
    deadline: float | None = None
    early: Early = field(default_factory=Early)
    was_open: bool = False
    left_here: bool = False
    auth: Any = None
    welcome: dict[str, Any] = field(default_factory=dict)
    offset: str | None = None
    recovered: bool = False

    def claim(self) -> dict[str, Any] | None:
        """Return what the request to be joined carries: the user's words, and which session is to be recovered."""
        private_id = self.welcome.get("pid")
        if private_id is None:
            return self.auth  # type: ignore[no-any-return]
        return {**(self.auth or {}), "pid": private_id, "offset": self.offset}

    def joined(self, welcome: dict[str, Any] | None) -> None:
        """The server joined us, and said this about the session of the endpoint."""
        before, self.welcome = self.welcome, welcome or {}
        self.state, self.deadline = Joining.OPEN, None
        self.recovered = "pid" in before and before["pid"] == self.welcome.get("pid")


class Endpoints:
    """All endpoints by name; the default one is always there."""

    def __init__(self) -> None:
        self.default = Endpoint("")
        self._by_name: dict[str, Endpoint] = {"": self.default}
        self._left: set[str] = set()
        self._session_deadline: float | None = None  # for those without a deadline of their own

    def __iter__(self) -> Iterator[Endpoint]:
        """Iterate over the endpoints that are asked for or open, the default one last."""
        return iter([*self.channels(), self.default])

    def get(self, name: str) -> Endpoint | None:
        """Return an endpoint that is asked for or open."""
        return self._by_name.get(name)

    def is_open(self, name: str) -> bool:
        """Return whether the server has joined us to an endpoint."""
        endpoint = self._by_name.get(name)
        return endpoint is not None and endpoint.state is _OPEN

    def channels(self) -> list[Endpoint]:
        """Return all but the default one."""
        return [endpoint for endpoint in self._by_name.values() if endpoint is not self.default]

    def add(self, name: str, query: str, deadline: float | None, auth: Any = None) -> Endpoint:
        """Ask for an endpoint."""
        left = name in self._left
        endpoint = self._by_name[name] = Endpoint(name, query, deadline=deadline, left_here=left, auth=auth)
        return endpoint

    def close(self, endpoint: Endpoint, error: SocketIOError | None) -> None:
        """Let go of an endpoint, because of ``error`` or as asked."""
        endpoint.state, endpoint.error, endpoint.deadline = Joining.OVER, error, None
        endpoint.early.take()
        if endpoint is not self.default:
            self._by_name.pop(endpoint.name, None)

    def leave(self, endpoint: Endpoint) -> None:
        """Let go of an endpoint of which the server is told so."""
        self._left.add(endpoint.name)
        self.close(endpoint, None)

    def begin_session(self, deadline: float) -> list[Endpoint]:
        """The default endpoint is joined: return the others, which must be joined again until ``deadline``."""
        self._session_deadline = deadline
        return self.channels()

    def end_session(self) -> list[Endpoint]:
        """All must be joined again in the next session; return those that were open."""
        self._left.clear()
        self._session_deadline = None
        were_open = [endpoint for endpoint in self if endpoint.state is Joining.OPEN]
        for endpoint in were_open:
            endpoint.state, endpoint.was_open = Joining.ASKED, True
        for endpoint in self:
            endpoint.left_here = False
            endpoint.early.take()
        return were_open

    def all_decided(self) -> bool:
        """Return whether no join is outstanding."""
        return all(endpoint.state is not Joining.ASKED for endpoint in self)

    def overdue(self, now: float) -> list[Endpoint]:
        """Return those whose confirmation did not come in time."""
        return [endpoint for deadline, endpoint in self._awaited() if deadline <= now]

    def deadline(self) -> float | None:
        """Return when the next confirmation is overdue."""
        return min((deadline for deadline, _ in self._awaited()), default=None)

    def _awaited(self) -> Iterator[tuple[float, Endpoint]]:
        for endpoint in self:
            deadline = endpoint.deadline if endpoint.deadline is not None else self._session_deadline
            if endpoint.state is Joining.ASKED and deadline is not None:
                yield deadline, endpoint
