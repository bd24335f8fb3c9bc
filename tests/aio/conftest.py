"""What the tests of the async front share: a loop of each backend, and proof that nothing is left."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import pytest

from sioclient.aio import Handler
from tests.contract.conftest import secure
from tests.waiting import PATIENCE


@pytest.fixture(params=["asyncio", "trio"])
def backend(request):
    return request.param


@pytest.fixture
def run(backend):
    """Run an async function in a loop of its own; no thread of it is left."""

    def run(function: Callable[..., Awaitable[Any]], *args: Any, **options: Any) -> Any:
        async def bounded() -> Any:
            with anyio.fail_after(2 * PATIENCE):
                return await function(*args)

        before = set(threading.enumerate())
        result = anyio.run(bounded, backend=backend, backend_options=options)
        assert set(threading.enumerate()) <= before
        return result

    return run


class Recorder(Handler[Any]):
    """Remembers what it is told; ``next`` waits for it."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self._changed = anyio.Event()

    def tell(self, *entry: Any) -> None:
        self.told.append(entry)
        self._changed.set()

    async def next(self, name: str | None = None) -> tuple[Any, ...]:
        """Return the next thing told, or the next one of that name."""
        with anyio.fail_after(PATIENCE):
            while True:
                while self.told:
                    entry = self.told.pop(0)
                    if name in (None, entry[0]):
                        return entry
                self._changed = anyio.Event()
                await self._changed.wait()

    async def on_connect(self, socket):
        self.tell("connect")

    def on_disconnect(self, reason):
        self.tell("disconnect", reason)

    async def on_message(self, id, *args):
        self.tell("message", *args)

    def on_reconnect(self, attempts):
        self.tell("reconnect", attempts)

    def on_retry(self, attempt, delay):
        self.tell("retry", attempt)

    async def unknown_event(self, name, args):
        self.tell(name, *args)

    async def ack(self, msgid, name=None, args=None):
        self.tell("ack", msgid, name, args)

    async def on_exception(self, event, error):
        self.tell("exception", event, error)


async def eventually(done: Callable[[], Any], what: str) -> None:
    """Wait until this is so, or awaits to be so."""
    with anyio.fail_after(PATIENCE):
        while True:
            found = done()
            if await found if hasattr(found, "__await__") else found:
                return
            await anyio.sleep(0.01)


__all__ = ["Recorder", "eventually", "partial", "secure"]
