"""EngineClient: a client without Socket.IO, as the functions of an application see it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

from ..errors import ConnectionLost
from ..protocol.packets import Message
from .client import Client
from .request import Request

Function = TypeVar("Function", bound=Callable[..., Any])

BYTES = (bytes, bytearray, memoryview)


class Sent:
    """A message on its way; await it to go no faster than the client reads.

    Args:
        client: to whom it was sent.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def __await__(self) -> Generator[Any, None, None]:
        """Let others have a turn, and wait while more than 64 KiB wait to be written.

        Raises:
            ConnectionLost: the client has left meanwhile.
        """
        yield from self._client.drained().__await__()
        if not self._client.is_open(""):
            raise _gone()


class EngineClient:
    """A client of an ``EngineServer`` or a ``WebSocketServer``; the functions for ``connection`` get it.

    Its methods are to be called in the server's thread.

    Args:
        client: what carries its messages.

    Attributes:
        request: the handshake.
        addr: the client's address.
        port: the port from which it came; 0: none is known.
        session_id: the id of its session; keep it secret from other clients.
        functions: those that the application has registered, by what they are for.
    """

    def __init__(self, client: Client) -> None:
        self.request: Request = client.request
        self.addr, self.port, self.session_id = client.request.ip, client.request.port, client.session_id
        self.functions: dict[str, list[Callable[..., Any]]] = {"message": [], "disconnection": []}
        self.listening: Callable[[], object] | None = None  # is called once there is a function for messages
        self._client = client

    def message(self, function: Function) -> Function:
        """Call a function for each message, a text or bytes; to be used as a decorator."""
        self.functions["message"].append(checked("message", function))
        if self.listening is not None:
            self.listening()
        return function

    def disconnection(self, function: Function) -> Function:
        """Call a function once the client has left, with the reason if it takes one; to be used as a decorator."""
        self.functions["disconnection"].append(checked("disconnection", function))
        return function

    def send(self, data: str | bytes | bytearray | memoryview) -> Sent:
        """Send a text or bytes. It is on its way at once; ``await`` the result to send no faster than is read.

        Raises:
            ConnectionLost: the client has left.
            LocalProtocolError: a text that the protocol cannot carry.
            TypeError: the message is neither text nor bytes.
        """
        if not isinstance(data, (str, *BYTES)):
            raise TypeError(f"a message must be text or bytes, not {type(data).__name__}")
        if not self.is_open:
            raise _gone()
        self._client.send(Message(data), None)
        return Sent(self._client)

    def close(self) -> None:
        """End the session, after what was sent."""
        self._client.kick()

    @property
    def is_open(self) -> bool:
        """Whether messages still reach the client."""
        return self._client.is_open("")

    @property
    def revision(self) -> int:
        """The revision of Engine.IO, 3 or 4; 0: it is a plain WebSocket."""
        return self._client.session.revision

    def __repr__(self) -> str:
        """Return where the client is."""
        return f"<EngineClient {self.addr}:{self.port} {'connected' if self.is_open else 'not connected'}>"


def checked(name: str, function: Any) -> Any:
    """Return a function that is registered, or raise TypeError."""
    if not callable(function):
        raise TypeError(f"what is called for {name} must be a function, not {type(function).__name__}")
    return function


def _gone() -> ConnectionLost:
    return ConnectionLost("the client has left")
