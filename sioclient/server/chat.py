"""A chat with nicknames, rooms and announcements; its events are those of the chats of the 2010s and of chatbot.py."""

from __future__ import annotations

from typing import Any

from .connection import Audience, SocketConnection
from .events import event

LOBBY = "lobby"
MOST_NAME = 30
MOST_TEXT = 2000


class Chat(SocketConnection):
    """A member of the chat, without a name at first.

    Clients send ``nickname`` (a name, acknowledged with whether it is taken), ``user message`` (a text) and ``join`` (a
    room). They get ``msg to room`` (name, text), ``announcement`` (text) and ``nicknames`` (an object of the names in
    the room, each under itself).
    """

    name: str | None = None
    room = LOBBY

    def on_open(self, request: Any) -> None:
        """Send a new member the names of the others."""
        self.join(self.room)
        self.emit("nicknames", self._nicknames())

    def on_close(self) -> None:
        """Tell the others."""
        if self.name is not None:
            self._everybody.emit("announcement", f"{self.name} disconnected")
            self._show_nicknames()

    @event
    def nickname(self, wanted: str) -> bool:
        """Take a name; return whether somebody else has it."""
        name = tidy(wanted, MOST_NAME)
        taken = not name or any(name == member.name for member in self.others if isinstance(member, Chat))
        if not taken:
            self.name, before = name, self.name
            text = f"{name} connected" if before is None else f"{before} is now {name}"
            self.to(self.room).emit("announcement", text)
            self._show_nicknames()
        return taken

    @event("user message")
    def user_message(self, text: str) -> None:
        """Send a text to the others in the room."""
        text = tidy(text, MOST_TEXT)
        if self.name is not None and text:
            self.to(self.room).emit("msg to room", self.name, text)

    @event("join")
    def enter(self, room: str) -> None:
        """Go to another room."""
        room = tidy(room, MOST_NAME) or LOBBY
        if room == self.room:
            return
        self.leave(self.room)
        if self.name is not None:
            self._everybody.emit("announcement", f"{self.name} went to another room")
        self._show_nicknames()
        self.room = room
        self.join(room)
        if self.name is not None:
            self.to(room).emit("announcement", f"{self.name} came in")
        self._show_nicknames()

    @property
    def _everybody(self) -> Audience:
        return self.to(self.room, include_self=True)

    def _nicknames(self) -> dict[str, str]:
        names = [member.name for member in self._everybody if isinstance(member, Chat) and member.name is not None]
        return dict(zip(names, names, strict=True))

    def _show_nicknames(self) -> None:
        self._everybody.emit("nicknames", self._nicknames())


def tidy(text: Any, most: int) -> str:
    """Return a name or a text without control characters, cut to ``most`` characters."""
    return "".join(character for character in str(text) if character.isprintable() or character == "\n").strip()[:most]
