"""What users subclass, and what it does where nothing is overridden."""

from __future__ import annotations

import gc
import logging
import weakref
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sioclient.errors import NotConnected
from sioclient.handler import Handler, attach, check_handler
from sioclient.marks import event


@pytest.mark.parametrize(
    ("hook", "args"),
    [
        ("on_connect", [None]),
        ("on_disconnect", []),
        ("on_error", ["reason", "advice"]),
        ("on_connect_error", ["reason", None]),
        ("on_message", [1, "text"]),
        ("on_message", [None]),
        ("on_reconnect", [1]),
        ("on_reconnect_failed", [None]),
        ("on_open", ["websocket"]),
        ("on_close", ["reason"]),
        ("on_retry", [1, 0.5]),
        ("unknown_event", ["name", []]),
        ("ack", [1]),
        ("ack", [1, "name", []]),
    ],
)
def test_a_hook_that_is_not_overridden_does_nothing(
    hook: str, args: list[Any], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    assert getattr(Handler(), hook)(*args) is None
    assert caplog.records == []
    assert capsys.readouterr() == ("", "")


def test_an_exception_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError) as caught:
        fail()
    Handler().on_exception("news", caught.value)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("sioclient", logging.ERROR)
    assert record.getMessage() == "the handler of 'news' raised"
    assert "in fail" in caplog.text
    assert "LookupError: gone" in caplog.text


def test_an_events_name_cannot_forge_log_lines(caplog: pytest.LogCaptureFixture) -> None:
    Handler().on_exception("a\nERROR forged %s" + "x" * 1000, ValueError("no"))
    message = caplog.records[0].getMessage()
    assert "\n" not in message
    assert len(message) < 300


def test_a_handler_is_taken_as_it_is() -> None:
    handler = Handler()
    assert check_handler(handler) is handler
    assert type(check_handler(None)) is Handler


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Handler, r"handler must be an object, not its class: Handler\(\)"),
        (object(), "handler must be an object of a subclass of Handler, not object"),
        (dict, "handler must be an object of a subclass of Handler, not type"),
        (5, "handler must be an object of a subclass of Handler, not int"),
    ],
)
def test_another_handler_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"^{message}$"):
        check_handler(wrong)


# The socket that it is for


class Socket:
    """Remembers the verbs that are called."""

    def __init__(self) -> None:
        self.called: list[tuple[Any, ...]] = []

    def emit(self, *args: Any, **options: Any) -> None:
        self.called.append(("emit", args, options))

    def send(self, *args: Any, **options: Any) -> None:
        self.called.append(("send", args, options))

    def call(self, *args: Any, **options: Any) -> str:
        self.called.append(("call", args, options))
        return "value"


def test_a_handler_has_the_verbs_of_its_socket() -> None:
    handler, socket = Handler[Any](), Socket()
    attach(handler, socket)
    assert handler.socket is socket
    handler.emit("x", 1, callback=print)
    handler.send("m", print, timeout=3)
    assert handler.call("x", 2, timeout=5) == handler.call("x") == "value"
    assert socket.called == [
        ("emit", ("x", 1), {"callback": print}),
        ("send", ("m", print), {"timeout": 3}),
        ("call", ("x", 2), {"timeout": 5}),
        ("call", ("x",), {"timeout": 60}),
    ]


def test_a_handler_of_no_connection_says_so() -> None:
    class Bot(Handler[Any]): ...

    bot = Bot()
    assert bot.socket is None
    for verb in (lambda: bot.emit("x"), lambda: bot.send("x"), lambda: bot.call("x")):
        with pytest.raises(NotConnected, match="this Bot is the handler of no connection: give it to a SocketIO"):
            verb()


def test_a_handler_does_not_keep_its_socket_alive() -> None:
    handler, socket = Handler[Any](), Socket()
    attach(handler, socket)
    gone = weakref.ref(socket)
    del socket
    gc.collect()
    assert gone() is handler.socket is None


def test_a_subclass_may_set_its_socket_itself() -> None:
    class Old(Handler[Any]):
        def __init__(self) -> None:
            self.socket = None
            self._socket = "a name of its own"

        def on_connect(self, socket: Any) -> None:
            self.socket = socket

    old, socket = Old(), Socket()
    assert old.socket is None
    old.on_connect(socket)
    old.emit("x")
    assert (old.socket, old._socket, socket.called) == (socket, "a name of its own", [("emit", ("x",), {})])


# Coroutine functions, which nobody would await


async def coroutine(*args: Any) -> None: ...


class ByName(Handler[Any]):
    async def on_news(self) -> None: ...


class ByMark(Handler[Any]):
    @event("user:joined")
    async def joined(self) -> None: ...


class Generating(Handler[Any]):
    async def on_news(self) -> AsyncIterator[int]:
        yield 1


class Static(Handler[Any]):
    @staticmethod
    async def on_news() -> None: ...


class Hook(Handler[Any]):
    async def unknown_event(self, name: str, args: list[Any]) -> None: ...


class Ack(Handler[Any]):
    async def ack(self, msgid: int, name: str | None = None, args: list[Any] | None = None) -> None: ...


class Inherited(ByName):
    async def helper(self) -> None: ...


class Own(Handler[Any]):
    def __init__(self) -> None:
        self.on_news = coroutine


@pytest.mark.parametrize("kind", [ByName, ByMark, Generating, Static, Hook, Ack, Inherited, Own])
def test_a_coroutine_function_as_method_is_refused(kind: type[Handler[Any]]) -> None:
    with pytest.raises(
        TypeError, match=rf"^{kind.__name__}\.\w+ must be a plain method, not a coroutine function.*hand it to a loop"
    ):
        check_handler(kind())


def test_a_plain_method_may_override_a_coroutine_function() -> None:
    class Plain(ByName):
        def on_news(self) -> None: ...  # type: ignore[override]

        async def helper(self) -> None: ...

    check_handler(Plain())
