import json
import sys

from sioclient import AckTimeout, Handler, SocketIO


def say(*what):  # one write each: functions run on another thread
    sys.stdout.write(" ".join(map(str, what)) + "\n")


url = f"http://localhost:{sys.argv[1]}"
socket = SocketIO(url, auth={"token": "good"}, transports=("websocket",), reconnection_delay=0.5, auto_connect=False)


class Chat(Handler):
    def on_hello(self, value):
        say("chat", json.dumps(value, separators=(",", ":")))


socket.on("news", lambda topic, story: say("news", topic, story["title"]))
socket.on("what is your name", lambda: ("Ada", "Lovelace"))
socket.once("echoed", lambda text: say("echoed", text))
socket.on("disconnect", lambda: say("disconnected"))
socket.on("connect", lambda _: say("connected"))

socket.open()
chat = socket.connect("/chat", Chat(), auth=lambda: {"room": "lobby"})
socket.emit("subscribe", "weather")
say("sum", socket.call("sum", 1, 2))
socket.emit("introduce yourself", "to me", lambda first, last: say("name", first, last))
socket.emit("note", "soon out of date", volatile=True)
socket.emit("echo", "hello")
try:
    socket.call("never answered", timeout=0.3)
except AckTimeout:
    say("no acknowledgement")
say("bytes", socket.call("echo", {"image": b"PNG"})["image"].decode())
say("auth", json.dumps(chat.call("handshake")["auth"], separators=(",", ":")))
chat.disconnect()
socket.disconnect()
