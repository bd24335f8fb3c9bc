import sys

from socketIO_client import BaseNamespace, SocketIO
from socketIO_client.exceptions import ConnectionError


class Main(BaseNamespace):
    def initialize(self):
        self.stories = 0

    def on_connect(self):
        print("connected")

    def on_news(self, topic, story):
        self.stories += 1
        print("news", topic, story["title"])

    def on_message(self, text):
        print("message", text)

    def on_what_is_your_name(self, reply):
        reply("Ada", "Lovelace")

    def on_disconnect(self):
        print("disconnected")


class Chat(BaseNamespace):
    def on_echoed(self, text):
        print("chat", text)


def print_sum(total):
    print("sum", total)


try:
    socket = SocketIO("localhost", int(sys.argv[1]), Main, wait_for_connection=False)
except ConnectionError:
    sys.exit("the server is down")
socket.emit("subscribe", "weather")
socket.message("hello")
socket.wait(seconds=1)
socket.emit("sum", 1, 2, print_sum)
socket.wait_for_callbacks(seconds=5)
socket.emit("introduce yourself", "to me", lambda *name: print("name", *name))
socket.wait(seconds=1)
chat = socket.define(Chat, "/chat")
chat.emit("echo", "on chat")
socket.wait(seconds=1)
print("stories", socket.get_namespace().stories)
socket.disconnect()
