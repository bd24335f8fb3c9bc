"""A locustfile: the users of examples/locust_chat.py, and others that use what the servers of the tests have besides.

Each does ROUNDS rounds and is idle then, until somebody ends Locust. Workers report, and the CSV is written, more often
than usual; and a worker on a busy machine, which gets no CPU for some seconds, is not given up.
"""

import os

import locust.runners
import locust.stats
from locust import task

from examples.locust_chat import Chatter
from sioclient import Handler
from sioclient.locust import SocketIOUser

locust.runners.WORKER_REPORT_INTERVAL = 0.25
locust.stats.CSV_STATS_INTERVAL_SEC = locust.stats.CSV_STATS_FLUSH_INTERVAL_SEC = 0.25
locust.runners.HEARTBEAT_LIVENESS = 60

ROUNDS = int(os.environ["ROUNDS"])


def wait_time(user):
    user.rounds = getattr(user, "rounds", 0) + 1
    return 0.1 if user.rounds < ROUNDS else 3600


Chatter.wait_time = wait_time


class Deaf(Handler):
    """Hears events of a channel, and does nothing."""


class Visitor(SocketIOUser):
    wait_time = wait_time

    def on_start(self):
        super().on_start()
        self.chat = self.sio.connect("/chat", Deaf())

    @task
    def visit(self):
        self.sio.emit("subscribe", "weather")
        assert self.sio.call("sum", 1, 2) == 3
        assert self.chat.call("sum", 3, 4) == 7
        self.sio.emit("echo", "x" * 1000, ack=True)
        self.sio.send("hello", ack=True)

    def on_news(self, topic, story):
        assert (topic, story) == ("weather", {"title": "Sun"})
