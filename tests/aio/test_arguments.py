"""Both fronts check the same arguments, in the same words."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from math import nan
from typing import Any

import anyio
import pytest

import sioclient
from sioclient import aio
from tests.conftest import start
from tests.servers import SERVERS
from tests.servers_py import closed_port


class Mute:
    """What no JSON holds."""


HANDLER = sioclient.Handler()

VERBS: list[Callable[[Any], Any]] = [
    lambda s: s.emit(),
    lambda s: s.emit(None),
    lambda s: s.emit("x", Mute()),
    lambda s: s.emit("x", nothing=1),
    lambda s: s.emit("x", callback=5),
    lambda s: s.emit("x", print, callback=print),
    lambda s: s.emit("x", errback="y"),
    lambda s: s.emit("x", timeout=1),
    lambda s: s.emit("x", callback=print, timeout="1"),
    lambda s: s.emit("x", callback=print, timeout=-1),
    lambda s: s.emit("x", callback=print, timeout=nan),
    lambda s: s.emit("x", msgid=0),
    lambda s: s.emit("x", msgid="a"),
    lambda s: s.emit("x", callback=print, volatile=True),
    lambda s: s.emit("x", retries=-1),
    lambda s: s.emit("x", retries=2),
    lambda s: s.send(),
    lambda s: s.send(Mute()),
    lambda s: s.send("x", 5),
    lambda s: s.send("x", volatile=True),
    lambda s: s.send("x", msgid=2.5),
    lambda s: s.call(),
    lambda s: s.call(None),
    lambda s: s.call("x", Mute()),
    lambda s: s.call("x", timeout="1"),
    lambda s: s.call("x", timeout=-1),
    lambda s: s.call("x", callback=print),
    lambda s: s.on(None, print),
    lambda s: s.on("x", 5),
    lambda s: s.once("x", 5),
    lambda s: s.on_event(b"x", print),
    lambda s: s.on_any(5),
    lambda s: s.on_any_outgoing(5),
    lambda s: s.wait_for(None),
    lambda s: s.wait_for("x", timeout="1"),
    lambda s: s.wait_for("nothing", timeout=0.01),
    lambda s: s.events(None),
    lambda s: s.events("x", timeout=-1),
    lambda s: s.wait("1"),
    lambda s: s.connect(),
    lambda s: s.connect(5),
    lambda s: s.connect("/"),
    lambda s: s.connect("/a\nb"),
    lambda s: s.connect("/chat", 5),
    lambda s: s.connect("/chat", sioclient.Handler),
    lambda s: s.connect("/chat", None, 5),
    lambda s: s.connect("/chat", None, "a=b", "1"),
    lambda s: s.connect("/chat", None, "a=b", 1, 5),
    lambda s: s.connect("/chat", None, None, 1, lambda needed: None),
    lambda s: s.connect("/chat", None, None, 1, lambda: 5),
    lambda s: s.connect("/chat", wait=True),
    lambda s: s.channel("/chat", HANDLER, None, 5),
    lambda s: s.channel("/chat").open("1"),
    lambda s: s.channel("/chat").open(-1),
    lambda s: s.connect("/", timeout=-1),
]

MODERN: list[Callable[[Any], Any]] = [
    lambda s: s.connect("/refused"),
    lambda s: s.connect("/refused", HANDLER, None, 10, {"token": "x"}),
]

MADE: list[Callable[[Any], Any]] = [
    lambda front: front.SocketIO(5),
    lambda front: front.SocketIO("h", "80"),
    lambda front: front.SocketIO("h", 80, 5),
    lambda front: front.SocketIO("h", 80, sioclient.Handler),
    lambda front: front.SocketIO("h", transport="websocket"),
    lambda front: front.SocketIO("h", transports="telegraph"),
    lambda front: front.SocketIO("h", auth=3),
    lambda front: front.SocketIO("h", headers=5),
    lambda front: front.SocketIO("h", retries=2),
    lambda front: front.EngineIO(logger=5),
    lambda front: front.EngineIO(revision=2),
    lambda front: front.EngineIO(auth={"a": "b"}),
    lambda front: front.EngineIO(retries=2),
    lambda front: front.EngineIO().on("x", print),
    lambda front: front.EngineIO().on("message", 5),
    lambda front: front.EngineIO().send("x"),
    lambda front: front.EngineIO().wait(),
    lambda front: front.SocketIO("h", **quiet(front)).wait(),
    lambda front: front.SocketIO("h", **quiet(front)).emit("x"),
    lambda front: front.SocketIO("h", **quiet(front)).connect("/chat"),
    lambda front: engine_connect(front, 5),
    lambda front: engine_connect(front, "ftp://h"),
    lambda front: engine_connect(front, "h", "80"),
]


def quiet(front: Any) -> dict[str, Any]:
    return {"auto_connect": False} if front is sioclient else {}


def engine_connect(front: Any, *where: Any) -> Any:
    return front.EngineIO().connect(*where) if front is sioclient else front.EngineIO().connect(None, *where)


def said(error: BaseException) -> tuple[type, str]:
    return type(error), str(error)


async def outcome(call: Callable[[Any], Any], subject: Any) -> Any:
    found = call(subject)
    return await found if inspect.isawaitable(found) else found


@pytest.fixture(scope="module")
def modern():
    with start(SERVERS["4.8.1"]) as server:
        yield server.port


@pytest.mark.parametrize("revision", [1, 5])
def test_verbs_refuse_the_same_in_the_same_words(legacy, modern, revision):
    address = {1: ("127.0.0.1", legacy), 5: ("127.0.0.1", modern)}[revision]
    options: Any = {"transports": "websocket", "revision": revision}
    calls, threaded, awaited = VERBS + (MODERN if revision == 5 else []), [], []
    with sioclient.SocketIO(*address, **options) as socket:
        for call in calls:
            with pytest.raises(Exception, match=r".") as caught:
                call(socket)
            threaded.append(said(caught.value))

    async def test():
        async with aio.SocketIO(*address, **options) as socket:
            for call in calls:
                with pytest.raises(Exception, match=r".") as caught:
                    await outcome(call, socket)
                awaited.append(said(caught.value))

    anyio.run(test)
    assert awaited == threaded


@pytest.mark.parametrize("number", range(len(MADE)))
def test_objects_refuse_the_same_in_the_same_words(number):
    with pytest.raises(Exception, match=r".") as threaded:
        MADE[number](sioclient)

    async def test():
        with pytest.raises(Exception, match=r".") as awaited:
            await outcome(MADE[number], aio)
        assert said(awaited.value) == said(threaded.value)

    anyio.run(test)


@pytest.mark.parametrize("name", ["emit", "send", "call", "connect", "channel", "wait_for", "events", "wait", "close"])
def test_verbs_take_the_same_arguments(name):
    names = [
        [(found.name, found.kind, found.default) for found in inspect.signature(verb).parameters.values()]
        for verb in (getattr(sioclient.SocketIO, name), getattr(aio.SocketIO, name))
    ]
    assert names[0] == names[1]


@pytest.mark.parametrize("name", ["on", "send", "wait", "disconnect", "close"])
def test_engineio_takes_the_same_arguments(name):
    threaded, awaited = (inspect.signature(getattr(front.EngineIO, name)) for front in (sioclient, aio))
    assert list(threaded.parameters) == list(awaited.parameters)


def test_engineio_is_closed_as_it_is_disconnected():
    async def test():
        await aio.EngineIO().close()

    anyio.run(test)


@pytest.mark.parametrize("group", ["group", 5, asyncio.Event])
def test_a_group_must_be_one_in_which_tasks_begin(group):
    async def test():
        with pytest.raises(TypeError, match="group must be a task group of anyio or a nursery of trio, not"):
            await aio.SocketIO("h").open(group)
        with pytest.raises(TypeError, match="group must be"):
            await aio.EngineIO().connect(group, "http://h")

    anyio.run(test)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_in_a_group_that_has_ended_nothing_begins(backend):
    async def test():
        async with anyio.create_task_group() as ended:
            pass
        socket = aio.SocketIO("127.0.0.1", port)
        for _ in range(2):
            with pytest.raises(RuntimeError):
                await socket.open(ended)
        with anyio.fail_after(60):
            await socket.disconnect()
            async with anyio.create_task_group() as group:
                with pytest.raises(sioclient.ConnectError, match="refused the connection"):
                    await socket.open(group)

    with closed_port() as port:
        anyio.run(test, backend=backend)
