"""Which channels a SocketIO has: one for each endpoint, and no longer than somebody wants it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, ClassVar

from ..errors import ChannelError


class Channels:
    """The channels of one SocketIO; each is an Any here, since the module of Channel imports this one.

    A channel is kept from its first function, handler or ``open`` on until it was left, or closed by the server. It is
    also kept while something that it may hear is on its way. After that it lives for as long as the user holds it, and
    is still the one of its endpoint. One that ended with the connection stays: ``SocketIO.open`` joins it again.
    """

    _known: ClassVar[weakref.WeakValueDictionary[str, Any]] = weakref.WeakValueDictionary()
    """Empty, for all that have no channel yet: it takes 800 bytes, and most connections never have one."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}
        self._hearing: list[tuple[Any, Any]] = []  # for each join whose last notice was not delivered yet

    def get(self, name: str) -> Any:
        """Return the channel of an endpoint; None: there is none."""
        return self._known.get(name)

    def get_or_make(self, name: str, make: Callable[[], Any]) -> Any:
        """Return the channel of an endpoint, made if there is none; two threads that ask at once get the same."""
        channel = self.get(name)
        if channel is None:
            made = make()
            channel = self._kept.setdefault(name, made)  # a single step, in which one of two threads is the first
            if channel is made:
                channel = self.get(name) or made  # the other one has let go of its own already
            vars(self).setdefault("_known", weakref.WeakValueDictionary())[name] = channel
            self.let_go(made)
        return channel

    def all(self) -> list[Any]:
        """Return the channels that there are."""
        channels = [reference() for reference in self._known.valuerefs()]  # which lets others add some meanwhile
        return [channel for channel in channels if channel is not None]

    def kept(self) -> list[Any]:
        """Return the channels that are kept because they are wanted."""
        return list(self._kept.values())

    def keep(self, channel: Any) -> None:
        """Keep a channel, since the user has given it something or opens it."""
        self._kept[channel.endpoint] = channel

    def let_go(self, channel: Any) -> None:
        """Keep a channel no longer because of what the user has given it."""
        name = channel.endpoint
        if self._kept.get(name) is channel:
            self._kept.pop(name, None)

    def forget(self, channel: Any) -> None:
        """Let a channel that the user never got be no longer that of its endpoint."""
        self.let_go(channel)
        name = channel.endpoint
        if self._known.get(name) is channel:
            self._known.pop(name, None)

    def begin_hearing(self, channel: Any, connection: Any) -> None:
        """Keep a channel until ``end_hearing``, since notices of a connection for it are on their way."""
        self._hearing.append((channel, connection))

    def end_hearing(self, channel: Any) -> None:
        """The last notice of one join has come."""
        for hearing in list(self._hearing):
            if hearing[0] is channel:
                with suppress(ValueError):
                    self._hearing.remove(hearing)
                return

    def hears(self, channel: Any) -> bool:
        """Return whether notices for a channel may still be on their way."""
        return any(hearing[0] is channel for hearing in list(self._hearing))

    def end_hearing_of_over(self) -> None:
        """Expect nothing of connections that are over; one that ended before it was opened never says its last."""
        for hearing in list(self._hearing):
            if hearing[1].is_over:
                with suppress(ValueError):
                    self._hearing.remove(hearing)


def check_given(endpoint: str, given: Iterable[tuple[str, Any, Any]]) -> None:
    """Raise ChannelError if a channel would get something in the place of what it has.

    Args:
        endpoint: its name.
        given: what that is called, the new one, None for none, and the one that it has.
    """
    for what, new, has in given:
        if new is not None and has and new != has:
            advice = "use on() for functions, or set channel.handler" if what == "handler" else "disconnect it first"
            raise ChannelError(f"the channel {endpoint!r} has another {what} already: {advice}")
