"""The verbs of the async front: what they take, when they raise, and what stays from one connection to the next."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import anyio
import pytest

from sioclient import BufferFull, ChannelError, ConnectError, LocalProtocolError, NotConnected, WaitTimeout
from sioclient.aio import Handler, SocketIO
from tests.conftest import start
from tests.contract.test_proxies import http_proxy, socks_proxy  # noqa: F401
from tests.servers import SERVERS

from .conftest import Recorder, eventually


@pytest.fixture(scope="module")
def modern():
    with start(SERVERS["4.8.1"]) as server:
        yield server.port


@pytest.fixture
def make(legacy):
    return lambda *args, **options: SocketIO(
        "127.0.0.1", legacy, *args, **{"transports": "websocket", "revision": 1, **options}
    )


def test_handler_has_the_verbs(run, make):
    class Busy(Handler):
        async def on_connect(self, socket):
            await self.send("text")
            await self.emit("echo", await self.call("echo", 1))

        async def on_echoed(self, value):
            heard.append(value)

        def on_message(self, id, text):
            heard.append(text)

    heard = []

    async def test():
        async with make(Busy()):
            await eventually(lambda: sorted(map(str, heard)) == ["1", "re:text"], "the echoes")

    run(test)


def test_waiting_in_a_handler_is_refused(run, make):
    async def test():
        recorder = Recorder()
        async with make(recorder) as socket:

            @socket.on("echoed")
            async def hear(value):
                await socket.wait_for("news")

            await socket.emit("echo", 1)
            assert isinstance((await recorder.next("exception"))[2], LocalProtocolError)

    run(test)


def test_disconnect_in_a_handler_ends_after_it(run, make):
    async def test():
        told = []
        async with make() as socket:

            @socket.on("echoed")
            async def hear(value):
                await socket.disconnect()
                told.append(value)

            await socket.emit("echo", 1)
            assert await socket.wait() == "client"
        assert told == [1]

    run(test)


def test_open_again_keeps_functions_and_channels(run, make):
    async def test():
        recorder, heard = Recorder(), []
        async with make(recorder) as socket:
            chat = socket.channel("/chat")
            chat.on("echoed", heard.append)
            await chat.open()
            await chat.open()
            await socket.disconnect()
            with pytest.raises(NotConnected):
                await chat.emit("echo", 1)
            await socket.open()
            await eventually(lambda: chat.connected, "the channel")
            await chat.emit("echo", 2)
            await eventually(lambda: heard == [2], "the echo")
            assert list(socket.channels) == ["/chat"]
            await chat.close()
            assert socket.channels == {}
            with pytest.raises(LocalProtocolError):
                socket.channel("")
        with pytest.raises(LocalProtocolError, match="task group"):
            await socket.open()

    run(test)


def test_events_without_names_are_all_until_the_end(run, make):
    async def test():
        socket = make()
        async with anyio.create_task_group() as group:
            await socket.open(group)
            found = []

            async def read():
                async for name, args in socket.events():
                    found.append((name, *args))

            group.start_soon(read)
            await anyio.sleep(0)
            await socket.emit("echo", 1)
            await eventually(lambda: ("echoed", 1) in found, "the echo")
            await socket.disconnect()
        with pytest.raises(NotConnected):
            await make().wait()

    run(test)


def test_no_more_events_are_kept_than_a_number_and_closing_lets_go(run, make, monkeypatch):
    monkeypatch.setattr("sioclient.aio.watcher.MOST_WAITING", 2)

    async def test():
        async with make() as socket:
            events, heard = socket.events("echoed"), []
            socket.on("echoed", heard.append)
            for number in range(4):
                await socket.emit("echo", number)
            await eventually(lambda: heard == [0, 1], "the functions before the one that waits")
            assert [(await anext(events))[1] for _ in range(2)] == [[0], [1]]
            await eventually(lambda: heard == [0, 1, 2, 3], "the functions after it has room")
            await socket.emit("echo", 4)
            await events.aclose()
            await eventually(lambda: heard == [0, 1, 2, 3, 4], "the functions after it was closed")

    run(test)


def test_wait_for(run, make):
    async def test():
        async with make() as socket:
            with pytest.raises(WaitTimeout):
                await socket.wait_for("nothing", timeout=0.01)
            async with anyio.create_task_group() as group:
                group.start_soon(socket.emit, "subscribe", "weather")
                assert await socket.wait_for("news", timeout=10) == ("weather", {"title": "Sun"})
            any_heard = []
            socket.on_any(lambda *event: any_heard.append(event))
            sent = []
            socket.on_any_outgoing(lambda *event: sent.append(event))
            await socket.emit("echo", 1, volatile=True)
            await socket.call("echo", 2)
            assert sent == [("echo", 1), ("echo", 2)]
            await eventually(lambda: any_heard == [("echoed", 1)], "the echo")

    run(test)


def test_nothing_waits_for_ever_when_the_buffer_is_full(run, make):
    async def test():
        socket = make(buffer_size=3)
        with pytest.raises(NotConnected):
            await socket.emit("x")
        async with anyio.create_task_group() as group:
            await socket.open(group, wait=False)
            for number in range(3):
                await socket.emit("note", number)
            with pytest.raises(BufferFull):
                await socket.emit("note", 3)
            await socket.open(group)
            assert await socket.call("notes") == [0, 1, 2]
            await socket.disconnect()

    run(test)


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_bytes_auth_and_a_refused_channel(run, modern, transport):
    async def test():
        calls = []

        def token():
            calls.append(1)
            return {"token": "x"}

        async with SocketIO("127.0.0.1", modern, transports=transport, auth=token) as socket:
            data = {"image": b"\x89PNG", "list": [b"", b"1" * 70_000]}
            assert await socket.call("echo", data) == data
            assert calls == [1]
            assert socket.id
            with pytest.raises(ChannelError):
                await socket.connect("/refused")

    run(test)


def test_once_and_off(run, make):
    async def test():
        heard = []
        async with make() as socket:
            await socket.call("echo")

            @socket.once("echoed")
            async def first(value):
                heard.append(value)

            socket.on("echoed", heard.append)
            for value in (1, 2):
                await socket.emit("echo", value)
            await socket.call("echo")
            await eventually(lambda: heard == [1, 1, 2], "the echoes")
            socket.off("echoed")
            await socket.emit("echo", 3)
            await socket.call("echo")
            assert heard == [1, 1, 2]

    run(test)


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
def test_tls(run, secure, transport):
    port, authority = secure

    async def test():
        options = {"secure": True, "transports": transport, "revision": 1}
        async with SocketIO("localhost", port, verify=authority, **options) as socket:
            assert await socket.call("echo", "x" * 100_000) == "x" * 100_000
        with pytest.raises(ConnectError, match="certificate"):
            async with SocketIO("localhost", port, **options):
                pass
        with pytest.raises(ConnectError):
            async with SocketIO("localhost", port, transports=transport, revision=1, connect_timeout=2):
                pass

    anyio.run(test, backend="trio")


def test_proxy_of_another_kind_is_refused_loudly(run, make):
    async def test():
        with pytest.raises(ConnectError, match="http://, socks5h:// or the like, not ftp://"):
            async with make(proxies={"http": "ftp://127.0.0.1:1"}):
                pass

    run(test)


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
def test_a_proxy(run, make, http_proxy, transport):
    async def test():
        proxies = {"http": f"http://user:pass%20word@127.0.0.1:{http_proxy}"}
        async with make(proxies=proxies, transports=transport) as socket:
            assert await socket.call("echo", 1) == 1
        proxies = {"http": f"http://127.0.0.1:{http_proxy}"}
        with pytest.raises(ConnectError, match="407"):
            async with make(proxies=proxies, transports=transport):
                pass

    run(test)


def test_importing_the_package_loads_no_anyio():
    program = "import sys, sioclient; sys.exit('anyio' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_functions_that_are_none_are_refused(make):
    async def test():
        socket = make()
        with pytest.raises(TypeError, match="must be a function"):
            socket.on("news", 5)
        with pytest.raises(TypeError, match="must be a function"):
            await socket.emit("x", callback=5)
        with pytest.raises(TypeError):
            make(auth=3)

    anyio.run(test)


__all__ = ["http_proxy"]


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
@pytest.mark.parametrize("kind", ["socks5", "socks5h"])
def test_a_socks_proxy(run, make, socks_proxy, kind, transport):  # noqa: F811
    async def test():
        proxies = {"http": f"{kind}://user:password@127.0.0.1:{socks_proxy}"}
        async with make(proxies=proxies, transports=transport) as socket:
            assert await socket.call("echo", 1) == 1

    run(test)


def test_a_socks_proxy_needs_a_package(run, make, monkeypatch):
    monkeypatch.setitem(sys.modules, "python_socks", None)

    async def test():
        with pytest.raises(ConnectError, match=r"pip install sioclient\[aio,socks\]"):
            async with make(proxies={"http": "socks5://127.0.0.1:1"}):
                pass

    run(test)


async def fresh(values):
    await anyio.sleep(0)
    return values


def test_options_may_be_coroutine_functions(run, make, modern):
    async def test():
        numbers = iter(range(10))

        async def headers():
            return await fresh({"X-Attempt": str(next(numbers))})

        options = {"headers": headers, "params": lambda: {"a": "b"}, "cookies": lambda: fresh({"c": "d"})}
        async with make(**options) as socket:
            asked = await socket.call("handshake")
            assert asked["headers"]["x-attempt"] == "0"
            assert asked["headers"]["cookie"] == "c=d"
            assert asked["query"]["a"] == "b"

    async def test_auth():
        options = {"transports": "websocket", "auth": partial(fresh, {"token": "right"})}
        async with SocketIO("127.0.0.1", modern, **options) as socket:
            assert (await socket.call("handshake"))["auth"] == {"token": "right"}
            chat = await socket.connect("/chat", auth=partial(fresh, {"token": "right"}))
            assert chat.connected

    run(test)
    run(test_auth)


async def fail():
    await anyio.sleep(0)
    raise LookupError("no token")


@pytest.mark.parametrize("name", ["headers", "params", "cookies", "auth"])
def test_what_a_coroutine_function_raises_is_named(run, make, modern, name):
    async def test():
        with pytest.raises(ConnectError, match=f"{name}= raised LookupError: no token"):
            async with SocketIO("127.0.0.1", modern, **{name: fail}):
                pass

    run(test)


def test_auth_of_a_channel_raises_what_it_raises(run, modern):
    async def test():
        async with SocketIO("127.0.0.1", modern) as socket:
            with pytest.raises(LookupError, match="no token"):
                await socket.connect("/chat", auth=fail)
            with pytest.raises(TypeError, match="auth must be a dictionary"):
                await socket.connect("/chat", auth=lambda: 5)
            assert socket.channels == {}

    run(test)


def test_authentication_of_http_is_no_coroutine_function(make):
    async def sign(request):
        return request

    with pytest.raises(TypeError, match="auth must be a plain function"):
        make(auth=sign)
