import json
import sys

from sioclient import Handler, SocketIO


class Main(Handler):
    def on_message(self, id, data):
        print("message", json.dumps(data, separators=(",", ":")))


class Chat(Handler):
    def on_connect(self, chat):
        print("chat connected")
        chat.emit("echo", "on chat")

    def on_hello(self, value):
        print("chat", json.dumps(value, separators=(",", ":")))

    def on_echoed(self, text):
        print("chat", text)
        socket.disconnect()


url = f"http://localhost:{sys.argv[1]}?token=x"
socket = SocketIO(url, handler=Main(), reconnection_delay=0.5, auto_connect=False)


@socket.on("connect")
def start(_):
    print("connected")
    socket.emit("subscribe", "weather")
    socket.send("hello")
    socket.send({"temperature": 21.5})
    socket.emit("sum", 1, 2, ask)


def ask(total):
    print("sum", total)
    socket.emit("do ask for data", "what is your name")


@socket.on("answer")
def join(name):
    print("name", name[0], name[1])
    socket.connect("/chat", Chat())


@socket.on("news")
def print_story(topic, story):
    print("news", topic, story["title"])


@socket.on("what is your name")
def tell_name():
    return "Ada", "Lovelace"


@socket.on("disconnect")
def say_so():
    print("disconnected")


socket.open()
socket.wait()
