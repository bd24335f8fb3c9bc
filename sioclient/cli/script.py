"""Script: a conversation without a terminal; lines come from a pipe, and what comes is printed as ``listen`` does."""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack, closing
from typing import Any

from .conversation import Conversation
from .failures import NO_REPLY, OK, UsageError
from .inbox import LOOK, Acked, Heard, Inbox
from .recorder import Recorder
from .recording import ack_line, event_line
from .session import Session, connected
from .stdin import read_stdin


class Script:
    """Prints what comes as lines of JSON.

    Args:
        options: those of ``connect``.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._inbox = Inbox()

    def run(self, url: str) -> int:
        """Do what the lines of the standard input say, then wait for acknowledgements, and for ``--for`` seconds.

        Raises:
            SocketIOError: there was no connection, or it ended.
            UsageError: a line says nothing that can be done.
        """
        with ExitStack() as stack:
            name = self._options.record
            recorder = stack.enter_context(Recorder(name)) if name else None
            conversation = Conversation(self, recorder, self._options.timeout)
            session, channels = stack.enter_context(connected(url, self._options, conversation.hear))
            stack.enter_context(closing(self._inbox))
            conversation.begin(session, channels[-1].endpoint)
            read_stdin(self._inbox)
            self._follow(session, conversation)
        return NO_REPLY if conversation.missed else OK

    def show_event(self, endpoint: str, name: str, args: list[Any]) -> None:
        """Print an event that came."""
        self._inbox.hear(endpoint, name, args)

    def show_ack(self, endpoint: str, name: str, number: int, args: list[Any]) -> None:
        """Print an acknowledgement."""
        self._inbox.put(Acked(endpoint, number, args))

    def tell(self, text: str) -> None:
        """Tell a person, who may look at stderr."""
        self._options.notes.note(text)

    def toggle_packets(self) -> None:
        """Raise UsageError: -vv shows packets."""
        raise UsageError("/raw is for terminals: -vv shows packets, on stderr")

    def _follow(self, session: Session, conversation: Conversation) -> None:
        end: float | None = None
        while end is None or conversation.awaited or time.monotonic() < end or not self._inbox.is_empty():
            item = self._inbox.take(LOOK)
            if isinstance(item, Heard):
                self._options.output.value(event_line(*item))
            elif isinstance(item, Acked):
                self._options.output.value(ack_line(item.endpoint, item.number, item.args))
            elif item is None:
                self._options.output.check()
                session.check()
            elif item.line is None or not conversation.do(item.line):
                end = time.monotonic() + self._options.seconds
