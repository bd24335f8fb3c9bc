"""One contract for every server, every transport, and both backends: what tests/contract/test_servers.py holds too."""

from __future__ import annotations

import pytest

from sioclient import AckTimeout, ChannelError, HandshakeRejected, NotConnected
from sioclient.aio import SocketIO
from tests.conftest import start
from tests.proven import PAIRS
from tests.servers import SERVERS, Difference

from .conftest import Recorder

ASTRAL = "ünïcode and \U0001f600 astral \U0001f601"
VALUES = ["", "with : colons \n newlines", ASTRAL, 0, -1.5, True, None, [], [1, [2]], {"nested": {"list": [1, None]}}]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((SERVERS[name], transport), id=f"{name}-{transport}", marks=pytest.mark.xdist_group(f"aio {name}"))
        for name, transport in PAIRS
    ],
)
def pair(request):
    server, transport = request.param
    with start(server, authorize=True) as process:
        yield server, transport, process.port


@pytest.fixture
def made(pair):
    """Make a SocketIO for the server of the pair, which is not connected yet."""
    return lambda *args, **options: SocketIO("127.0.0.1", pair[2], *args, transports=pair[1], **options)


def test_events_acknowledgements_and_functions(run, pair, made):
    async def test():
        recorder = Recorder()
        async with made(recorder) as socket:
            assert (socket.connected, socket.transport_name, socket.revision) == (True, pair[1], pair[0].revision)
            assert await recorder.next("hello") == ("hello", {"a": 1})
            assert await socket.call("echo", *VALUES) == tuple(VALUES)
            assert len(await socket.call("echo", "x" * 2**20)) == 2**20
            for value in VALUES[:3]:
                await socket.emit("echo", value)
                assert await recorder.next("echoed") == ("echoed", value)
            await socket.emit("echo", 1, ASTRAL, callback=lambda *args: recorder.tell("callback", *args))
            assert await recorder.next("callback") == ("callback", 1, ASTRAL)
            await socket.emit("echo", "x", msgid=123)
            assert await recorder.next("ack") == ("ack", 123, "echo", ["x"])
            await socket.send(ASTRAL)
            assert await recorder.next("message") == ("message", f"re:{ASTRAL}")
            await socket.send({"a": [1]})
            assert await recorder.next("message") == ("message", {"re": {"a": [1]}})
            await functions(socket, recorder)
            await in_order(socket)
            await socket.emit("do kick")
            assert await socket.wait(10) == "server"
            assert ("disconnect", "server") in recorder.told
        with pytest.raises(NotConnected):
            await socket.emit("x")

    run(test)


async def functions(socket, recorder):
    """Functions of both kinds acknowledge with what they return, and may call."""
    socket.on("plain", lambda text: (text, "B"))

    @socket.on("awaited")
    async def awaited(text):
        return await socket.call("echo", text, 2)

    for name, values in (("plain", [ASTRAL, "B"]), ("awaited", [ASTRAL, 2])):
        await socket.emit("do ask for data", name, ASTRAL)
        assert await recorder.next("answer") == ("answer", values)


async def in_order(socket):
    """A plain loop of emit arrives whole and in order, and so does what the server sends."""
    for number in range(300):
        await socket.emit("note", number)
    assert await socket.call("notes") == list(range(300))
    numbers = socket.events("n", timeout=10)
    await socket.emit("do burst", "n", 300)
    assert [(await anext(numbers))[1] for _ in range(300)] == [[number] for number in range(300)]
    numbers.close()


def test_channels_and_a_cut(run, pair, made):
    async def test():
        with pytest.raises(HandshakeRejected):
            async with made(params={"token": "bad"}):
                pass
        main, recorder = Recorder(), Recorder()
        async with made(main, reconnection_delay=0.01) as socket:
            chat = await socket.connect("/chat", recorder)
            assert [await recorder.next() for _ in range(2)] == [("connect",), ("hello", {"a": 1})]
            assert await chat.call("echo", ASTRAL, 2) == (ASTRAL, 2)
            await chat.emit("echo", ASTRAL)
            assert await recorder.next() == ("echoed", ASTRAL)
            if Difference.REFUSED_CHANNEL_OPENS_FIRST not in pair[0].differences:
                with pytest.raises(ChannelError, match="refused"):
                    await socket.connect("/refused")
            with pytest.raises(ChannelError):
                await socket.connect("/nosuch", timeout=0.2)
            if Difference.EVERY_EVENT_IS_ANSWERED not in pair[0].differences:
                with pytest.raises(AckTimeout):
                    await socket.call("do nothing", timeout=0.05)
            session = socket.session_id
            await socket.emit("do cut")
            await main.next("reconnect")
            assert socket.session_id != session
            assert await chat.call("echo", ASTRAL) == ASTRAL
            await chat.disconnect()
            assert (await recorder.next("disconnect"))[0] == "disconnect"
            await chat.open()
            assert await chat.call("echo", 1) == 1

    run(test)
