"""Users of Locust that speak Socket.IO: ``SocketIOUser``. It needs ``pip install sioclient[locust]``.

What a user does is told to Locust as requests, each of a type and with the event's name; docs/locust.md explains the
rows. Locust puts gevent's green threads in the place of the system's when it is imported, so it comes first here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from json import JSONEncoder
from typing import Any, ClassVar

try:
    from locust import User, events
    from locust.exception import LocustError, RescheduleTask, StopUser
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"sioclient.locust needs the package {missing.name}: pip install 'sioclient[locust]'", name=missing.name
    ) from missing

from .channel import Channel
from .client import SocketIO
from .errors import ConnectError, ConnectionLost, LocalProtocolError, SocketIOError
from .handler import Handler
from .names import Name, name_text
from .protocol.notices import Disconnected, Ended, JoinFailed, Notice, Reconnected
from .protocol.packets import Event, Json, Message
from .transports import websocket  # noqa: F401  # with all that it needs: no user waits for imports

__all__ = ["MeasuredChannel", "MeasuredSocketIO", "SocketIOUser"]

logger = logging.getLogger("sioclient")

_LOOK = 0.02
"""Seconds between two looks at whether all acknowledgements have come: only users that stop look."""


class _NoEvent:
    """Stands where a method that is marked for these events would: it cannot be called, so no method hears them."""

    event_names = ("start", "stop")


class SocketIOUser(User, Handler[Any]):
    """A user of Locust with a connection to a Socket.IO server of any generation: ``self.sio``.

    ::

        class Visitor(SocketIOUser):
            wait_time = between(1, 3)

            @task
            def ask(self):
                self.sio.call("sum", 1, 2)

            def on_news(self, topic, story):
                ...

    It is the handler of its connection: ``on_NAME`` hears the event NAME, as in ``sioclient.Handler``, and
    ``@event("user:joined")`` marks other methods. ``on_start`` and ``on_stop`` are Locust's, and no event reaches them.
    A user with an ``on_start`` or ``on_stop`` of its own calls that of ``super()`` there.

    Attributes:
        host: the server's URL, as for every user of Locust.
        sio: the connection, a ``SocketIO``; what it sends and hears is in Locust's statistics.
        sio_options: the keywords of ``SocketIO`` for it: see ``sioclient.options.Options``. Here, ``ack_timeout`` is 60
            by default, as the time-out of ``call``.
        connect_attempts: how often a user tries to connect before it stops; what is final is not tried again.
        linger: seconds that a user stays and listens after its last task, since others may still send.
        ack_patience: seconds that a user which stops waits for acknowledgements that are still to come.
    """

    abstract = True
    sio_options: ClassVar[dict[str, Any]] = {}
    connect_attempts: int = 3
    linger: float = 0
    ack_patience: float = 5

    _no_event = _NoEvent()

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        if self.host is None:
            raise LocustError("host must be the URL of the server: give it in the class, or with --host")
        self.sio = MeasuredSocketIO(self, self.host, **{"ack_timeout": 60, **self.sio_options})

    def on_start(self) -> None:
        """Connect; the user stops if that does not work out."""
        attempt = 1
        while True:
            try:
                return self.sio.open()
            except ConnectError as error:
                if attempt >= self.connect_attempts or not error.retryable:
                    raise StopUser(str(error)) from None  # Locust logs it, for each user
            time.sleep(attempt)
            attempt += 1

    def on_stop(self) -> None:
        """Wait for acknowledgements, and disconnect."""
        time.sleep(self.linger)
        self.sio.leave(self.ack_patience)

    def received(self, name: str, args: list[Any]) -> float | None:
        """An event came: return the response time of its row in milliseconds; None: it has none.

        Override it where the arguments tell when the event was sent. For an event on a channel, ``name`` begins with
        the endpoint, as that of the row does.
        """
        return None

    def on_exception(self, event: str, error: BaseException) -> None:
        """A method raised that ran for an event: Locust has that among its exceptions."""
        if not isinstance(error, RescheduleTask):  # that of a request, which has its row
            self.environment.events.user_error.fire(user_instance=self, exception=error, tb=error.__traceback__)
            super().on_exception(event, error)


def be_quiet(**_: Any) -> None:
    """Log warnings only, unless somebody wants more: Locust logs at INFO, where each connection tells how it fares."""
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.WARNING)


events.init.add_listener(be_quiet)  # type: ignore[no-untyped-call]


class Requests:
    """Tells Locust what one user does.

    Attributes:
        awaited: the packets whose acknowledgements are awaited.
    """

    def __init__(self, user: SocketIOUser) -> None:
        self.awaited: set[Awaited] = set()
        self._user = user
        self._fire = user.environment.events.request.fire

    def add(
        self, kind: str, name: str, took: float | None, values: Any = (), error: BaseException | None = None
    ) -> None:
        """Add one request.

        Args:
            kind: the type of its row.
            name: that of its row.
            took: milliseconds; None: nobody can know.
            values: what the server sent, whose length is that of the response.
            error: why it failed; None: it did not.
        """
        length = length_of(values) if values else 0
        context = self._user.context()
        self._fire(
            request_type=kind,
            name=name,
            response_time=took,
            response_length=length,
            exception=error,
            context=context,
            response=values,
        )

    def add_received(self, name: str, args: list[Any]) -> None:
        """Add an event of the server."""
        took = None
        try:
            took = self._user.received(name, args)
        except Exception as error:
            self._user.on_exception(name, error)
        self.add("RECV", name, took, args)


class Awaited:
    """A packet whose acknowledgement is awaited: one request, whatever comes first."""

    def __init__(self, requests: Requests, name: str, callback: Any, errback: Any) -> None:
        self._requests, self._name = requests, name
        self._callback, self._errback = callback, errback
        self._begun = time.perf_counter()
        requests.awaited.add(self)

    def acknowledge(self, *values: Any) -> None:
        """The acknowledgement came."""
        self._settle(values)
        if self._callback is not None:
            self._callback(*values)

    def fail(self, error: SocketIOError) -> None:
        """The acknowledgement can come no more, or did not come in time."""
        self._settle((), error)
        if self._errback is not None:
            self._errback(error)

    def forget(self) -> None:
        """The packet was not sent."""
        self._requests.awaited.discard(self)

    def _settle(self, values: Any, error: SocketIOError | None = None) -> None:
        self.forget()
        self._requests.add("EMIT", self._name, since(self._begun), values, error)


class _Measured(Channel):
    """A channel that tells Locust what it sends and hears."""

    requests: Requests
    _lost_at: float | None = None

    @property
    def own_row(self) -> str:
        """The name of the rows that are about this endpoint."""
        return self.endpoint or "/"

    def row_of(self, name: Name) -> str:
        """Return the name of the row for an event: the endpoint is before it, unless that is the default one."""
        return f"{self.endpoint} {name_text(name)}" if self.endpoint else name_text(name)

    def call(self, name: Name, *args: Any, timeout: float | None = 60) -> Any:
        """Do what ``Channel.call`` does, as a request."""
        row, begun = self.row_of(name), time.perf_counter()
        try:
            values = super().call(name, *args, timeout=timeout)
        except LocalProtocolError:  # the program is to be mended
            raise
        except SocketIOError as error:
            self.requests.add("CALL", row, since(begun), (), error)
            end_task(error)
            raise
        self.requests.add("CALL", row, since(begun), () if values is None else (values,))
        return values

    def emit(
        self, name: Name, *args: Any, ack: bool = False, callback: Any = None, errback: Any = None, **options: Any
    ) -> None:
        """Do what ``Channel.emit`` does, as a request if there is an acknowledgement to wait for.

        Args:
            name, args, callback, errback, options: see ``Channel.emit``.
            ack: whether to ask for an acknowledgement; so do a callback and an errback.
        """
        if callback is None and args and callable(args[-1]):
            *args, callback = args  # type: ignore[assignment]
        options = self._awaiting(self.row_of(name), ack, callback, errback, options)
        self._write(name, options, lambda: super(_Measured, self).emit(name, *args, **options))

    def send(self, data: Any, callback: Any = None, *, ack: bool = False, errback: Any = None, **options: Any) -> None:
        """Do what ``Channel.send`` does, as a request if there is an acknowledgement to wait for: see ``emit``."""
        options = self._awaiting(self.row_of("message"), ack, callback, errback, options)
        self._write("message", options, lambda: super(_Measured, self).send(data, **options))

    def _awaiting(self, row: str, ack: bool, callback: Any, errback: Any, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options of a packet; if somebody waits for its acknowledgement, with functions for it."""
        if not ack and callback is None and errback is None:
            return options
        awaited = Awaited(self.requests, row, callback, errback)
        return {**options, "callback": awaited.acknowledge, "errback": awaited.fail}

    def _write(self, name: Name, options: dict[str, Any], write: Callable[[], None]) -> None:
        found = options.get("callback")
        try:
            write()
        except BaseException as error:
            if found is not None:
                found.__self__.forget()
            if isinstance(error, SocketIOError) and not isinstance(error, LocalProtocolError):
                self.requests.add("SENT" if found is None else "EMIT", self.row_of(name), None, (), error)
                end_task(error)
            raise
        if found is None:
            self.requests.add("SENT", self.row_of(name), None)

    def _measure_open(self, function: Callable[[], None]) -> None:
        """Have a request for connecting."""
        begun, error = time.perf_counter(), None
        try:
            function()
        except SocketIOError as problem:
            error = problem
            raise
        finally:
            self.requests.add("CONNECT", self.own_row, since(begun), (), error)

    def deliver(self, notice: Notice) -> None:
        """Tell Locust what came, and run the functions for it."""
        if isinstance(notice, Event):
            self.requests.add_received(self.row_of(notice.name), notice.args)
        elif isinstance(notice, (Message, Json)):
            self.requests.add_received(self.row_of("message"), [notice.data])
        else:
            self._note_loss(notice)
        super().deliver(notice)

    def _note_loss(self, notice: Notice) -> None:
        """Have requests for the loss of a connection, and for its return."""
        add, again = self.requests.add, f"{self.own_row} again"
        if isinstance(notice, Disconnected) and notice.reason != "client":
            self._lost_at = time.perf_counter()
            add("LOST", self.own_row, None, (), ConnectionLost(notice.reason))
        elif isinstance(notice, Reconnected) and self._lost_at is not None:
            add("CONNECT", again, since(self._lost_at))
        elif (isinstance(notice, JoinFailed) and notice.again) or (isinstance(notice, Ended) and notice.reports):
            add("CONNECT", again, None, (), notice.error)


