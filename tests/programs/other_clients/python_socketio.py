"""The first program of the README, written for python-socketio 4 and 5."""

import sys

import socketio

s = socketio.Client(reconnection=False)
s.connect(f"http://localhost:{sys.argv[1]}")
s.emit("subscribe", "weather")
print(s.call("sum", (1, 2)))
s.disconnect()
