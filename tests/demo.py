"""make demo: the chatbot and a scripted visitor talk on a real socket.io 0.9.19 server."""

from __future__ import annotations

import queue
import subprocess
import sys
from pathlib import Path

from sioclient import Handler, SocketIO, SocketIOError
from tests.servers.node import NodeServer, install
from tests.servers.process import ServerUnavailable

CHATBOT = Path(__file__).resolve().parent.parent / "chatbot.py"
PATIENCE = 30


class Visitor(Handler):
    """Collects what is said, so that the script can wait for it."""

    def __init__(self) -> None:
        self.heard: queue.Queue[str] = queue.Queue()

    def on_msg_to_room(self, name: str, text: str) -> None:
        self.heard.put(f"{name}: {text}")

    def on_announcement(self, text: str) -> None:
        self.heard.put(f"* {text}")

    def expect(self, line: str) -> None:
        """Wait until ``line`` is said."""
        while (heard := self.heard.get(timeout=PATIENCE)) != line:
            pass
        print(f"    visitor hears   {heard}", flush=True)


def talk(port: int) -> int:
    """Let the visitor lead the conversation; return the bot's exit status."""
    visitor = Visitor()
    with SocketIO("localhost", port, visitor) as socket:
        socket.call("nickname", "visitor")
        command = [sys.executable, str(CHATBOT), "localhost", str(port)]
        bot = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            visitor.expect("bot: hello, I am a bot. Say bye and I leave")
            for line, answer in (
                ("good morning, is there a bot in here?", "bot: who are you calling bot?!"),
                ("bye then", "bot: bye"),
            ):
                print(f"    visitor says    {line}", flush=True)
                socket.emit("user message", line)
                visitor.expect(answer)
            visitor.expect("* bot disconnected")
            printed, _ = bot.communicate(timeout=PATIENCE)
        finally:
            bot.kill()
            bot.wait()
    print("\nWhat the bot printed:\n")
    print("".join(f"    {line}\n" for line in printed.splitlines()))
    return bot.returncode


def main() -> int:
    """Run the demonstration; return the exit status."""
    try:
        install()
        with NodeServer("chat.js") as server:
            print(f"A socket.io 0.9.19 chat server listens on port {server.port}; chatbot.py joins it.\n", flush=True)
            status = talk(server.port)
    except ServerUnavailable as problem:
        print(f"The demonstration needs a real server, and there is none: {problem}", file=sys.stderr)
        return 1
    except (SocketIOError, queue.Empty) as problem:
        print(f"The conversation broke off: {problem!r}", file=sys.stderr)
        return 1
    print("That was sioclient." if status == 0 else f"The bot ended with status {status}.")
    return status


if __name__ == "__main__":
    sys.exit(main())
