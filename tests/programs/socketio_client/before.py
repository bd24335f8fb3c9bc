import sys

from socketIO_client import BaseNamespace, SocketIO


class Main(BaseNamespace):
    def on_connect(self):
        print("connected")

    def on_news(self, topic, story):
        print("news", topic, story["title"])

    def on_weather_response(self, *args):
        print("weather", *args)

    def on_message(self, text):
        print("message", text)

    def on_what_is_your_name(self, reply):
        reply("Ada", "Lovelace")

    def on_disconnect(self):
        print("disconnected")


class Chat(BaseNamespace):
    def on_hello(self, value):
        print("chat", value)

    def on_echoed(self, text):
        print("chat", text)


def print_sum(total):
    print("sum", total)


socket = SocketIO("localhost", int(sys.argv[1]), Main, params={"token": "x"})
socket.emit("subscribe", "weather")
socket.emit("do emit", "weather_response", "Sun", 21)
socket.message("hello")
socket.wait(seconds=1)
socket.emit("sum", 1, 2, print_sum)
socket.wait_for_callbacks(seconds=5)
socket.emit("introduce yourself", "to me", lambda *name: print("name", *name))
socket.wait(seconds=1)
chat = socket.define(Chat, "/chat")
chat.emit("echo", "on chat")
socket.wait(seconds=1)
socket.disconnect()
