# TornadIO2 0.0.4 with an application that does whatever a test asks for, as legacy.js. This is Python 2.7.

from __future__ import print_function, unicode_literals

import json
import os
import sys
import threading
import time

import tornadio2
import tornado
from tornadio2 import event
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError

SETTINGS = json.loads((sys.argv[1:] or ["{}"])[0])
BOOKS = {}
OPEN = set()
NICKNAMES = {}  # of the chat that chatbot.py speaks


class Session(tornadio2.session.Session):
    """Remembers what the library does not tell an application."""

    def __init__(self, connection, server, request, expiry=None):
        self.headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked = False
        super(Session, self).__init__(connection, server, request, expiry)

    def raw_message(self, packet):
        self.asked = packet.startswith("5:") and packet.split(":", 2)[1] != ""
        super(Session, self).raw_message(packet)


class Router(tornadio2.TornadioRouter):
    def create_session(self, request):
        session = Session(self._connection, self, request, self.settings["session_expiry"])
        self._sessions.add(session)
        return session


class Connection(tornadio2.SocketConnection):
    def on_open(self, request):
        self.notes = []
        self.emit("hello", {"a": 1})

    def on_message(self, data):
        self.send("re:" + data if isinstance(data, unicode) else {"re": data})

    def on_event(self, name, args=(), kwargs=None):
        # The library makes keyword arguments of an object that comes alone.
        action = self._events.get(name)
        return action(self, *([kwargs] if kwargs else args)) if action else None

    def answered(self, message, data):
        self.emit("answer", data or [])

    # What an event returns answers it; an answer of one value is a tuple of one, so that a list and None are values.

    @event("echo")
    def echo(self, *args):
        if not self.session.asked:
            self.emit("echoed", *args)
        return args

    @event("note")
    def add_note(self, value):
        self.notes.append(value)

    @event("notes")
    def all_notes(self):
        return (self.notes,)

    # What is kept outlives the session, by the name of a book.

    @event("keep")
    def keep(self, book, value):
        BOOKS.setdefault(book, []).append(value)
        return len(BOOKS[book])

    @event("kept")
    def kept(self, book):
        return (BOOKS.get(book, []),)

    @event("do emit")
    def do_emit(self, name, *args):
        self.emit(name, *args)

    @event("do ask")
    def do_ask(self, name, *args):
        self.emit_ack(self.answered, name, *args)

    @event("do ask for data")
    def do_ask_for_data(self, name, *args):
        self.emit_ack(self.answered, name, *args)

    @event("do ask message")
    def do_ask_message(self, data):
        self.send(data, self.answered)

    @event("do burst")
    def do_burst(self, name, count):
        for number in range(count):
            self.emit(name, number)

    @event("do send big")
    def do_send_big(self, size):
        self.emit("big", "x" * size)

    @event("do write")
    def do_write(self, packet):
        self.session.send_message(packet)

    @event("do kick")
    def do_kick(self):
        self.close()

    @event("do cut")
    def do_cut(self):
        # Between two polls there is nothing to cut.
        if self.session.handler is None:
            IOLoop.instance().add_timeout(time.time() + 0.005, self.do_cut)
        else:
            self.session.handler.request.connection.stream.close()

    @event("take")
    def take(self, number, text):
        return (number,)

    @event("sum")
    def sum(self, a, b):
        return a + b

    @event("subscribe")
    def subscribe(self, topic):
        self.emit("news", topic, {"title": "Sun"})

    @event("handshake")
    def handshake(self):
        query = {name: values[0] for name, values in self.session.info.arguments.items()}
        return {"headers": self.session.headers, "query": query}

    @event("sessions")
    def sessions(self):
        return len(OPEN)


class Refusing(Connection):
    def on_open(self, request):
        return False


class Root(Connection):
    name = None
    __endpoints__ = {
        "/chat": Connection,
        "/a space+\xe9": Connection,
        "/refused": Refusing,
        "/broken": Refusing,
    }

    def on_open(self, request):
        token = request.get_argument("token")
        if SETTINGS.get("authorize") and token == "error":
            raise HTTPError(500)
        if SETTINGS.get("authorize") and token == "bad":
            raise HTTPError(401)  # what the library does when this returns False
        OPEN.add(self)
        super(Root, self).on_open(request)

    def on_close(self):
        OPEN.discard(self)
        if NICKNAMES.pop(self.name, None):
            self.tell("announcement", "%s disconnected" % self.name)
            self.tell("nicknames", NICKNAMES)

    def tell(self, name, *args):
        for other in OPEN - {self}:
            other.emit(name, *args)

    @event("nickname")
    def nickname(self, wanted):
        if wanted in NICKNAMES:
            return True
        self.name = NICKNAMES[wanted] = wanted
        self.tell("announcement", "%s connected" % wanted)
        self.tell("nicknames", NICKNAMES)
        self.emit("nicknames", NICKNAMES)
        return False

    @event("user message")
    def user_message(self, text):
        self.tell("msg to room", self.name, text)


def end_with_stdin():
    sys.stdin.read()
    os._exit(0)


def main():
    router = Router(Root, SETTINGS.get("tornadio"), SETTINGS.get("resource", "socket.io"))
    sockets = bind_sockets(SETTINGS.get("port", 0), "127.0.0.1")
    HTTPServer(Application(router.urls)).add_sockets(sockets)
    thread = threading.Thread(target=end_with_stdin)
    thread.daemon = True
    thread.start()
    # The library says of itself that it is 0.0.3; python2.7.txt pins the 0.0.4 by its digest.
    versions = "TornadIO2 0.0.4, Tornado %s, Python %s" % (tornado.version, sys.version.split()[0])
    print("listening %d %s" % (sockets[0].getsockname()[1], versions))
    sys.stdout.flush()
    IOLoop.instance().start()


if __name__ == "__main__":
    main()
