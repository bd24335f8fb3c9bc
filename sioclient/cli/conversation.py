"""Conversation: what the lines mean that are typed in ``connect``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from .. import Channel, SocketIOError
from .failures import UsageError, sending
from .lines import event_of, values_of
from .recorder import Recorder
from .recording import ack_line, event_line, sent_line
from .session import Session, with_slash

HELP = """
EVENT ARG...       send an event: subscribe weather; move {"x": 1}; 'a b' 5
/ack EVENT ARG...  send it, and show its acknowledgement
/send ARG          send a message, which has no name
/join NAME         join a namespace, or go to one that was joined
/leave [NAME]      leave a namespace
/raw               show every packet as it is on the wire, or stop that
/help              show this
/quit              leave (Ctrl-D)
""".strip()


class Face(Protocol):
    """Who shows what happens."""

    def show_event(self, endpoint: str, name: str, args: list[Any]) -> None:
        """Show an event that came."""

    def show_ack(self, endpoint: str, name: str, number: int, args: list[Any]) -> None:
        """Show the acknowledgement of what was sent with a number."""

    def tell(self, text: str) -> None:
        """Show a sentence."""

    def toggle_packets(self) -> None:
        """Show packets from now on, or no more."""


class Conversation:
    """Does what is typed.

    Args:
        face: who shows what happens.
        recorder: what is sent, and what comes, is recorded there, if there is any.
        timeout: seconds for an acknowledgement.

    Attributes:
        endpoint: the namespace that what is typed is for.
        awaited: the numbers of what has not been acknowledged yet.
        missed: how many acknowledgements did not come.
        name: that of the event that was sent last; empty: there was none.
    """

    def __init__(self, face: Face, recorder: Recorder | None, timeout: float) -> None:
        self.endpoint = ""
        self.awaited: set[int] = set()
        self.missed = 0
        self.name = ""
        self._face, self._recorder, self._timeout = face, recorder, timeout
        self._sent = 0
        self._session: Session | None = None
        self._commands: dict[str, Callable[[str], None]] = {
            "/ack": lambda rest: self._emit(rest, asks=True),
            "/send": self._send,
            "/join": self._join,
            "/leave": self._leave,
            "/raw": lambda rest: self._face.toggle_packets(),
            "/help": lambda rest: self._face.tell(HELP),
        }

    def begin(self, session: Session, endpoint: str) -> None:
        """Talk to this server, and this namespace of it, from now on."""
        self._session, self.endpoint = session, endpoint

    @property
    def words(self) -> list[str]:
        """The words that a line may begin with, besides events."""
        return [*self._commands, "/quit"]

    def do(self, line: str) -> bool:
        """Do what a line says; return whether more is to come.

        Raises:
            UsageError: it says nothing that can be done.
            SocketIOError: it could not be done.
        """
        word, _, rest = line.strip().partition(" ")
        if word in ("/quit", "/exit", "/q"):
            return False
        if word in self._commands:
            self._commands[word](rest.strip())
        elif word.startswith("/"):
            raise UsageError(f"there is no {word}: /help says what there is; an event of this name is quoted: '{word}'")
        elif word:
            self._emit(line, asks=False)
        return True

    def hear(self, endpoint: str, name: str, args: list[Any]) -> None:
        """Show an event that came; on the thread of the connection."""
        if self._recorder is not None:
            self._recorder.write(event_line(endpoint, name, args))
        self._face.show_event(endpoint, name, args)

    def _emit(self, line: str, *, asks: bool) -> None:
        name, args = event_of(line)
        number = self._record(name, args, asks=asks)
        how = self._functions(name, number) if asks else {}
        with sending():
            self._channel().emit(name, *args, **how)
        self.name = name

    def _send(self, rest: str) -> None:
        values = values_of(rest)
        if len(values) != 1:
            raise UsageError("/send takes one ARG: text of several words is quoted: 'a b'")
        self._record("message", values, asks=False)
        with sending():
            self._channel().send(values[0])

    def _record(self, name: str, args: list[Any], *, asks: bool) -> int:
        self._sent += 1
        if self._recorder is not None:
            number = self._sent if asks else None
            self._recorder.write(sent_line(self.endpoint, name, args, number))
        return self._sent

    def _functions(self, name: str, number: int) -> dict[str, Any]:
        self.awaited.add(number)
        return {
            "callback": partial(self._acked, self.endpoint, name, number),
            "errback": partial(self._unacked, number),
            "timeout": self._timeout,
        }

    def _acked(self, endpoint: str, name: str, number: int, *args: Any) -> None:
        if self._recorder is not None:
            self._recorder.write(ack_line(endpoint, number, list(args)))
        self._face.show_ack(endpoint, name, number, list(args))
        self.awaited.discard(number)

    def _unacked(self, number: int, error: SocketIOError) -> None:
        self._face.tell(str(error))
        self.missed += 1
        self.awaited.discard(number)

    def _join(self, rest: str) -> None:
        session, name = self._session, with_slash(rest)
        assert session is not None
        endpoint = name.partition("?")[0]
        if endpoint not in session.channels or not session.channels[endpoint].is_wanted:
            session.join(name)
        self.endpoint = endpoint

    def _leave(self, rest: str) -> None:
        session, endpoint = self._session, with_slash(rest) if rest else self.endpoint
        assert session is not None
        if not endpoint:
            raise UsageError("this is the default namespace, which is left with the connection: /quit")
        if endpoint not in session.channels:
            raise UsageError(f"{endpoint} was not joined")
        session.channels.pop(endpoint).disconnect()
        self.endpoint = "" if endpoint == self.endpoint else self.endpoint

    def _channel(self) -> Channel:
        assert self._session is not None
        return self._session.channels[self.endpoint]
