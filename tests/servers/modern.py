"""python-socketio 5 under uvicorn, with the application of legacy.js, as far as it can."""

from __future__ import annotations

import asyncio
import contextvars
import importlib.metadata
import json
import logging
import socket
import sys
from typing import Any
from urllib.parse import parse_qs

import socketio
import uvicorn

SETTINGS = json.loads(sys.argv[1])

asks = contextvars.ContextVar("asks", default=False)


class Server(socketio.AsyncServer):
    """Tells its handlers whether an answer is wanted, which they could not know otherwise."""

    async def _handle_event(self, eio_sid, namespace, id, data):
        asks.set(id is not None)
        await super()._handle_event(eio_sid, namespace, id, data)


# It logs errors even where it is told to log nothing.
logging.getLogger("engineio.server").setLevel(logging.CRITICAL)
sio = Server(async_mode="asgi", **SETTINGS.get("socketio", {}))
books: dict[str, list[Any]] = {}
state: dict[str, dict[str, Any]] = {}
nicknames: dict[str, str] = {}  # of the chat that chatbot.py speaks


class Application(socketio.AsyncNamespace):
    """One namespace; the name of an event is that of the method, in whole or in the table below."""

    async def trigger_event(self, event, *args):
        method = getattr(self, "on_" + event.replace(" ", "_"), None)
        return sio.not_handled if method is None else await method(*args)

    async def on_connect(self, sid, environ, auth):
        if self.namespace in ("/refused", "/broken"):
            raise socketio.exceptions.ConnectionRefusedError("not today", [1])
        if SETTINGS.get("guard") and (auth or {}).get("token") != "good":
            raise socketio.exceptions.ConnectionRefusedError("not authorized", {"why": "token"})
        state[sid] = {"notes": [], "environ": environ, "auth": auth}
        await self.emit("hello", {"a": 1}, to=sid)

    async def on_disconnect(self, sid, reason):
        name = state.pop(sid, {}).get("name")
        if nicknames.pop(name, None):
            await self.emit("announcement", f"{name} disconnected")
            await self.emit("nicknames", nicknames)

    async def on_echo(self, sid, *args):
        if asks.get():
            return args
        return await self.emit("echoed", args, to=sid)

    async def on_message(self, sid, data):
        if asks.get():
            return "got", data
        return await self.send("re:" + data if isinstance(data, str) else {"re": data}, to=sid)

    async def on_watch(self, sid):
        await self.enter_room(sid, "watchers")

    async def on_tell(self, sid, value):
        await self.emit("told", value, to="watchers")

    async def on_note(self, sid, value):
        state[sid]["notes"].append(value)

    async def on_notes(self, sid):
        return state[sid]["notes"]

    # What is kept outlives the session, by the name of a book.

    async def on_keep(self, sid, book, value):
        books.setdefault(book, []).append(value)
        return len(books[book])

    async def on_kept(self, sid, book):
        return books.get(book, [])

    async def on_do_emit(self, sid, name, *args):
        await self.emit(name, args, to=sid)

    async def on_do_ask(self, sid, name, *args):
        async def told(*values):
            await self.emit("answer", list(values), to=sid)

        await self.emit(name, args, to=sid, callback=told)

    on_do_ask_for_data = on_do_ask

    async def on_do_ask_message(self, sid, data):
        await self.on_do_ask(sid, "message", data)

    async def on_do_burst(self, sid, name, count):
        for number in range(count):
            await self.emit(name, number, to=sid)

    async def on_do_send_big(self, sid, size):
        await self.emit("big", "x" * size, to=sid)

    async def on_do_send_bytes(self, sid, name, size):
        await self.emit(name, ({"deep": [b"\7" * size]}, b"\0\xff"), to=sid)

    async def on_do_kick(self, sid):
        await self.disconnect(sid)

    async def on_do_cut(self, sid):
        await sio.eio.disconnect(sio.manager.eio_sid_from_sid(sid, self.namespace))

    async def on_sum(self, sid, a, b):
        return a + b

    async def on_subscribe(self, sid, topic):
        await self.emit("news", (topic, {"title": "Sun"}), to=sid)

    async def on_do_nothing(self, sid):
        return sio.not_handled

    on_never_answered = on_do_nothing

    async def on_nickname(self, sid, wanted):
        if wanted in nicknames:
            return True
        nicknames[wanted] = state[sid]["name"] = wanted
        await self.emit("announcement", f"{wanted} connected", skip_sid=sid)
        await self.emit("nicknames", nicknames)
        return False

    async def on_user_message(self, sid, text):
        await self.emit("msg to room", (state[sid]["name"], text), skip_sid=sid)

    async def on_handshake(self, sid):
        environ, auth = state[sid]["environ"], state[sid]["auth"]
        headers = {name[5:].lower().replace("_", "-"): value for name, value in environ.items() if name[:5] == "HTTP_"}
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        return {"headers": headers, "query": query, "auth": auth}

    async def on_session(self, sid):
        return {"id": sid, "recovered": False, "transport": sio.transport(sid, self.namespace)}

    async def on_sessions(self, sid):
        return sum(not session.closed for session in sio.eio.sockets.values())


for namespace in ("/", "/chat", "/a space+é", "/refused", "/broken"):
    sio.register_namespace(Application(namespace))
inner = socketio.ASGIApp(sio)


async def app(scope, receive, send):
    """Refuse whoever brings a bad token, and let the library do the rest."""
    token = parse_qs(scope.get("query_string", b"").decode()).get("token", [""])[0]
    is_refused = SETTINGS.get("authorize") and token in ("bad", "error")
    if is_refused and scope["type"] == "websocket":
        await send({"type": "websocket.close"})  # status 403, without a text
    elif is_refused:
        await send({"type": "http.response.start", "status": 403, "headers": []})
        await send({"type": "http.response.body", "body": b"not today"})
    else:
        await inner(scope, receive, send)


async def main():
    listening = socket.create_server(("127.0.0.1", SETTINGS.get("port", 0)))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    version = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("python-socketio", "uvicorn"))
    print("listening", listening.getsockname()[1], version, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    serving.cancel()


asyncio.run(main())
