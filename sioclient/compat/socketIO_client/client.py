"""SocketIO as socketIO-client has it: functions run in the thread that calls ``wait``, and only meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from ... import client
from ...channel import Channel
from .exceptions import ConnectionError, PacketError, renamed
from .inbox import Acknowledged, Failed, Inbox, Item, Reporter
from .namespaces import SocketIONamespace, find_callback, function_for
from .transports import TRANSPORTS

if TYPE_CHECKING:
    from typing_extensions import Self

AnyNamespace = TypeVar("AnyNamespace", bound=SocketIONamespace)

_SLICE = 1.0
"""Seconds after which ``wait`` looks at Ctrl-C on systems where nothing interrupts a lock."""


class SocketIO:
    """A connection to a Socket.IO server of any generation.

    Args:
        host: a host's name, or a URL.
        port: by default 80, or 443 if the connection is encrypted.
        Namespace: the class with the functions for the default path; None: there is none.
        wait_for_connection: whether to try until the server is there.
        transports: the names of those that may be used. A websocket is tried first, whatever their order.
        resource: the first segment of the server's paths.
        hurry_interval_in_seconds: means nothing here, since nothing has to be hurried.
        options: ``params``, ``headers``, ``cookies``, ``auth``, ``proxies``, ``verify``, ``cert``, and whatever else
            ``sioclient.SocketIO`` takes.

    Raises:
        ConnectionError: no connection.
    """

    def __init__(
        self,
        host: str,
        port: int | None = None,
        Namespace: type[SocketIONamespace] | None = SocketIONamespace,  # noqa: N803 - the contract
        wait_for_connection: bool = True,
        transports: str | Sequence[str] = TRANSPORTS,
        resource: str = "socket.io",
        hurry_interval_in_seconds: float = 1,
        **options: Any,
    ) -> None:
        self._inbox = Inbox()
        self._namespaces: dict[str, SocketIONamespace] = {}
        self._pending: set[object] = set()
        names = (
            [transports] if isinstance(transports, str) else sorted(transports, key=lambda name: name != "websocket")
        )
        options = {"reconnect_when_kicked": True, **options, "wait_for_connection": wait_for_connection}
        reporter = Reporter("", self._inbox)
        self._link = client.SocketIO(
            host, port, reporter, auto_connect=False, transports=names, resource=resource, **options
        )
        reporter.attach_to(self._link)
        self._channels: dict[str, tuple[Channel, Reporter]] = {"": (self._link, reporter)}
        with renamed():
            self._link.open()
        if Namespace is not None:
            self.define(Namespace)

    @property
    def connected(self) -> bool:
        """Whether the connection is there."""
        return self._link.connected

    @property
    def transport_name(self) -> str | None:
        """The name of the transport in use; None: there is none now."""
        return self._link.transport_name

    def define(self, Namespace: type[AnyNamespace], path: str = "") -> AnyNamespace:  # noqa: N803 - the contract
        """Have a namespace for a path, join that, and return the namespace.

        From socket.io 1.0 on, this returns when the server has confirmed it, and runs functions meanwhile.

        Raises:
            ConnectionError: the server has no such namespace, or refused it.
        """
        namespace = self._namespaces[path] = Namespace(self, path)
        if path:
            self.connect(path)
        return namespace

    def get_namespace(self, path: str = "") -> SocketIONamespace:
        """Return the namespace of a path.

        Raises:
            PacketError: none is defined.
        """
        try:
            return self._namespaces[path]
        except KeyError:
            raise PacketError(f"there is no namespace for the path {path!r}: define() makes one") from None

    def on(self, event: str, callback: Callable[..., Any], path: str = "") -> None:
        """Call ``callback`` for an event, in the place of what was registered before."""
        self._with_namespace(path, lambda namespace: namespace.on(event, callback))

    def once(self, event: str, callback: Callable[..., Any], path: str = "") -> None:
        """Call ``callback`` for the next event of this name only."""
        self._with_namespace(path, lambda namespace: namespace.once(event, callback))

    def off(self, event: str, path: str = "") -> None:
        """Forget what is registered for an event."""
        self._with_namespace(path, lambda namespace: namespace.off(event))

    def emit(self, event: str, *args: Any, **kw: Any) -> None:
        """Send an event. A function at the end of the arguments, or ``callback=``, gets the acknowledgement.

        Raises:
            ConnectionError: too much waits for the connection to come back.
            PacketError: the protocol cannot say this.
        """
        callback, args = find_callback(args, kw)
        self._send(partial(self._channel(kw.get("path", "")).emit, event, *args), callback)

    def send(self, data: Any = "", callback: Callable[..., Any] | None = None, path: str = "") -> None:
        """Send a message, which is an event called message from socket.io 1.0 on."""
        self._send(partial(self._channel(path).send, data), callback)

    def message(self, data: Any = "", callback: Callable[..., Any] | None = None, path: str = "") -> None:
        """Send a message: the name that ``send`` has in 0.5."""
        self.send(data, callback, path)

    def wait(self, seconds: float | None = None, for_callbacks: bool = False) -> None:
        """Run the functions for what arrives, until the connection ends.

        Args:
            seconds: return after so many even if it has not ended.
            for_callbacks: return as soon as no acknowledgement is awaited.

        Raises:
            ConnectionError: the connection could not be brought back.
        """
        self._run_until(lambda: for_callbacks and not self._pending, seconds)

    def wait_for_callbacks(self, seconds: float | None = None) -> None:
        """Run the functions for what arrives, until no acknowledgement is awaited."""
        self.wait(seconds, for_callbacks=True)

    def connect(self, path: str = "") -> None:
        """Join a path, or open the connection again after ``disconnect``.

        Raises:
            ConnectionError: no connection, or the server refused.
        """
        self._open()
        if not path:
            return
        if path not in self._channels:
            reporter = Reporter(path, self._inbox)
            with renamed():
                channel = self._link.channel(path, reporter)
            reporter.attach_to(channel)
            self._channels[path] = channel, reporter
        channel, reporter = self._channels[path]
        reporter.refusal = None
        with renamed():
            channel.open(None, wait=False)
        if self._link.revision != 1:
            self._wait_until_joined(path, channel, reporter)

    def disconnect(self, path: str = "") -> None:
        """End the connection, or leave a path; what has arrived and waits for ``wait`` is dropped."""
        if path:
            channel, _ = self._channels.pop(path, (None, None))
            namespace = self._namespaces.pop(path, None)
        else:
            channel = self._link if self._inbox.is_open else None
            namespace = self._namespaces.get(path)
            self._inbox.close()
            self._pending.clear()
        if channel is not None:
            channel.disconnect()
            if namespace is not None:
                function_for(namespace, "disconnect", is_report=True)()

    def __enter__(self) -> Self:
        """Return this object; it is disconnected at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.disconnect()

    def _with_namespace(self, path: str, change: Callable[[SocketIONamespace], None]) -> None:
        """Change a namespace; one that is not defined is made, and joined afterwards, so that it hears everything."""
        is_new = path not in self._namespaces
        if is_new:
            self._namespaces[path] = SocketIONamespace(self, path)
        change(self._namespaces[path])
        if is_new and path:
            self.connect(path)

    def _channel(self, path: str) -> Channel:
        self._open()
        try:
            return self._channels[path][0]
        except KeyError:
            raise PacketError(f"there is no namespace for the path {path!r}: define() makes one") from None

    def _open(self) -> None:
        """Open the connection again if it has ended: every verb of socketIO-client does so."""
        if self._link.ended or not self._inbox.is_open:
            self._inbox.open()
            with renamed():
                self._link.open()

    def _send(self, verb: Callable[..., None], callback: Callable[..., Any] | None) -> None:
        with renamed():
            if callback is None:
                verb()
                return
            ticket, put = object(), self._inbox.put
            self._pending.add(ticket)
            try:
                verb(
                    callback=lambda *values: put(Acknowledged(ticket, callback, values)),
                    errback=lambda error: put(Acknowledged(ticket, None, ())),
                )
            except BaseException:
                self._pending.discard(ticket)
                raise

    def _run_until(self, is_over: Callable[[], bool], seconds: float | None = None) -> None:
        deadline = None if seconds is None else time.monotonic() + seconds
        while self._inbox.is_open and not is_over():
            left = _SLICE if deadline is None else min(_SLICE, deadline - time.monotonic())
            if left <= 0:
                return
            item = self._inbox.get(left)
            if item is not None:
                self._run(item)

    def _run(self, item: Item) -> None:
        if isinstance(item, Failed):
            raise ConnectionError(str(item.error)) from item.error
        if isinstance(item, Acknowledged):
            self._pending.discard(item.ticket)
            if item.callback is not None:
                item.callback(*item.args)
        elif item.path in self._namespaces:
            item.run(self._namespaces[item.path])

    def _wait_until_joined(self, path: str, channel: Channel, reporter: Reporter) -> None:
        self._run_until(lambda: channel.connected or reporter.refusal is not None)
        if not channel.connected:
            self._channels.pop(path, None)
            self._namespaces.pop(path, None)
            raise ConnectionError(f"the server did not join us to {path!r}: {reporter.refusal or 'disconnected'}")
