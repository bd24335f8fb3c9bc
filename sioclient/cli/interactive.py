"""Interactive: a conversation at a terminal."""

from __future__ import annotations

import argparse
import logging
import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from .. import SocketIOError
from .console import Console
from .conversation import Conversation
from .failures import OK, UsageError, explained
from .output import BOLD, CYAN, DIM, RED, Output
from .recorder import Recorder
from .session import Session, connected
from .signals import Woken, waking
from .text import encoded, printable
from .verbosity import LOGGER

_PLAIN_NAME = re.compile(r"[^\s/@'\"{\[\\-][^\s'\"\\]*")


class Interactive:
    """Shows what comes above the line that is typed.

    Args:
        options: those of ``connect``.
        console: the terminal.
    """

    def __init__(self, options: argparse.Namespace, console: Console) -> None:
        self._options, self._console = options, console
        self._output: Output = options.output
        self._level = LOGGER.level
        self._is_leaving = False

    def run(self, url: str) -> int:
        """Talk until somebody leaves.

        Raises:
            SocketIOError: there was no connection, or it ended.
        """
        with ExitStack() as stack:
            name = self._options.record
            recorder = stack.enter_context(Recorder(name)) if name else None
            conversation = Conversation(self, recorder, self._options.timeout)
            stack.callback(setattr, self._options.notes, "write", self._options.notes.write)
            self._options.notes.write = lambda text, colour: self._show(text, colour or RED)
            wake = stack.enter_context(waking(lambda: self._console.is_reading))
            session, channels = stack.enter_context(connected(url, self._options, conversation.hear))
            stack.callback(self._leave)
            conversation.begin(session, channels[-1].endpoint)
            self._watch(session, wake)
            self._console.learn(conversation.words)
            socket = session.socket
            self.tell(
                f"connected to {socket.address} (revision {socket.revision}, {socket.transport_name}); /help helps"
            )
            self._converse(session, conversation)
        return OK

    def show_event(self, endpoint: str, name: str, args: list[Any]) -> None:
        """Show an event that came, in a form in which it can be typed again."""
        self._console.learn([written(name)])
        where = f"{printable(endpoint)} " if endpoint else ""
        words = [written(name), *map(encoded, args)]
        coloured = [self._output.coloured(words[0], BOLD), *map(self._output.json, args)]
        mark = self._output.coloured("<", CYAN)
        self._console.show(f"< {where}{' '.join(words)}", f"{mark} {where}{' '.join(coloured)}")

    def show_ack(self, endpoint: str, name: str, number: int, args: list[Any]) -> None:
        """Show the acknowledgement of what was sent."""
        self._show(f"< ack of {written(name)}: {' '.join(map(encoded, args))}".rstrip(), CYAN)

    def tell(self, text: str) -> None:
        """Show sentences."""
        for line in text.splitlines():
            self._show(f"* {line}", DIM)

    def toggle_packets(self) -> None:
        """Show packets from now on, or no more."""
        is_on = LOGGER.level == logging.DEBUG
        LOGGER.setLevel(max(self._level, logging.INFO) if is_on else logging.DEBUG)
        self.tell("packets are not shown any more" if is_on else "packets are shown: > was written, < was read")

    def _show(self, text: str, colour: str) -> None:
        plain = printable(text)
        self._console.show(plain, self._output.coloured(plain, colour))

    def _leave(self) -> None:
        self._is_leaving = True
        LOGGER.setLevel(self._level)

    def _watch(self, session: Session, wake: Callable[[], None]) -> None:
        """Tell how the connection fares, and wake who waits for a line when it has ended."""
        socket = session.socket

        @socket.on("disconnect")
        def lost(reason: str) -> None:
            if self._is_leaving:
                return
            self.tell(f"disconnected: {reason}")
            if socket.ended:
                wake()

        socket.on("reconnect", lambda attempts: self.tell("connected again"))
        socket.on("retry", lambda attempt, delay: self.tell(f"attempt {attempt} in {delay:.1f} s"))
        socket.on("reconnect_failed", lambda error: wake())

    def _converse(self, session: Session, conversation: Conversation) -> None:
        more = True
        while more:
            try:
                prompt = f"{printable(conversation.endpoint)}> "
                line = self._console.read(prompt, session.check_connection)
                session.check_connection()
                more = conversation.do(line)
                self._console.learn([written(conversation.name)] if conversation.name else [])
            except EOFError:
                self._output.write("\n")
                return
            except Woken:
                self._output.write("\n")
                session.check_connection()
            except (SocketIOError, UsageError) as error:
                if session.socket.ended:
                    raise
                self._show(f"! {explained(error)[1]}", RED)


def written(name: str) -> str:
    """Return the name of an event as it is typed: as it is, or in quotes."""
    return name if _PLAIN_NAME.fullmatch(name) and name.isprintable() else encoded(name)
