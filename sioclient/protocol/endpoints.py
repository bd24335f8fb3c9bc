"""The endpoints of a connection: which are asked for, which are open, and whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..errors import SocketIOError
from .early import Early
from .packets import Connect, Encoded

MOST_LEFT = 1000
"""Names of endpoints that were left in a session and are remembered: the server has told of those before them."""


class Joining(Enum):
    """How far the join of an endpoint is."""

    ASKED = "asked"
    OPEN = "open"
    OVER = "over"


_OPEN, _ASKED, _OVER = Joining.OPEN, Joining.ASKED, Joining.OVER  # a look-up in an Enum takes as long as a call


@dataclass(slots=True, eq=False)
class Endpoint:
    """One endpoint that the user wants to be joined to.

    Attributes:
        name: its name on the wire; empty for the default one.
        query: what the join carries.
        auth: what the user gave as ``auth``: data, or a function that returns it. It is kept for the shell.
        owner: whom notices about this endpoint are for. It is handed out with each of them and means nothing here.
        request: the encoded join for the session that stands or is about to; empty if there is none, or none is needed.
        state: ASKED until the server confirms, OVER when the endpoint was closed or its join failed.
        error: why it failed.
        deadline: until when the server must confirm; None: that is decided, or has no limit but the session's.
        early: packets that came for it before the confirmation.
        was_open: the server had confirmed it in an earlier session.
        was_used: packets of the user were taken for it.
        left_here: an endpoint of this name was left in this session. A late ``0::/name`` may be the reply to that, and
            what comes before the confirmation is for the one that was left.
        connect_data: what the server sent with its confirmation.
        offset: the last packet that came, as a server names it that can send again what came after it.
        join_number: the number of this endpoint's latest confirmation; those of all endpoints are counted together.
        recovered: whether the server went on with the session of before the loss, and sent what came after ``offset``.
    """

    name: str
    query: str = ""
    auth: Any = None
    owner: Any = None
    request: Encoded = ()
    state: Joining = Joining.ASKED
    error: SocketIOError | None = None
    deadline: float | None = None
    early: Early = field(default_factory=Early)
    was_open: bool = False
    was_used: bool = False
    left_here: bool = False
    connect_data: dict[str, Any] = field(default_factory=dict)
    offset: str | None = None
    join_number: int = 0
    recovered: bool = False

    def join_packet(self, data: dict[str, Any] | None) -> Connect:
        """Return the packet that asks to be joined: with the user's data, and which session is to be recovered."""
        private_id = self.connect_data.get("pid")
        if private_id is not None:
            data = {**(data or {}), "pid": private_id, "offset": self.offset}
        return Connect(self.name, self.query, data=data)

    def joined(self, data: dict[str, Any] | None) -> None:
        """Take the server's confirmation."""
        before, self.connect_data = self.connect_data, data or {}
        self.state, self.deadline, self.left_here = _OPEN, None, False
        self.recovered = "pid" in before and before["pid"] == self.connect_data.get("pid")


class Endpoints:
    """All endpoints by name; the default one is always there.

    Attributes:
        by_name: those that are asked for or open.
    """

    def __init__(self) -> None:
        self.default = Endpoint("")
        self.by_name: dict[str, Endpoint] = {"": self.default}
        self._left: dict[str, None] = {}  # the latest at the end

    def __iter__(self) -> Iterator[Endpoint]:
        """Iterate over the endpoints that are asked for or open, the default one last."""
        named = {**self.by_name}
        named.pop("", None)
        return iter((*named.values(), self.default))

    def get(self, name: str) -> Endpoint | None:
        """Return an endpoint that is asked for or open."""
        return self.by_name.get(name)

    def channels(self) -> list[Endpoint]:
        """Return all but the default one."""
        return [endpoint for endpoint in self.by_name.values() if endpoint is not self.default]

    def add(self, endpoint: Endpoint) -> None:
        """Ask for an endpoint."""
        endpoint.left_here = endpoint.name in self._left
        self.by_name[endpoint.name] = endpoint

    def close(self, endpoint: Endpoint, error: SocketIOError | None) -> None:
        """Let go of an endpoint, because of ``error`` or as asked."""
        endpoint.state, endpoint.error, endpoint.deadline, endpoint.auth = _OVER, error, None, None
        endpoint.early.take()
        if endpoint is not self.default:
            self.by_name.pop(endpoint.name, None)

    def leave(self, endpoint: Endpoint) -> None:
        """Let go of an endpoint of which the server is told so."""
        self.remember(endpoint.name)
        self.close(endpoint, None)

    def remember(self, name: str) -> None:
        """Remember that the server has, or may come to have, an endpoint of this name that is no longer wanted."""
        self._left.pop(name, None)
        self._left[name] = None
        if len(self._left) > MOST_LEFT:
            del self._left[next(iter(self._left))]

    def end_session(self) -> list[Endpoint]:
        """Have all joined again in the next session; return those that were open."""
        self._left.clear()
        were_open = [endpoint for endpoint in self if endpoint.state is _OPEN]
        for endpoint in were_open:
            endpoint.state, endpoint.was_open = _ASKED, True
        for endpoint in self:
            endpoint.left_here, endpoint.request = False, ()
            endpoint.early.take()
        return were_open

    def all_decided(self) -> bool:
        """Return whether no join is outstanding; one that is queued behind leaving the same endpoint does not count."""
        return _ASKED not in [endpoint.state for endpoint in self.by_name.values() if not endpoint.left_here]

    def overdue(self, now: float) -> list[Endpoint]:
        """Return those whose confirmation did not come in time."""
        return [endpoint for endpoint in self if endpoint.deadline is not None and endpoint.deadline <= now]

    def deadline(self) -> float | None:
        """Return when the next confirmation is overdue."""
        earliest = None
        for endpoint in self.by_name.values():
            deadline = endpoint.deadline
            if deadline is not None and (earliest is None or deadline < earliest):
                earliest = deadline
        return earliest
