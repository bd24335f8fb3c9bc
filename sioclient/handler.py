"""What users subclass to hear from the server."""

from __future__ import annotations

import logging
from typing import Any

logger = logging.getLogger("sioclient")


class Handler:
    """What to do when something happens: override what you need.

    All methods run on the connection's listener thread, one at a time, in the order of arrival. They may call every
    method of the socket. For an event NAME, define ``on_NAME(self, *args)``; spaces in the name are
    underscores there. What it returns is the acknowledgement, if the server asked for one: a tuple is several values.
    """

    def on_connect(self, socket: Any) -> None:
        """The server joined us; ``socket`` is the SocketIO, or the Channel that this handler is for."""

    def on_disconnect(self) -> None:
        """The connection to this endpoint was closed or lost."""

    def on_error(self, name: str, message: str) -> None:
        """The server reports an error: its reason, and its advice (``reconnect`` or nothing)."""

    def on_connect_error(self, message: str, data: Any) -> None:
        """The server refused to join us: what it says, and what its application adds (from socket.io 3.0 on)."""

    def on_message(self, id: int | None, message: Any) -> Any:
        """The server sent a text, a JSON message, or an event called message; ``id`` is that of the packet, if any."""

    def on_reconnect(self, attempts: int) -> None:
        """The connection came back, after so many attempts."""

    def on_open(self, transport: str) -> None:
        """A transport of this name is open."""

    def on_close(self, reason: str) -> None:
        """The transport is gone."""

    def on_retry(self, attempt: int, delay: float) -> None:
        """The next attempt to connect begins in ``delay`` seconds."""

    def unknown_event(self, name: str, args: list[Any]) -> Any:
        """The server sent an event that no method and no function is for."""

    def ack(self, msgid: int, name: str | None = None, args: list[Any] | None = None) -> None:
        """The server acknowledged what was emitted with ``msgid=`` and without a callback."""

    def on_exception(self, event: str, error: BaseException) -> None:
        """A function that ran for ``event`` raised; the default logs it with its traceback."""
        logger.error("the handler of %.200r raised", event, exc_info=error)


def check_handler(handler: Handler | None) -> Handler:
    """Return a handler for ``handler``, or raise TypeError."""
    if isinstance(handler, type) and issubclass(handler, Handler):
        raise TypeError(f"handler must be an object, not its class: {handler.__name__}()")
    if handler is not None and not isinstance(handler, Handler):
        raise TypeError(f"handler must be an object of a subclass of Handler, not {type(handler).__name__}")
    return Handler() if handler is None else handler
