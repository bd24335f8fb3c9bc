"""A program that is packed into a file or a folder: it connects over both transports that every generation has."""

import sys
from queue import Queue

from sioclient import EngineIO, Handler, SocketIO, detect

URL = sys.argv[1]
echoed = Queue()


class Reader(Handler):
    def on_echoed(self, *args):
        echoed.put(args)


print(detect(URL).revision)
for transport in ("websocket", "xhr-polling"):
    with SocketIO(URL, handler=Reader(), transports=(transport,)) as socket:
        socket.emit("echo", "hi")
        print(socket.transport_name, socket.call("sum", 1, 2), *echoed.get(timeout=10))
print(EngineIO(logger=False).connected)
