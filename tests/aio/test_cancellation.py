"""Cancellation at every checkpoint of connect, emit, call and disconnect: it ends cleanly, and leaves nothing."""

from __future__ import annotations

import itertools
from functools import partial

import anyio
import pytest

from sioclient import ConnectionLost
from sioclient.aio import SocketIO
from tests.servers_py import descriptors

from .conftest import Recorder, eventually


async def cancelled_at(number: int, verb) -> bool:
    """Run ``await verb()`` and cancel it at the checkpoint of this number; return whether it had so many."""
    scope = anyio.CancelScope()
    with scope:
        await _Steps(verb(), number, scope)
    return scope.cancelled_caught


class _Steps:
    """Awaits a coroutine, and cancels a scope when it has waited so many times."""

    def __init__(self, coroutine, number, scope):
        self._coroutine, self._left, self._scope = coroutine, number, scope

    def __await__(self):
        outcome = error = None
        iterator = self._coroutine.__await__()
        while True:
            try:
                yielded = iterator.throw(error) if error is not None else iterator.send(outcome)
            except StopIteration as end:
                return end.value
            if self._left == 0:
                self._scope.cancel()
            self._left -= 1
            outcome = error = None
            try:
                outcome = yield yielded
            except BaseException as problem:
                error = problem


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
@pytest.mark.parametrize("verb", ["connect", "call", "emit", "join", "disconnect"])
def test_cancellation_anywhere_leaves_nothing(run, legacy, transport, verb):
    async def test():
        before = None
        for number in itertools.count():
            socket = SocketIO("127.0.0.1", legacy, Recorder(), transports=transport, revision=1)
            async with anyio.create_task_group() as group:
                if verb == "connect":
                    was_cancelled = await cancelled_at(number, partial(socket.open, group))
                else:
                    await socket.open(group)
                    was_cancelled = await cancelled_at(number, verbs(socket)[verb])
                    if verb != "disconnect":
                        assert await socket.call("echo", number) == number
                        assert len(socket._link._protocol.acks) == 0
                        assert socket.channels == {} or verb == "join"
                await socket.disconnect()
            assert socket.ended
            assert not socket._link._core.inbox
            open_now = descriptors()
            before = open_now if before is None else before
            assert open_now <= before + 2
            if not was_cancelled:
                assert number > 0 or verb == "emit"
                break

    run(test)


def verbs(socket):
    return {
        "call": lambda: socket.call("echo", 1),
        "emit": lambda: socket.emit("note", 1),
        "join": lambda: socket.connect("/chat"),
        "disconnect": socket.disconnect,
    }


def test_end_of_the_group_ends_everything(run, legacy):
    async def test():
        lost = []

        async def calls(socket):
            try:
                await socket.call("do nothing")
            except ConnectionLost as error:
                lost.append(error)
                raise

        async with anyio.create_task_group() as group:
            socket = SocketIO("127.0.0.1", legacy, transports="websocket")
            watcher = SocketIO("127.0.0.1", legacy, transports="websocket")
            async with watcher:
                count = await watcher.call("sessions")
                async with anyio.create_task_group() as inner:
                    await socket.open(inner)
                    assert await watcher.call("sessions") == count + 1
                    inner.start_soon(calls, socket)
                    await anyio.sleep(0.05)
                    inner.cancel_scope.cancel()
                assert socket.ended
                assert socket._link._core.over

                async def are_as_before():
                    return await watcher.call("sessions") == count

                await eventually(are_as_before, "the end of the session, of which the server is told")
            group.cancel_scope.cancel()

    run(test)


def test_function_that_never_returns_is_cancelled_by_disconnect(run, legacy, monkeypatch):
    monkeypatch.setattr("sioclient.aio.connection.DISCONNECT_TIMEOUT", 0.1)

    async def test():
        told = []
        async with SocketIO("127.0.0.1", legacy, transports="websocket") as socket:

            @socket.on("echoed")
            async def forever(value):
                told.append("begin")
                try:
                    await anyio.sleep_forever()
                finally:
                    told.append("end")

            await socket.emit("echo", 1)
            assert await socket.call("echo", 2) == 2  # everything else goes on
            await eventually(lambda: told == ["begin"], "the function")
        assert told == ["begin", "end"]

    run(test)


def test_what_the_block_raises_is_raised_as_it_is(run, legacy):
    async def test():
        with pytest.raises(LookupError, match="mine"):
            async with SocketIO("127.0.0.1", legacy, transports="websocket"):
                raise LookupError("mine")

    run(test)


def test_exception_of_a_function_goes_to_on_exception(run, legacy):
    async def test():
        recorder = Recorder()
        async with SocketIO("127.0.0.1", legacy, recorder, transports="websocket") as socket:

            @socket.on("echoed")
            async def fail(value):
                raise LookupError(value)

            await socket.emit("echo", 1)
            _, event, error = await recorder.next("exception")
            assert (event, repr(error)) == ("echoed", "LookupError(1)")
            assert await socket.call("echo", 2) == 2

    run(test)
