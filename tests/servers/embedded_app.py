"""A program: the server of sioclient itself with an application that does whatever a test asks for, as legacy.js."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import socket
import sys
import threading
from typing import ClassVar

import tornado

from sioclient.server import Refused, Router, SocketConnection, SocketServer, concurrent, event
from sioclient.server.chat import Chat
from sioclient.server.web import StreamLink, WebSocketLink

BOOKS: dict[str, list] = {}
COUNTS: dict[str, dict[str, int]] = {"heard": {}, "sent": {}}
SETTINGS = json.loads((sys.argv[1:] or ["{}"])[0])


def count(which, name, number=1):
    COUNTS[which][name] = COUNTS[which].get(name, 0) + number


class Connection(SocketConnection):
    def on_open(self, request):
        self.notes = []
        count("sent", "hello")
        self.emit("hello", {"a": 1})

    def on_message(self, message):
        count("heard", "message")
        if self.wants_ack:
            return "got", message
        return self.send(f"re:{message}" if isinstance(message, str) else {"re": message})

    def told(self, *args):
        self.emit("answer", list(args))

    # What an event returns answers it; an answer of one value is a tuple of one, so that a list and None are values.

    @event
    def echo(self, *args):
        count("heard", "echo")
        if self.wants_ack:
            return args
        return self.emit("echoed", *args)

    @event
    def take(self, number, text):
        return (number,)

    @event("note")
    def add_note(self, value):
        self.notes.append(value)

    @event("notes")
    def all_notes(self):
        return (self.notes,)

    # What is kept outlives the session, by the name of a book.

    @event
    def keep(self, book, value):
        BOOKS.setdefault(book, []).append(value)
        return len(BOOKS[book])

    @event
    def kept(self, book):
        return (BOOKS.get(book, []),)

    @event("do emit")
    def do_emit(self, name, *args):
        self.emit(name, *args)

    @event("do ask")
    @event("do ask for data")
    def do_ask(self, name, *args):
        self.emit(name, *args, callback=self.told)

    @event("do ask message")
    def do_ask_message(self, data):
        self.send(data, callback=self.told)

    @event("do burst")
    def do_burst(self, name, count):
        for number in range(count):
            self.emit(name, number)

    @event("do send big")
    def do_send_big(self, size):
        self.emit("big", "x" * size)

    @event("do send bytes")
    def do_send_bytes(self, name, size):
        self.emit(name, {"deep": [bytes([7]) * size]}, b"\0\xff")

    @event
    def watch(self):
        self.join("watchers")

    @event
    def tell(self, value):
        self.to("watchers", include_self=True).emit("told", value)

    @event("5")
    def five(self, *args):
        self.emit(5, *args)

    @event
    def session(self):
        link = self._client._link
        transport = "websocket" if isinstance(link, WebSocketLink) else "polling"
        return {"id": self.session_id, "recovered": False, "transport": transport}

    @event("do close")
    def do_close(self):
        self._client.stop()

    @event("do kick")
    def do_kick(self):
        self.close()

    @event("do cut")
    def do_cut(self):
        asyncio.get_running_loop().call_soon(cut, self._client)

    @event
    def sum(self, a, b):
        count("heard", "sum")
        return a + b

    @event
    def subscribe(self, topic):
        count("heard", "subscribe")
        count("sent", "news")
        self.emit("news", topic, {"title": "Sun"})

    @concurrent
    @event("introduce yourself")
    async def introduce(self, to):
        answer = asyncio.get_running_loop().create_future()
        self.emit("what is your name", callback=lambda *names: answer.set_result(names))
        return await answer

    @concurrent
    @event("do nothing")
    @event("never answered")
    async def do_nothing(self):
        await asyncio.Event().wait()

    @event
    def handshake(self):
        request = self._client.request
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = {name: values[0] for name, values in request.arguments.items()}
        return {"headers": headers, "query": query, "auth": dict(self.request.auth)}

    @event
    def sessions(self):
        return len(server.router.clients)


def cut(client):
    """Cut the connection under the transport, as soon as there is one: between two polls there is none."""
    link = client._link
    if link is None:
        asyncio.get_running_loop().call_later(0.005, cut, client)
    elif isinstance(link, (WebSocketLink, StreamLink)):
        link.cut()
    else:
        link.close()


class Refusing(Connection):
    def on_open(self, request):
        return False if self.revision == 1 else "not today"


class Broken(Connection):
    def on_open(self, request):
        raise Refused("not today" if self.revision == 1 else "broken", [1])


class Slow(Connection):
    async def on_open(self, request):
        await asyncio.sleep(0.3)
        super().on_open(request)


class Root(Connection, Chat):
    endpoints: ClassVar = {
        "/chat": Connection,
        "/a space+é": Connection,
        "/refused": Refusing,
        "/broken": Broken,
        "/slow": Slow,
    }

    async def on_open(self, request):
        if SETTINGS.get("guard") and request.auth.get("token") != "good":
            raise Refused("not authorized", {"why": "token"})
        if SETTINGS.get("slow"):
            await asyncio.sleep(SETTINGS["slow"] / 1000)
        Connection.on_open(self, request)
        self.join(self.room)  # and nothing that a chat says: no test expects it

    @event
    def counts(self):
        self.leave(self.room)  # who asks is no member: what it hears is not counted
        return COUNTS

    @event
    def nickname(self, wanted):
        count("heard", "nickname")
        return Chat.nickname(self, wanted)

    @event("user message")
    def user_message(self, text):
        count("heard", "user message")
        count("sent", "msg to room", len(list(self.to(self.room))))
        return Chat.user_message(self, text)


class UnderUvicorn:
    """The same as an application of ASGI."""

    def __init__(self, main, port, **settings):
        self.router = Router(main, **settings)
        self._bound = socket.create_server(("127.0.0.1", port))
        self.port = self._bound.getsockname()[1]

    def run(self):
        import uvicorn

        config = uvicorn.Config(self.router.asgi(), log_level="error", ws_max_size=2**25)
        uvicorn.Server(config).run(sockets=[self._bound])


def authorization(request):
    token = request.get_argument("token")
    return "not today" if token == "error" else token != "bad"


def end_with_stdin():
    sys.stdin.read()
    os._exit(0)


if SETTINGS.get("authorize"):
    SETTINGS.setdefault("server", {})["authorization"] = authorization
OPTIONS = SETTINGS.get("server", {})
transports = OPTIONS.get("transports") or SETTINGS.get("socketio", {}).get("transports")
if transports:  # also in the words of later servers
    OPTIONS["transports"] = tuple("xhr-polling" if name == "polling" else name for name in transports)
if "revisions" in SETTINGS:
    OPTIONS.setdefault("revisions", tuple(SETTINGS["revisions"]))
LIMITS = {"max_message_size": 2**24, "max_queued": 2**24}  # what tests send may be larger than what strangers may
kind = UnderUvicorn if SETTINGS.get("asgi") else SocketServer
server = kind(Root, SETTINGS.get("port", 0), **{**LIMITS, **OPTIONS})
threading.Thread(target=end_with_stdin, daemon=True).start()
versions = f"sioclient.server, Tornado {tornado.version}, Python {platform.python_version()}"
print(f"listening {server.port} {versions}", flush=True)
server.run()
