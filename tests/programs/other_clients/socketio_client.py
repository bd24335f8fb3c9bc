"""The first program of the README, written for socketIO-client 0.5 and 0.7."""

import sys

from socketIO_client import SocketIO

with SocketIO("localhost", int(sys.argv[1]), wait_for_connection=False) as s:
    s.emit("subscribe", "weather")
    s.emit("sum", 1, 2, print)
    s.wait_for_callbacks(seconds=20)
