"""The account of every event: who heard it, in which order, and in which window of a fault it was lost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

BEFORE = 2.0
"""Seconds before a fault in which an event may have been under way when it was said."""


@dataclass
class Window:
    """A fault, from its beginning until everything was as before."""

    name: str
    begun: float
    ended: float = float("inf")

    def has(self, moment: float) -> bool:
        """Return whether an event of that moment may be lost."""
        return self.begun - BEFORE <= moment <= self.ended


@dataclass
class Account:
    """What was said and heard.

    Attributes:
        said: how many events were said.
        due: how many times they should have been heard.
        heard: how many times they were heard.
        twice: how many times one was heard again.
        unordered: how many times one was heard after a later one of the same sender.
        unknown: how many times something was heard that nobody of the room said.
        lost: how many were not heard, by the name of the window.
        losses: how many connections were lost, by the name of the window.
        unexcused: what was lost outside of every window, in words.
        repeated: what was heard again, in words.
    """

    said: int = 0
    due: int = 0
    heard: int = 0
    twice: int = 0
    unordered: int = 0
    unknown: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    losses: Counter[str] = field(default_factory=Counter)
    unexcused: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        """Whether nothing came twice, out of order or from nowhere, and nothing was lost without a fault."""
        return not (self.twice or self.unordered or self.unknown or self.unexcused)

    def __str__(self) -> str:
        """Return the account in words."""
        kinds = f"{self.twice} twice, {self.unordered} out of order, {self.unknown} unknown"
        parts = [f"{self.said} events said, {self.due} due, {self.heard} heard, {kinds}"]
        for name in sorted(self.lost.keys() | self.losses.keys()):
            parts.append(f"{name}: {self.lost[name]} not heard, {self.losses[name]} connections lost")
        parts += [f"outside of every fault: {len(self.unexcused)}", *self.unexcused[:20]]
        return "\n".join([*parts, *self.repeated[:20]])


def reckon(reports: Sequence[Mapping[str, Any]], windows: Sequence[Window]) -> Account:
    """Return the account of all clients; see ``Crowd.report``."""
    account, rooms = Account(), defaultdict(list)
    for report in reports:
        rooms[report["room"]].append(report)
        for moment in report["lost"]:
            _excuse(account, account.losses, windows, moment, f"the connection of client {report['number']}")
    for room in rooms.values():
        said = {report["number"]: report["said"] for report in room}
        account.said += sum(map(len, said.values()))
        for report in room:
            heard = dict(report["heard"])
            account.unknown += sum(len(heard[sender]) for sender in heard.keys() - said.keys())
            for sender, moments in said.items():
                _compare(account, windows, moments, heard.get(sender, []), f"{sender} at {report['number']}")
    return account


def _compare(
    account: Account, windows: Sequence[Window], moments: Sequence[float], heard: Sequence[int], who: str
) -> None:
    """Add what one listener heard of one sender."""
    once = set(heard)
    account.due += len(moments)
    account.heard += len(heard)
    account.twice += len(heard) - len(once)
    for number in sorted(number for number, times in Counter(heard).items() if times > 1):
        moment = f", at {moments[number]:.2f}" if 0 <= number < len(moments) else ""
        account.repeated.append(f"twice: event {number} of {who}{moment}; heard {heard}")
    account.unordered += sum(later < earlier for earlier, later in pairwise(heard))
    account.unknown += sum(not 0 <= number < len(moments) for number in once)
    for number, moment in enumerate(moments):
        if number not in once:
            _excuse(account, account.lost, windows, moment, f"event {number} of {who}")


def _excuse(account: Account, counter: Counter[str], windows: Sequence[Window], moment: float, what: str) -> None:
    name = next((window.name for window in windows if window.has(moment)), None)
    if name is None:
        account.unexcused.append(f"{what}, at {moment:.2f}")
    else:
        counter[name] += 1
