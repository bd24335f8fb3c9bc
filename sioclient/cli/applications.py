"""What ``serve`` serves: applications of ``sioclient.server``."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any, ClassVar

from ..recordings import Recorded
from ..server import SocketConnection, replay
from ..server.chat import Chat
from ..server.webpage import ROUTES
from .example import Example
from .output import Closed, Output
from .recording import event_line


class Echo(SocketConnection):
    """Sends back what comes, and acknowledges it with its arguments."""

    def get_endpoint(self, path: str) -> type[SocketConnection]:
        """Return this, for every endpoint."""
        return type(self)

    def on_event(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Send an event back."""
        return args if self.wants_ack else self.emit(name, *args)

    def on_message(self, message: Any) -> Any:
        """Send a message back."""
        return message if self.wants_ack else self.send(message)


def application(what: str, output: Output, recorded: list[Recorded], speed: float) -> type[SocketConnection]:
    """Return the class of the clients' connections.

    Args:
        what: echo, example, chat or replay.
        output: where what clients send is printed.
        recorded: what is replayed.
        speed: see ``replay`` of the server.
    """
    kinds: dict[str, type[SocketConnection]] = {"echo": Echo, "example": Example, "chat": Chat}
    kind = replay(recorded, speed) if what == "replay" else kinds[what]
    return type("Shown", (_Shown, kind), {"printer": Printer(output)})


def routes(what: str) -> Iterable[Any]:
    """Return the routes of the page that belongs to an application."""
    return ROUTES if what == "chat" else ()


class Printer:
    """Prints what clients send.

    Args:
        output: where.
    """

    def __init__(self, output: Output) -> None:
        self._output: Output | None = output
        self._numbers: dict[str, int] = {}
        self._next = count(1)

    def show(self, connection: SocketConnection, name: str, args: list[Any]) -> None:
        """Print an event as ``listen`` does, with the number of the client."""
        if self._output is None:
            return
        if connection.session_id not in self._numbers:
            self._numbers[connection.session_id] = next(self._next)
        line = event_line(connection.endpoint, name, args)
        try:
            self._output.value({**line, "client": self._numbers[connection.session_id]})
        except Closed:
            self._output = None  # nobody looks any more; the clients are served on

    def forget(self, connection: SocketConnection) -> None:
        """Take note that a client has left."""
        if not connection.endpoint:
            self._numbers.pop(connection.session_id, None)


class _Shown(SocketConnection):
    """A client whose events are printed."""

    printer: ClassVar[Printer]

    def on_close(self) -> Any:
        self.printer.forget(self)
        return super().on_close()

    def on_event(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "message":
            return self.on_message(args[0] if args else None)
        self.printer.show(self, name, list(args))
        return super().on_event(name, *args, **kwargs)

    def on_message(self, message: Any) -> Any:
        self.printer.show(self, "message", [message])
        return super().on_message(message)
