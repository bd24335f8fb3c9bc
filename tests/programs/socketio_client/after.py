import sys

from sioclient import Handler, SocketIO


class Main(Handler):
    def on_connect(self, socket):
        print("connected")

    def on_news(self, topic, story):
        print("news", topic, story["title"])

    def on_weather_response(self, *args):
        print("weather", *args)

    def on_message(self, id, text):
        print("message", text)

    def on_what_is_your_name(self):
        return "Ada", "Lovelace"

    def on_disconnect(self):
        print("disconnected")


class Chat(Handler):
    def on_hello(self, value):
        print("chat", value)

    def on_echoed(self, text):
        print("chat", text)


socket = SocketIO("localhost", int(sys.argv[1]), Main(), params={"token": "x"})
socket.emit("subscribe", "weather")
socket.emit("do emit", "weather_response", "Sun", 21)
socket.send("hello")
socket.wait(seconds=1)
print("sum", socket.call("sum", 1, 2, timeout=5))
socket.emit("introduce yourself", "to me", lambda *name: print("name", *name))
socket.wait(seconds=1)
chat = socket.connect("/chat", Chat())
chat.emit("echo", "on chat")
socket.wait(seconds=1)
socket.disconnect()
