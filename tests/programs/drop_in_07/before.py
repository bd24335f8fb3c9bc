import sys

from socketIO_client import LoggingNamespace, SocketIO


class Chat(LoggingNamespace):
    def on_hello(self, value):
        print("chat", value)

    def on_event(self, event, *args):
        print("other", event, *args)


def print_story(topic, story):
    print("news", topic, story["title"])


with SocketIO("localhost", int(sys.argv[1]), LoggingNamespace, params={"token": "x"}) as socket:
    socket.on("connect", lambda: print("connected"))
    socket.once("news", print_story)
    socket.emit("subscribe", "weather")
    socket.emit("subscribe", "nothing is printed for the second")
    socket.wait(seconds=1)
    socket.off("connect")
    socket.emit("sum", 1, 2, lambda total: print("sum", total))
    socket.wait_for_callbacks(seconds=5)
    chat = socket.define(Chat, "/chat")
    chat.emit("echo", "on chat")
    socket.wait(seconds=1)
    socket.disconnect("/chat")
