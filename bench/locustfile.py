"""What ``locust_users.py`` has Locust run: users of one of two kinds, and figures of the process when all are there."""

from __future__ import annotations

import gc
import json
import os
import time
from pathlib import Path
from typing import ClassVar

import gevent
import psutil
from locust import constant_throughput, events, task

if os.environ["KIND"] == "sioclient":
    from sioclient.locust import SocketIOUser

    class Caller(SocketIOUser):
        wait_time = constant_throughput(1)
        sio_options: ClassVar = {"transports": "websocket", "revision": 5}

        @task
        def ask(self):
            self.sio.call("question")

else:
    from locust.contrib.socketio import SocketIOUser

    class Caller(SocketIOUser):
        wait_time = constant_throughput(1)

        def on_start(self):
            self.sio.connect(self.host, transports=["websocket"])

        @task
        def ask(self):
            self.sio.call("question")

        def on_stop(self):
            self.sio.disconnect()


PROCESS = psutil.Process()


def cpu_time():
    return sum(PROCESS.cpu_times()[:2])


@events.test_start.add_listener
def note_memory(environment, **_):
    gc.collect()
    environment.memory_before, environment.cpu_before = PROCESS.memory_info().rss, cpu_time()


@events.spawning_complete.add_listener
def begin(user_count, **_):
    gevent.spawn(measure)


def measure():
    environment = Caller.environment_of_all
    gevent.sleep(2)  # connections that are still being made
    environment.stats.reset_all()
    gc.collect()
    memory = PROCESS.memory_info().rss - environment.memory_before
    cpu, began = cpu_time(), time.monotonic()
    connecting = cpu - environment.cpu_before
    gevent.sleep(float(os.environ["SECONDS"]))
    cpu, seconds = cpu_time() - cpu, time.monotonic() - began
    total = next(
        entry for key, entry in environment.stats.entries.items() if key in (("question", "CALL"), ("question", "WSC"))
    )
    figures = {"connecting": connecting, "cpu": cpu, "seconds": seconds, "memory": memory, "calls": total.num_requests}
    figures |= {"p50": total.get_response_time_percentile(0.5), "p95": total.get_response_time_percentile(0.95)}
    figures |= {"failures": environment.stats.total.num_failures, "users": environment.runner.user_count}
    Path(os.environ["FIGURES"]).write_text(json.dumps(figures))
    environment.runner.quit()


@events.init.add_listener
def keep(environment, **_):
    Caller.environment_of_all = environment