class MeasuredChannel(_Measured):
    """A ``Channel`` that tells Locust what it sends and hears."""

    def __init__(self, connection: Any, endpoint: str, handler: Any, socket: Any, *rest: Any) -> None:
        self.requests = socket.requests
        super().__init__(connection, endpoint, handler, socket, *rest)

    def open(self, timeout: float | None = 10, *, wait: bool = True) -> None:
        """Do what ``Channel.open`` does, as a request."""
        join = super().open
        if wait and not self.connected:
            self._measure_open(lambda: join(timeout))
        else:
            join(timeout, wait=wait)


class MeasuredSocketIO(_Measured, SocketIO):
    """A ``SocketIO`` that tells Locust what it sends and hears.

    Args:
        user: whose connection this is; it is its handler.
        host, options: see ``SocketIO``.
    """

    channel_type = MeasuredChannel

    def __init__(self, user: SocketIOUser, host: str, **options: Any) -> None:
        self.requests = Requests(user)
        super().__init__(host, handler=user, auto_connect=False, **options)

    def open(self, wait: bool = True) -> None:  # type: ignore[override]
        """Do what ``SocketIO.open`` does, as a request."""
        connect = super().open
        if wait and not self.connected:
            self._measure_open(connect)
        else:
            connect(wait)

    def leave(self, patience: float) -> None:
        """Wait for acknowledgements for so many seconds at most, and disconnect."""
        give_up, awaited = time.monotonic() + patience, self.requests.awaited
        while awaited and time.monotonic() < give_up:
            time.sleep(_LOOK)
        self.disconnect()
        for one in list(awaited):
            one.fail(ConnectionLost("the user stopped before the acknowledgement came"))


def since(begun: float) -> float:
    """Return the milliseconds since a time of ``time.perf_counter``."""
    return (time.perf_counter() - begun) * 1000


def length_of(values: Any) -> int:
    """Return how many characters values have as JSON; bytes, and what JSON does not know, have theirs."""
    others: list[int] = []

    def note(value: Any) -> int:
        others.append(len(value) if isinstance(value, (bytes, bytearray)) else len(str(value)))
        return 0

    return len(JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=note).encode(values)) + sum(others)


_ENDING: dict[type, type] = {}
"""Exceptions as Locust takes them for the end of a task and nothing more, by those that they are besides."""


def end_task(error: SocketIOError) -> None:
    """Have Locust end the task that raises this, without a traceback in its log: the request has its row."""
    kind = type(error)
    if not isinstance(error, RescheduleTask):
        _ENDING.setdefault(kind, type(kind.__name__, (kind, RescheduleTask), {}))
        error.__class__ = _ENDING[kind]
