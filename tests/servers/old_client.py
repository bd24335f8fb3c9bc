"""A program: socketIO-client 0.5.7.4, which we did not write, says what it sees on our server, in lines of JSON."""

from __future__ import annotations

import json
import os
import sys

from socketIO_client import BaseNamespace, SocketIO, transports

SETTINGS = json.loads(sys.argv[1])
TEXT = SETTINGS["text"]
transports.TIMEOUT_IN_SECONDS = 20  # of a busy machine


def say(*what):
    print(json.dumps(what), flush=True)


class Namespace(BaseNamespace):
    def on_hello(self, value):
        say(self.path, "hello", value)

    def on_echoed(self, *args):
        say(self.path, "echoed", *args)

    def on_answer(self, args):
        say("answer", args)

    def on_message(self, data):
        say("message", data)

    def on_please(self, a, b, reply):
        reply(b, a)

    def on_disconnect(self):
        say(self.path, "disconnect")


def ask(namespace, name, *args):
    """Emit, wait for the acknowledgement, and say what it brought."""
    namespace.emit(name, *args, callback=lambda *answer: say(name, *answer))
    socket.wait_for_callbacks(seconds=20)


with SocketIO(
    "127.0.0.1", SETTINGS["port"], Namespace, transports=[SETTINGS["transport"]], params={"token": "good"}
) as socket:
    say("connect", type(socket._transport).__name__)
    ask(socket, "sum", 2, 3)
    socket.emit("echo", TEXT, [1, None])
    ask(socket, "echo", TEXT, {"a": 1})
    socket.message(TEXT)
    socket.message({"a": TEXT})
    socket.emit("do ask for data", "please", "x", "y")
    for _ in range(3):
        ask(socket, "echo", "so that the rest has come")
    chat = socket.define(Namespace, "/chat")
    ask(chat, "sum", 4, 5)
    chat.emit("echo", "on chat")
    ask(chat, "echo", "so that the rest has come")
    say("end")
    sys.stdout.flush()
    os._exit(0)  # its finalizer would connect again
