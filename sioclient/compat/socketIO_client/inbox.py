"""What arrived and waits for ``SocketIO.wait``, which runs the functions of the program in its own thread."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from ...channel import Channel
from ...handler import Handler
from ...names import name_text
from ...protocol.notices import Notice
from ...protocol.packets import Event, Json, Message
from .namespaces import SocketIONamespace, function_for

MOST = 1000
"""Items that are kept; while there are so many, nothing is read, which holds the server back."""

_SLICE = 0.02
"""Seconds after which a thread that waits for room looks whether the inbox was closed."""


class Happened(NamedTuple):
    """An event, a message, or what the connection reports, for the namespace of a path."""

    path: str
    name: str
    args: tuple[Any, ...]

    def run(self, namespace: SocketIONamespace) -> None:
        """Call the function that the namespace has for it."""
        function_for(namespace, self.name)(*self.args)


class Reported(Happened):
    """What the connection reports."""

    def run(self, namespace: SocketIONamespace) -> None:
        """Call the function that the namespace has for it."""
        function_for(namespace, self.name, is_report=True)(*self.args)


class Acknowledged(NamedTuple):
    """A callback of ``emit`` or ``send`` with its arguments; None: there will be no acknowledgement."""

    ticket: object
    callback: Callable[..., Any] | None
    args: tuple[Any, ...]


class Failed(NamedTuple):
    """The connection could not be brought back."""

    error: Exception


Item = Happened | Acknowledged | Failed


class Inbox:
    """A queue of a thousand items, which drops everything while it is closed."""

    def __init__(self) -> None:
        self._items: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self.is_open = True

    def put(self, item: Item) -> None:
        """Add an item at the end, once there is room."""
        while self.is_open and self._items.qsize() >= MOST:
            time.sleep(_SLICE)
        if self.is_open:
            self._items.put(item)

    def get(self, seconds: float) -> Item | None:
        """Return the next item; None: none came within so many seconds, or the inbox was closed."""
        try:
            return self._items.get(timeout=seconds)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Drop everything, now and from now on, and wake whoever waits."""
        self.is_open = False
        self._drop()
        self._items.put(None)

    def open(self) -> None:
        """Begin anew."""
        self._drop()
        self.is_open = True

    def _drop(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._items.get_nowait()


class Reporter(Handler[Any]):
    """Puts what is reported about one channel into the inbox, and what the server sends there."""

    def __init__(self, path: str, inbox: Inbox) -> None:
        self._path = path
        self._inbox = inbox
        self._was_connected = False
        self.refusal: str | None = None

    def attach_to(self, channel: Channel) -> None:
        """Take the packets of a channel in the place of its own functions."""
        channel.deliver = partial(self._deliver, channel)  # type: ignore[method-assign]

    def on_connect(self, socket: Any) -> None:
        """Report the first connection, or a later one."""
        self._report("reconnect" if self._was_connected else "connect")
        self._was_connected = True

    def on_disconnect(self) -> None:
        """Report a loss, or that the server disconnected us."""
        self._report("disconnect")

    def on_error(self, name: str, message: str) -> None:
        """Report an error of the server's."""
        self._report("error", name, message)

    def on_connect_error(self, message: str, data: Any) -> None:
        """Report that the server refused to join us."""
        self.refusal = message
        self._report("error", message, "")

    def on_reconnect_failed(self, error: Exception) -> None:
        """Have ``wait`` raise."""
        self._inbox.put(Failed(error))

    def _report(self, name: str, *args: Any) -> None:
        self._inbox.put(Reported(self._path, name, args))

    def _deliver(self, channel: Channel, notice: Notice) -> None:
        if isinstance(notice, Event):
            name, args, wants_ack = name_text(notice.name), notice.args, notice.id is not None
        elif isinstance(notice, (Message, Json)):  # a plain id was acknowledged when the packet arrived
            name, args, wants_ack = "message", [notice.data], notice.wants_data
        else:
            Channel.deliver(channel, notice)
            return
        if wants_ack:
            args = [*args, lambda *values: channel.acknowledge(notice, values)]
        self._inbox.put(Happened(self._path, name, tuple(args)))
