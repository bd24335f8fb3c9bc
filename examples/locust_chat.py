"""Load on a chat, with Locust.

::

    pip install sioclient[locust,server]
    python -m sioclient.server --port 8000
    locust -f examples/locust_chat.py --headless -u 50 -r 10 -t 30 -s 10 --host http://localhost:8000

Its events are those of chatbot.py. Whoever hears a text says how long ago it was sent: that is the response time of the
row "RECV msg to room". The clocks of all machines must agree for that.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

from locust import between, task

from sioclient.locust import SocketIOUser


class Chatter(SocketIOUser):
    """Takes a name, and says something now and then."""

    wait_time = between(0.5, 1.5)
    linger = 1  # hear what others still say

    def on_start(self) -> None:
        """Connect, and take a name."""
        super().on_start()
        self.sio.call("nickname", f"visitor {secrets.token_hex(8)}")

    @task
    def say(self) -> None:
        """Say something; the task need not wait until the server has acknowledged it."""
        self.sio.emit("user message", f"{time.time()} It is a nice day.", ack=True)

    def received(self, name: str, args: list[Any]) -> float | None:
        """Return for how many milliseconds a text was on its way."""
        if name != "msg to room":
            return None
        return (time.time() - float(args[1].split()[0])) * 1000
