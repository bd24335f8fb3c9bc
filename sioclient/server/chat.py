"""A chat with nicknames, rooms and announcements; its events are those of the chats of the 2010s and of chatbot.py."""

from __future__ import annotations

import time
from typing import Any

from .connection import Audience, SocketConnection
from .events import event
from .nicknames import name_key, tidy, tidy_name
from .rates import Rate

LOBBY = "lobby"
MOST_NAME = 30
MOST_TEXT = 2000

TEXTS = (2, 20)
"""Texts that a member may say a second in the long run, and at once."""

MOVES = (0.5, 10)
"""Changes of the name or the room, likewise: each is told to everybody in a room."""

TOO_FAST = "too fast: wait a moment"


class Chat(SocketConnection):
    """A member of the chat, without a name at first.

    Clients send ``nickname`` (a name, acknowledged with whether it is taken, and why it cannot be had), ``user
    message`` (a text, acknowledged with whether it was said) and ``join`` (a room, acknowledged with whether they are
    there). They get ``msg to room`` (name, text), ``announcement`` (text) and, whenever they enter a room,
    ``nicknames`` (an object of the names in the room, each under itself). From then on they get differences, so that a
    change costs a name for each member and no list: ``joined`` (name), ``left`` (name), ``renamed`` (before, name).
    """

    name: str | None = None
    key = ""
    room = LOBBY

    def __init__(self) -> None:
        self._texts, self._moves = Rate(*TEXTS, time.monotonic), Rate(*MOVES, time.monotonic)

    def on_open(self, request: Any) -> None:
        """Send a new member the names of the others."""
        self.join(self.room)
        self.emit("nicknames", self._nicknames())

    def on_close(self) -> None:
        """Tell the others."""
        if self.name is not None:
            self._everybody.emit("announcement", f"{self.name} disconnected")
            self._everybody.emit("left", self.name)

    @event
    def nickname(self, wanted: str) -> bool | tuple[bool, str]:
        """Take a name; return whether it cannot be had, and if so, why."""
        name = tidy_name(wanted, MOST_NAME)
        if name and name == self.name:
            return False
        why = self._objection(name)
        if why is not None:
            return True, why
        self.name, before = name, self.name
        self.key = name_key(name)
        if before is None:
            self.to(self.room).emit("announcement", f"{name} connected")
            self._everybody.emit("joined", name)
        else:
            self.to(self.room).emit("announcement", f"{before} is now {name}")
            self._everybody.emit("renamed", before, name)
        return False

    @event("user message")
    def user_message(self, text: str) -> bool:
        """Send a text to the others in the room; return whether it was said."""
        text = tidy(text, MOST_TEXT)
        if self.name is None or not text:
            return False
        if not self._texts.take():
            self.emit("announcement", f"{TOO_FAST}; this was not said: {text[:40]}")
            return False
        self.to(self.room).emit("msg to room", self.name, text)
        return True

    @event("join")
    def enter(self, room: str) -> bool:
        """Go to another room; return whether this worked."""
        room = tidy_name(room, MOST_NAME) or LOBBY
        if room == self.room:
            return True
        if not self._moves.take():
            self.emit("announcement", TOO_FAST)
            return False
        self.leave(self.room)
        if self.name is not None:
            self._everybody.emit("announcement", f"{self.name} went to another room")
            self._everybody.emit("left", self.name)
        self.room = room
        if self.name is not None:
            self._everybody.emit("announcement", f"{self.name} came in")
            self._everybody.emit("joined", self.name)
        self.join(room)
        self.emit("nicknames", self._nicknames())
        return True

    @property
    def _everybody(self) -> Audience:
        return self.to(self.room, include_self=True)

    def _objection(self, name: str) -> str | None:
        """Return why this member cannot have a name."""
        if not name:
            return "a name needs something that can be seen"
        if not self._moves.take():  # first, for looking among thousands of members costs time, too
            return TOO_FAST
        key = name_key(name)
        if any(isinstance(member, Chat) and member.name and member.key == key for member in self.others):
            return "somebody here has this name already"
        return None

    def _nicknames(self) -> dict[str, str]:
        names = [member.name for member in self._everybody if isinstance(member, Chat) and member.name is not None]
        return dict(zip(names, names, strict=True))
