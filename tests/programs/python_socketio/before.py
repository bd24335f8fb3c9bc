import sys

import socketio

sio = socketio.Client()


def say(*what):
    sys.stdout.write(" ".join(map(str, what)) + "\n")


@sio.event
def connect():
    say("connected")


@sio.event
def disconnect(reason):
    say("disconnected")


@sio.event
def news(topic, story):
    say("news", topic, story["title"])


@sio.on("what is your name")
def tell_name():
    return "Ada", "Lovelace"


@sio.event
def message(text):
    say("message", text)


@sio.on("*")
def say_other(event, *args):
    say("other", event, *args)


class Chat(socketio.ClientNamespace):
    def on_connect(self):
        say("chat connected")

    def on_hello(self, value):
        say("chat", value)

    def on_echoed(self, text):
        say("chat", text)


sio.register_namespace(Chat("/chat"))
url = f"http://localhost:{sys.argv[1]}?token=x"
sio.connect(url, namespaces=["/", "/chat"], auth={"token": "good"}, transports=["websocket"])
sio.emit("subscribe", "weather")
sio.send("text")
say("sum", sio.call("sum", (1, 2), timeout=5))
sio.emit("sum", (3, 4), callback=lambda total: say("sum", total))
say("name", *sio.call("introduce yourself", "to me"))
say("handshake", sio.call("handshake")["auth"])
sio.emit("echo", "on chat", namespace="/chat")
sio.emit("do emit", ("unheard of", b"\x89PNG"))
sio.sleep(1)
sio.disconnect()
