"""Gather: clients of every age in one room of the chat, each of which says something."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver

import chatbot
from sioclient.server import SocketServer
from sioclient.server.chat import Chat
from tests.waiting import PATIENCE, eventually

from .browser import Page
from .pages import PAGES

TRIO_PROGRAM = Path(__file__).resolve().parent.parent.parent / "examples" / "trio_chat.py"


class Window(Page):
    """A person at the page, in a window of its own."""

    def __init__(self, driver: webdriver.Chrome, url: str, name: str) -> None:
        driver.switch_to.new_window("window")
        driver.set_window_size(420, 700)
        self.handle = driver.current_window_handle
        super().__init__(driver, url)
        self.name = name
        self.join(name)
        self.shows("you joined")

    def hears(self, who: str, text: str) -> None:
        """Wait until somebody says that here."""
        self.look()
        self.shows(f"{who}\n{text}")

    def says(self, text: str) -> None:
        """Say something."""
        self.look()
        self.say(text)

    def look(self) -> None:
        """Let the browser show this window."""
        self.driver.switch_to.window(self.handle)


class Terminal:
    """A program of Python in a terminal.

    Args:
        name: what it is called in the chat.
        command: what is typed behind ``python``.
    """

    def __init__(self, name: str, *command: str) -> None:
        self.name, self.command = name, command
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
        self.lines: list[str] = []
        self._process = subprocess.Popen([sys.executable, "-u", *command], **pipes)
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def hears(self, who: str, text: str) -> None:
        """Wait until it prints what somebody says."""
        line = f"{who}: {text}"
        eventually(lambda: line in self.lines, f"{line!r} in {self.name}")

    def says(self, text: str) -> None:
        """Type something."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")

    def end(self) -> None:
        """End the program."""
        self._process.kill()
        self._process.communicate(timeout=PATIENCE)
        self._reading.join(PATIENCE)

    def _read(self) -> None:
        assert self._process.stdout is not None
        self.lines.extend(line.rstrip("\n") for line in self._process.stdout)


class Room:
    """A server, and everybody who has joined it.

    Attributes:
        server: the chat.
        windows: the pages: over the client of 0.9, over our own, and over that of 4.x.
        terminals: the chatbot, and a program of trio.
    """

    def __init__(self, server: SocketServer, windows: list[Window], terminals: list[Terminal]) -> None:
        self.server, self.windows, self.terminals = server, windows, terminals

    @property
    def everybody(self) -> list[Window | Terminal]:
        """All members."""
        return [*self.windows, *self.terminals]

    def revisions(self) -> dict[str, int]:
        """Return which revision each member speaks."""
        return {member.name: member.revision for member in self.server.clients.values()}  # type: ignore[attr-defined]

    def converse(self) -> None:
        """Let everybody say something; each of the others hears it."""
        for member in self.everybody:
            text = f"hello, I am {member.name}"
            if member.name == chatbot.NAME:
                self.windows[0].says("is there a bot?")
                text = "who are you calling bot?!"
            else:
                member.says(text)
            for other in self.everybody:
                if other is not member:
                    other.hears(member.name, text)


@contextmanager
def gathered(driver: webdriver.Chrome) -> Iterator[Room]:
    """Give a room in which everybody is."""
    with SocketServer(Chat, 0, routes=PAGES) as server, ExitStack() as stack:
        bot = Terminal(chatbot.NAME, chatbot.__file__, "localhost", str(server.port))
        stack.callback(bot.end)
        eventually(lambda: bot.lines, "the bot", expect=10)
        places = {"2011": "/old/", "ada": "/", "today": "/new/"}
        windows = [Window(driver, f"{server.url}{path}", name) for name, path in places.items()]
        trio = Terminal("trio", str(TRIO_PROGRAM), server.url, "trio")
        stack.callback(trio.end)
        eventually(lambda: "* connected: revision 5" in trio.lines, "the program of trio", expect=10)
        room = Room(server, windows, [bot, trio])
        names = sorted(member.name for member in room.everybody)
        eventually(lambda: sorted(map(str, room.revisions())) == names, "everybody")
        yield room
