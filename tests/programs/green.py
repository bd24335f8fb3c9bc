"""A program on green threads: gevent or eventlet has put them in the place of the system's, as its first act.

The arguments are the name of the library and the settings as JSON. Each line that it prints is a fact; its stdin tells
it when the server was stopped and started again.
"""

import sys

if sys.argv[1] == "gevent":
    from gevent import monkey

    monkey.patch_all()
else:
    import eventlet

    eventlet.monkey_patch()

import json
import threading
import time

from sioclient import Handler, SocketIO

SETTINGS = json.loads(sys.argv[2])
URL, MANY = SETTINGS["url"], SETTINGS["many"]
CALLS = 100
OPTIONS = {"transports": (SETTINGS["transport"],), "verify": SETTINGS["verify"], "reconnection_delay": 0.05}


def say(*facts):
    print(*facts, flush=True)


class Reader(Handler):
    def on_connect(self, socket):
        say("connect")

    def on_echoed(self, *args):
        say("echoed", *args)
        say("in a handler", socket.call("sum", 3, 4))

    def on_close(self, reason):
        say("close")

    def on_reconnect(self, attempts):
        say("reconnect")

    def on_disconnect(self):
        say("disconnect")


class Ticks:
    """Another green thread, and how often it had its turn."""

    count, running = 0, True

    def __init__(self, seconds):
        self.seconds = seconds

    def run(self):
        while self.running:
            time.sleep(self.seconds)
            self.count += 1


def call_on(total):
    """Call when the call before has its acknowledgement, as a callback does."""
    counts.append(spinner.count)
    if total < CALLS:
        socket.emit("sum", total, 1, callback=call_on)
    else:
        done.set()


ticks = Ticks(0.01)
ticking = threading.Thread(target=ticks.run, daemon=True)
ticking.start()
socket = SocketIO(URL, handler=Reader(), **OPTIONS)
say(socket.transport_name)
say("sum", socket.call("sum", 1, 2))
socket.emit("echo", "hi")
before = ticks.count
socket.wait(0.5)
turns = ticks.count - before
say("waited")
others = [SocketIO(URL, **OPTIONS) for _ in range(MANY)]
say("many", sum(other.call("sum", number, 1) for number, other in enumerate(others)))
for other in others:
    other.disconnect()
spinner = Ticks(0)
spinning = threading.Thread(target=spinner.run, daemon=True)
spinning.start()
counts, done = [], threading.Event()
for number in range(CALLS):
    counts.append(spinner.count)
    socket.call("sum", number, 1)
say("others had their turn between calls", len(set(counts)) > CALLS / 2)
counts = []
call_on(0)
done.wait(20)
say("others had their turn between callbacks", len(set(counts)) > CALLS / 2)
ticks.running = spinner.running = False
ticking.join()
spinning.join()
say("others had their turn", turns > 2)  # one or two come before and after a wait in which nobody else runs
say("restart it")
socket.wait(0.3)
say("go on", sys.stdin.readline().strip())
say("sum", socket.call("sum", 5, 6))
if SETTINGS["ending"] == "disconnect":
    socket.disconnect()
    say("threads", threading.active_count())
elif SETTINGS["ending"] == "wait":
    say("waiting")
    socket.wait(60)
