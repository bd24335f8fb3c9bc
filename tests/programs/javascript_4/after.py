import json
import sys

from sioclient import AckTimeout, Handler, SocketIO

url = f"http://localhost:{sys.argv[1]}"
socket = SocketIO(url, auth={"token": "good"}, transports=("websocket",), reconnection_delay=0.5, auto_connect=False)


class Chat(Handler):
    def on_hello(self, value):
        print("chat", json.dumps(value, separators=(",", ":")))


socket.on("news", lambda topic, story: print("news", topic, story["title"]))
socket.on("what is your name", lambda: ("Ada", "Lovelace"))
socket.once("echoed", lambda text: print("echoed", text))
socket.on("disconnect", lambda: print("disconnected"))
socket.on("connect", lambda _: print("connected"))

socket.open()
chat = socket.connect("/chat", Chat(), auth=lambda: {"room": "lobby"})
socket.emit("subscribe", "weather")
print("sum", socket.call("sum", 1, 2))
socket.emit("introduce yourself", "to me", lambda first, last: print("name", first, last))
socket.emit("note", "soon out of date", volatile=True)
socket.emit("echo", "hello")
try:
    socket.call("never answered", timeout=0.3)
except AckTimeout:
    print("no acknowledgement")
print("bytes", socket.call("echo", {"image": b"PNG"})["image"].decode())
print("auth", json.dumps(chat.call("handshake")["auth"], separators=(",", ":")))
chat.disconnect()
socket.disconnect()
