"""A bot for a chat on a Socket.IO server of any age: ``python chatbot.py SERVER PORT``.

Without arguments it brings a server of its own, lets a visitor talk to the bot, and waits for you in the browser.
"""

from __future__ import annotations

import io
import queue
import re
import sys
import threading
import time
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from sioclient import Channel, Handler, SocketIO, SocketIOError

NAME = "bot"


class Bot(Handler[SocketIO]):
    """Greets, answers whoever mentions a bot, and leaves when somebody says bye."""

    def on_connect(self, socket: SocketIO) -> None:
        """Introduce yourself; after a reconnect, too."""
        # Classic chat servers call the function that comes with the nickname without looking whether there is one.
        self.emit("nickname", NAME, lambda *answer: None)
        self.say("hello, I am a bot. Say bye and I leave")

    def on_msg_to_room(self, name: str, text: str) -> None:
        """Answer what somebody else says."""
        show(f"{name}: {text}")
        if name == NAME:
            return
        if re.search(r"\bbye\b", str(text), re.IGNORECASE):
            self.say("bye")
            self.socket.disconnect()
        elif "bot" in str(text).lower():
            self.say("who are you calling bot?!")

    def on_announcement(self, text: str) -> None:
        """Print what the server announces."""
        show(f"* {text}")

    def on_nicknames(self, nicknames: Any) -> None:
        """Print who is there: a list, or a dictionary by name."""
        show(f"* here: {', '.join(map(str, nicknames))}")

    def on_disconnect(self) -> None:
        """Print that it is over, or will have to begin again."""
        show("* disconnected")

    def say(self, text: str) -> None:
        """Send a message to the others, and print it."""
        self.emit("user message", text)
        show(f"{NAME}: {text}")


def show(text: str) -> None:
    """Print a line; other people's control characters must not reach the terminal."""
    print("".join(c if c.isprintable() else repr(c)[1:-1] for c in text), flush=True)


class Visitor(Handler[SocketIO]):
    """Somebody who leads the conversation by a script, and waits for what the others say."""

    def __init__(self, patience: float = 30) -> None:
        self.heard: queue.Queue[str] = queue.Queue()
        self.patience = patience

    def on_msg_to_room(self, name: str, text: str) -> None:
        """Remember what somebody says."""
        self.heard.put(f"{name}: {text}")

    def on_announcement(self, text: str) -> None:
        """Remember what the server announces."""
        self.heard.put(f"* {text}")

    def expect(self, line: str) -> None:
        """Wait until ``line`` is said."""
        while self.heard.get(timeout=self.patience) != line:
            pass

    def converse(self, socket: Channel, pause: float = 0) -> None:
        """Talk to the bot until it leaves."""
        for line, answer in (
            (None, f"{NAME}: hello, I am a bot. Say bye and I leave"),
            ("good morning, is there a bot in here?", f"{NAME}: who are you calling bot?!"),
            ("bye then", f"{NAME}: bye"),
            (None, f"* {NAME} disconnected"),
        ):
            if line is not None:
                time.sleep(pause)
                socket.emit("user message", line)
            self.expect(answer)


def run_bot(server: str, port: int) -> None:
    """Let the bot chat until somebody says bye."""
    with SocketIO(server, port, Bot()) as socket:
        socket.wait()


def talk(port: int, pause: float = 0, revision: int | None = None) -> None:
    """Let the bot and a visitor, who speaks a revision of the protocol, talk on a server of this machine."""
    visitor = Visitor()
    with SocketIO("localhost", port, visitor, revision=revision) as socket:
        socket.call("nickname", "visitor")
        bot = threading.Thread(target=run_bot, args=("localhost", port), daemon=True)
        bot.start()
        visitor.converse(socket, pause)
        bot.join(visitor.patience)


def demonstrate(*, once: bool) -> int:
    """Run a server, the bot and a visitor in this process, then wait with another bot for people, unless ``once``."""
    try:
        from sioclient.server import SocketServer
        from sioclient.server.chat import Chat
        from sioclient.server.webpage import ROUTES
    except ImportError as error:
        print(f"chatbot: {error}; or name a server: python chatbot.py SERVER PORT", file=sys.stderr)
        return 1
    with SocketServer(Chat, 0, routes=ROUTES) as server:
        print(
            f"A chat server listens on port {server.port}. A bot joins it, which speaks the protocol of today,",
            flush=True,
        )
        print("and a visitor who speaks that of 2011.\n", flush=True)
        talk(server.port, pause=1, revision=1)
        if not once:
            print(f"\nJoin the chat at {server.url} where another bot is waiting. Ctrl-C ends it.\n", flush=True)
            with suppress(KeyboardInterrupt):
                while True:  # somebody may say bye
                    run_bot("localhost", server.port)
    print("\nThat was sioclient.")
    return 0


def main(arguments: list[str]) -> int:
    """Run the bot until somebody says bye, or show what it does; return the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what people say may have no place in its encoding
    if find_spec("requests") is None or find_spec("websocket") is None:  # a checkout that nobody installed
        print("chatbot: install sioclient first, in its folder: pip install '.[server]'", file=sys.stderr)
        return 1
    alone = arguments in ([], ["--once"])
    if not alone and (len(arguments) != 2 or not arguments[1].isdigit()):
        print("usage: python chatbot.py SERVER PORT, for instance: python chatbot.py localhost 8080", file=sys.stderr)
        return 2
    try:
        if alone:
            return demonstrate(once=bool(arguments))
        run_bot(arguments[0], int(arguments[1]))
    except queue.Empty:
        print("chatbot: the conversation broke off", file=sys.stderr)
        return 1
    except (SocketIOError, ValueError) as error:
        print(f"chatbot: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
