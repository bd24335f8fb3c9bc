import sys

from sioclient import Handler, SocketIO


def say(*what):
    sys.stdout.write(" ".join(map(str, what)) + "\n")


class Main(Handler):
    def on_connect(self, socket):
        say("connected")

    def on_disconnect(self):
        say("disconnected")

    def on_news(self, topic, story):
        say("news", topic, story["title"])

    def on_what_is_your_name(self):
        return "Ada", "Lovelace"

    def on_message(self, id, text):
        say("message", text)

    def unknown_event(self, name, args):
        say("other", name, *args)


class Chat(Handler):
    def on_connect(self, socket):
        say("chat connected")

    def on_hello(self, value):
        say("chat", value)

    def on_echoed(self, text):
        say("chat", text)


url = f"http://localhost:{sys.argv[1]}?token=x"
s = SocketIO(url, handler=Main(), auth={"token": "good"}, transports=("websocket",))
chat = s.connect("/chat", Chat())
s.emit("subscribe", "weather")
s.send("text")
say("sum", s.call("sum", 1, 2, timeout=5))
s.emit("sum", 3, 4, callback=lambda total: say("sum", total))
say("name", *s.call("introduce yourself", "to me"))
say("handshake", s.call("handshake")["auth"])
chat.emit("echo", "on chat")
s.emit("do emit", "unheard of", b"\x89PNG")
s.wait(1)
s.disconnect()
