"""A bot for a chat on an old Socket.IO server: ``python chatbot.py SERVER PORT``."""

from __future__ import annotations

import re
import sys
from typing import Any

from sioclient import Channel, Handler, SocketIO, SocketIOError

NAME = "bot"


class Bot(Handler):
    """Greets, answers whoever mentions a bot, and leaves when somebody says bye."""

    def __init__(self) -> None:
        self.socket: Channel | None = None

    def on_connect(self, socket: Channel) -> None:
        """Introduce yourself; after a reconnect, too."""
        self.socket = socket
        # Classic chat servers call the function that comes with the nickname without looking whether there is one.
        socket.emit("nickname", NAME, lambda *answer: None)
        self.say("hello, I am a bot. Say bye and I leave")

    def on_msg_to_room(self, name: str, text: str) -> None:
        """Answer what somebody else says."""
        show(f"{name}: {text}")
        if name == NAME or self.socket is None:
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
        if self.socket is not None:
            self.socket.emit("user message", text)
            show(f"{NAME}: {text}")


def show(text: str) -> None:
    """Print a line; other people's control characters must not reach the terminal."""
    print("".join(c if c.isprintable() else repr(c)[1:-1] for c in text), flush=True)


def main(arguments: list[str]) -> int:
    """Run the bot until somebody says bye; return the exit status."""
    if len(arguments) != 2 or not arguments[1].isdigit():
        print("usage: python chatbot.py SERVER PORT, for instance: python chatbot.py localhost 8080", file=sys.stderr)
        return 2
    try:
        with SocketIO(arguments[0], int(arguments[1]), Bot()) as socket:
            socket.wait()
    except (SocketIOError, ValueError) as error:
        print(f"chatbot: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
