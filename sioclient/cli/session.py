"""Session: the connection of a command, with the namespaces that it joined."""

from __future__ import annotations

import argparse
import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from .. import Channel, ConnectionLost, SocketIO
from .failures import UsageError
from .options import auth_of, connection_options, url_of
from .stderr import Notes

Hear = Callable[[str, str, list[Any]], None]
"""What is called for each event, on the thread of the connection: with its namespace, its name and its arguments."""

Greet = Callable[[Channel], None]
"""What is called whenever a channel is connected, also after a loss, on the thread of the connection."""

Back = Callable[[int], None]
"""What is called whenever the connection is back after a loss, with the number of attempts."""


class Session:
    """A connection that is not open yet.

    Args:
        url: where the server is, as it was typed.
        options: see ``add_connection_options``.
        hear: see ``Hear``.
        greet: see ``Greet``.
        back: see ``Back``.

    Attributes:
        socket: the connection.
        channels: the channels that were joined, by their names; the default one has none.

    Raises:
        UsageError: an option is not what it should be.
    """

    def __init__(
        self,
        url: str,
        options: argparse.Namespace,
        hear: Hear | None = None,
        greet: Greet | None = None,
        back: Back | None = None,
    ) -> None:
        self.channels: dict[str, Channel] = {}
        self._auth, self._timeout = auth_of(options), options.timeout
        self._hear, self._greet = hear, greet
        self._notes: Notes = options.notes
        try:
            known = _with_both_auths(connection_options(options), self._auth)
            self.socket = SocketIO(url_of(url), auto_connect=False, **known)
        except (TypeError, ValueError) as error:
            raise UsageError(str(error)) from error
        if back is not None:
            self.socket.on("reconnect", back)

    def open(self, *, is_heard: bool = True) -> Channel:
        """Connect, and return the channel of the default namespace, whose events may be left unheard."""
        self.channels[""] = self.socket
        self._prepare(self.socket, is_heard=is_heard)
        self.socket.open()
        return self.socket

    def join(self, name: str) -> Channel:
        """Join a namespace, and return its channel."""
        endpoint, _, query = name.partition("?")
        channel = self.socket.channel(endpoint, query=query or None, auth=self._auth)
        self._prepare(channel)
        channel.open(self._timeout)
        self.channels[endpoint] = channel
        return channel

    def check(self) -> None:
        """Raise the reason if the connection, or a namespace that was joined, has ended."""
        self.check_connection()
        for name, channel in self.channels.items():
            if not channel.is_wanted:
                raise ConnectionLost(f"{self.socket.address}: the server ended {name}")

    def check_connection(self) -> None:
        """Raise the reason if the connection has ended."""
        if self.socket.ended:
            self.socket.wait(self._timeout)
            raise ConnectionLost(f"{self.socket.address}: the server ended the connection")

    def _prepare(self, channel: Channel, *, is_heard: bool = True) -> None:
        """Register what hears all of a channel from its first packet on."""
        if self._hear is not None and is_heard:
            channel.on_any(partial(_pass_on, self._hear, channel.endpoint))
        if self._greet is not None and is_heard:
            channel.on("connect", self._greet)
        channel.on("error", self._report)

    def _report(self, name: str, message: str) -> None:
        self._notes.note(f"sioclient: the server reports an error: {name} {message}".rstrip())


def namespaces(given: Sequence[str] | str | None) -> list[str]:
    """Return the names of namespaces as ``Session`` takes them: ``/`` is the default one, which is empty there."""
    names = [given] if isinstance(given, str) else [*(given or [""])]
    return [with_slash(name) for name in names]


def with_slash(name: str) -> str:
    """Return the name of a namespace, which may have been typed without its slash."""
    return "" if name in ("", "/") else name if name.startswith("/") else f"/{name}"


@contextmanager
def connected(
    url: str,
    options: argparse.Namespace,
    hear: Hear | None = None,
    greet: Greet | None = None,
    back: Back | None = None,
) -> Iterator[tuple[Session, list[Channel]]]:
    """Connect and join what ``-n`` says for the length of the block; yield the session and these channels."""
    session = Session(url, options, hear, greet, back)
    names = namespaces(options.namespace)
    try:
        main = session.open(is_heard="" in names)
        yield session, [session.join(name) if name else main for name in names]
    finally:
        session.socket.disconnect()


@contextmanager
def target(url: str, options: argparse.Namespace) -> Iterator[Channel]:
    """Connect and join the one namespace that ``-n`` says; yield its channel, to emit on it."""
    with connected(url, options) as (_, channels):
        yield channels[-1]


def _pass_on(hear: Hear, endpoint: str, name: str, *args: Any) -> None:
    hear(endpoint, name, list(args))


def _with_both_auths(known: dict[str, Any], auth: dict[str, Any] | None) -> dict[str, Any]:
    """Return options with that for the application, too; what is for HTTP becomes a header if there are both."""
    if auth is None:
        return known
    user = known.pop("auth", None)
    if user is None:
        return {**known, "auth": auth}
    credentials = base64.b64encode(":".join(user).encode("latin-1")).decode()  # as requests does
    return {**known, "auth": auth, "headers": {**known.get("headers", {}), "Authorization": f"Basic {credentials}"}}
