"""From an event to the functions for it."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest

from sioclient.errors import ChannelError, ConnectionLost
from sioclient.fronts.dispatch import (
    MOST_PLANS,
    REPORTED,
    Dispatcher,
    _add,
    _discard,
    _Registered,
    method_name,
)
from sioclient.handler import Handler
from sioclient.marks import event as mark
from sioclient.protocol.notices import (
    Connected,
    Disconnected,
    Dropped,
    Ended,
    JoinFailed,
    Reconnected,
    Retrying,
    TransportClosed,
    TransportOpened,
)
from sioclient.protocol.packets import Error, Event, Json, Message
from tests.servers_py import Task

# From an event's name to a method


@pytest.mark.parametrize(
    ("event", "method"),
    [
        ("news", "on_news"),
        ("my event", "on_my_event"),
        ("my_event", "on_my_event"),
        ("a  b", "on_a__b"),
        ("a_", "on_a_"),
        ("a ", "on_a_"),
        ("News2", "on_News2"),
        ("42", "on_42"),
        ("event", "on_event"),
        ("heartbeat", "on_heartbeat"),
        ("noop", "on_noop"),
        ("connect_failed", "on_connect_failed"),
        ("connect failed", "on_connect_failed"),
        ("Connect", "on_Connect"),
        ("connected", "on_connected"),
        ("class", "on_class"),
        ("x" * 200, "on_" + "x" * 200),
        ("x" * 201, None),
    ],
)
def test_an_event_has_a_method(event: str, method: str) -> None:
    assert method_name(event) == method


@pytest.mark.parametrize("event", [*sorted(REPORTED), "connect error", "reconnect failed", "exception", "message"])
def test_no_event_reaches_a_report_of_the_connection(event: str) -> None:
    assert method_name(event) is None


@pytest.mark.parametrize("event", ["_private", "__init__", " leading", "_", " ", "__class__", "__getattribute__"])
def test_no_event_reaches_a_private_name(event: str) -> None:
    assert method_name(event) is None


@pytest.mark.parametrize(
    "event",
    [
        "",
        "a-b",
        "a.b",
        "a/b",
        "a:b",
        "caf\xe9",
        "a\n",
        "a\nb",
        "\ta",
        "a\0",
        "\u0661",
        "\u2163",
        "a\u00a0b",
        "%s",
        "a()",
    ],
)
def test_no_event_reaches_a_name_of_other_characters(event: str) -> None:
    assert method_name(event) is None


def test_no_event_reaches_a_hook_by_its_name() -> None:
    hooks = {name.removeprefix("on_") for name in vars(Handler) if name.startswith("on_")}
    assert [name for name in hooks if method_name(name)] == []
    assert {"ack", "unknown_event"}.isdisjoint(
        {method_name(name) for name in ("ack", "unknown_event", "unknown event")}
    )


def test_nine_names_are_the_connections_own() -> None:
    nine = "connect connect_error disconnect error open close retry reconnect reconnect_failed"
    assert set(nine.split()) == REPORTED
    for name in REPORTED:
        assert callable(getattr(Handler, f"on_{name}"))


# What is registered


class Listening(Handler[Any]):
    def on_news(self, *args: Any) -> str:
        return "method"

    def on_message(self, id: int | None, *args: Any) -> str:
        return f"{id} {args}"

    on_attribute = "no function"


def called(dispatcher: Dispatcher, notice: Any) -> list[str]:
    """Return the names of the functions that are found for a notice."""
    return [function.__name__ for function in dispatcher.find(notice, None)[1]]


def heard(dispatcher: Dispatcher, notice: Any) -> list[tuple[Any, ...]]:
    """Call what is found for a notice, and return what each function returns."""
    _, functions, args, _ = dispatcher.find(notice, "the channel")
    return [function(*args) for function in functions]


def first() -> None: ...
def second() -> None: ...


@pytest.fixture
def dispatcher() -> Dispatcher:
    return Dispatcher(Listening())


def test_functions_come_in_order_and_the_method_last(dispatcher: Dispatcher) -> None:
    assert dispatcher.register("news", first) is first
    dispatcher.register("news", second)
    for _ in range(2):  # planned, then remembered
        assert called(dispatcher, Event("news")) == ["first", "second", "on_news"]


def test_a_number_is_the_name_that_its_text_is(dispatcher: Dispatcher) -> None:
    dispatcher.register("5", first, once=False)
    for _ in range(2):
        assert called(dispatcher, Event(5)) == called(dispatcher, Event("5")) == ["first"]
    assert dispatcher.find(Event(6, [1]), None)[2] == ["6", [1]]


def test_a_function_for_one_time_is_found_once(dispatcher: Dispatcher) -> None:
    dispatcher.register("news", first, once=True)
    assert called(dispatcher, Event("news")) == ["first", "on_news"]
    assert called(dispatcher, Event("news")) == ["on_news"]


def test_a_function_that_comes_or_goes_counts_at_once(dispatcher: Dispatcher) -> None:
    assert called(dispatcher, Event("news")) == ["on_news"]
    dispatcher.register("news", first)
    dispatcher.register("news", second)
    dispatcher.register("news", first, once=True)
    assert called(dispatcher, Event("news")) == ["first", "second", "first", "on_news"]
    dispatcher.forget("news", print)
    dispatcher.forget("news", first)
    assert called(dispatcher, Event("news")) == ["second", "on_news"]
    dispatcher.forget("news", None)
    dispatcher.forget("never registered", None)
    assert called(dispatcher, Event("news")) == ["on_news"]


def test_another_handler_may_take_the_place(dispatcher: Dispatcher) -> None:
    assert called(dispatcher, Event("news")) == ["on_news"]
    dispatcher.handler = Handler()
    assert called(dispatcher, Event("news")) == ["unknown_event"]


@pytest.mark.parametrize("name", ["nobody", "attribute", "__class__", "x" * 201])
def test_what_nobody_is_for_is_an_unknown_event(dispatcher: Dispatcher, name: str) -> None:
    found = dispatcher.find(Event(name, [1], id=5), None)
    assert found == (name, (dispatcher.handler.unknown_event,), [name, [1]], False)


def test_only_so_many_names_are_remembered(dispatcher: Dispatcher) -> None:
    for number in range(MOST_PLANS + 1):
        assert called(dispatcher, Event(f"event {number}")) == ["unknown_event"]
    assert called(dispatcher, Event("news")) == ["on_news"]
    assert called(dispatcher, Event("news")) == ["on_news"]


def test_a_function_that_comes_meanwhile_counts(dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(name: str) -> str | None:
        """Another thread registers a function while the name of the method is looked for."""
        monkeypatch.undo()
        dispatcher.register("news", first)
        return method_name(name)

    monkeypatch.setattr("sioclient.fronts.dispatch.method_name", slow)
    assert called(dispatcher, Event("news")) == ["on_news"]
    assert called(dispatcher, Event("news")) == ["first", "on_news"]


def test_a_function_that_goes_meanwhile_is_not_called(dispatcher: Dispatcher) -> None:
    class Slow:
        """A function that another thread is compared with while it takes the next one away."""

        __name__ = "slow"
        forgets = True

        def __call__(self) -> None: ...

        def __eq__(self, other: object) -> bool:
            if self.forgets:
                self.forgets = False
                dispatcher.forget("news", first)
            return self is other

        __hash__ = None  # type: ignore[assignment]

    dispatcher.register("news", Slow())
    dispatcher.register("news", first, once=True)
    assert called(dispatcher, Event("news")) == ["slow", "on_news"]


@pytest.mark.parametrize("function", [None, 5, "print", [print]])
def test_only_a_function_can_be_registered(dispatcher: Dispatcher, function: Any) -> None:
    with pytest.raises(TypeError, match=rf"^what is called for 'x' must be a function, not {type(function).__name__}$"):
        dispatcher.register("x", function)


@pytest.mark.parametrize("name", [None, True, b"x", ["x"]])
def test_the_name_of_an_event_is_text_or_a_number(dispatcher: Dispatcher, name: Any) -> None:
    for wrong in (
        lambda: dispatcher.register(name, first),
        lambda: dispatcher.forget(name, None),
    ):
        with pytest.raises(TypeError, match=f"^an event's name must be text or a number, not {type(name).__name__}$"):
            wrong()


@pytest.mark.parametrize(("registered", "sent"), [(5, 5), (5, "5"), ("5", 5), ("5", "5")])
def test_a_number_is_a_name_too(dispatcher: Dispatcher, registered: Any, sent: Any) -> None:
    dispatcher.register(registered, first)
    assert called(dispatcher, Event(sent)) == ["first"]
    dispatcher.forget(registered, first)
    assert called(dispatcher, Event(sent)) == ["unknown_event"]


# The server's events


class Marked(Handler[Any]):
    def on_a_b(self, *args: Any) -> None: ...
    def on_unmarked(self, *args: Any) -> None: ...

    @mark("user:joined")
    @mark("")
    @mark(7)
    @mark("connect")
    @mark("error")
    @mark("exception")
    @mark("message")
    def marked(self, *args: Any) -> tuple[Any, ...]:
        return ("marked", *args)

    def on_5(self, *args: Any) -> None: ...


@pytest.mark.parametrize("name", ["user:joined", "", "7", 7, "connect", "exception"])
def test_a_mark_is_for_the_event_of_exactly_its_name(name: Any) -> None:
    dispatcher = Dispatcher(Marked())
    assert called(dispatcher, Event(name, [1])) == ["marked"]
    dispatcher.register(name, first, is_event=True)
    assert called(dispatcher, Event(name, [1])) == ["first", "marked"]


def test_a_mark_for_error_and_message() -> None:
    dispatcher = Dispatcher(Marked())
    assert called(dispatcher, Event("error", [1])) == ["marked"]
    for message in (Event("message", ["x"]), Message("x"), Json("x")):
        assert heard(dispatcher, message) == [("marked", "x")]


def test_a_method_hears_its_name_with_spaces_or_underscores() -> None:
    dispatcher = Dispatcher(Marked())
    assert called(dispatcher, Event("a b")) == called(dispatcher, Event("a_b")) == ["on_a_b"]
    assert called(dispatcher, Event(5)) == called(dispatcher, Event("5")) == ["on_5"]


@pytest.mark.parametrize(
    "name", ["event", "exception", "heartbeat", "noop", "connect_failed", "a:b", "caf\xe9", "*", ""]
)
def test_every_name_reaches_who_registered_for_it(dispatcher: Dispatcher, name: str) -> None:
    dispatcher.register(name, first, is_event=name == "*")
    assert called(dispatcher, Event(name)) == ["first"]


REPORTS = {
    "connect": Connected(""),
    "connect_error": JoinFailed("", ChannelError("no"), again=False, reason="no"),
    "disconnect": Disconnected("", "server"),
    "error": Error("reason", "advice"),
    "open": TransportOpened("websocket"),
    "close": TransportClosed("why"),
    "retry": Retrying(1, 0.5, ChannelError("no")),
    "reconnect": Reconnected(2),
    "reconnect_failed": Ended(ConnectionLost("spent"), reports=True),
}


@pytest.mark.parametrize("name", sorted(REPORTED))
def test_an_event_of_the_nine_says_nothing_about_the_connection(dispatcher: Dispatcher, name: str) -> None:
    dispatcher.register(name, first)
    dispatcher.register(name, second, is_event=True)
    reports = ["call", "call"] if name == "error" else []  # this one is the server reporting an error
    assert called(dispatcher, Event(name)) == ["second", *reports]
    assert [function.__name__ for function in dispatcher.find(REPORTS[name], None)[1][:1]] == ["first"]
    dispatcher.forget(name, None)
    assert called(dispatcher, Event(name)) == ["unknown_event"]


@pytest.mark.parametrize(
    ("args", "told"), [([], ("", "")), (["a"], ("a", "")), (["a", "b"], ("a", "b")), (["a", "b", "c"], ("a", "b"))]
)
def test_an_event_called_error_is_an_error(args: list[Any], told: tuple[str, str]) -> None:
    class Erring(Handler[Any]):
        def on_error(self, name: str, message: str) -> Any:
            return ("method", name, message)

    dispatcher = Dispatcher(Erring())
    dispatcher.register("error", lambda *args: ("function", *args))
    dispatcher.register("error", lambda *args: ("event", *args), is_event=True)
    event = Event("error", args, id=3)
    assert heard(dispatcher, event) == [("event", *args), ("function", *told), ("method", *told)]
    assert dispatcher.find(event, None)[3]


def test_a_function_for_errors_of_wrong_arity_is_explained(dispatcher: Dispatcher) -> None:
    def one(a: Any) -> None: ...

    dispatcher.register("error", one)
    with pytest.raises(TypeError, match=r"one was called with 'a', 'b': "):
        heard(dispatcher, Event("error", ["a", "b"]))


def test_an_error_that_nobody_hears_is_an_event_that_nobody_hears(dispatcher: Dispatcher) -> None:
    found = dispatcher.find(Event("error", ["a"], id=1), None)
    assert found == ("error", (dispatcher.handler.unknown_event,), ["error", ["a"]], False)


def test_the_catch_all_hears_what_nobody_else_does(dispatcher: Dispatcher) -> None:
    dispatcher.register("*", first)
    dispatcher.register("*", second, once=True)
    assert dispatcher.find(Event("connect", [1, 2], id=1), None) == (
        "connect",
        [first, second],
        ["connect", 1, 2],
        True,
    )
    assert dispatcher.find(Event(5), None) == ("5", [first], ["5"], False)
    assert called(dispatcher, Event("news")) == ["on_news"]
    assert "first" not in called(dispatcher, Connected(""))
    dispatcher.forget("*", first)
    assert called(dispatcher, Event("x")) == ["unknown_event"]


@pytest.mark.parametrize("packet", [Event("message", ["x"], id=3), Message("x", id=3, wants_data=True), Json("x")])
def test_a_message_that_nobody_hears_is_for_the_catch_all(packet: Any) -> None:
    dispatcher = Dispatcher(Handler())
    found = dispatcher.find(packet, None)
    assert found == ("message", (dispatcher.handler.unknown_event,), ["message", ["x"]], False)
    dispatcher.register("*", first)
    assert dispatcher.find(packet, None)[:3] == ("message", [first], ["message", "x"])
    dispatcher.register("message", second)
    assert dispatcher.find(packet, None)[:3] == ("message", [second], ["x"])


def test_a_name_that_nobody_hears_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "sioclient")
    dispatcher = Dispatcher(Handler())
    for name in ("nobody", "x" * 300, "disconnect") * 2:
        assert called(dispatcher, Event(name)) == ["unknown_event"]
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("DEBUG", "nobody hears the event 'nobody'"),
        ("DEBUG", f"nobody hears the event '{'x' * 200}'"),
        (
            "WARNING",
            "the server sent an event called 'disconnect', a name of the connection's own: on_event() hears it",
        ),
    ]


def test_a_log_that_raises_keeps_no_event_from_its_method(raising_log: Any) -> None:
    dispatcher = Dispatcher(Handler())
    assert called(dispatcher, Event("nobody")) == ["unknown_event"]
    assert called(dispatcher, Event("disconnect")) == ["unknown_event"]
    assert len(raising_log.records) == 2


def test_nothing_is_logged_where_somebody_sees_everything(caplog: pytest.LogCaptureFixture) -> None:
    class Catching(Handler[Any]):
        def unknown_event(self, name: str, args: list[Any]) -> None: ...

    caplog.set_level(logging.DEBUG, "sioclient")
    assert called(Dispatcher(Catching()), Event("disconnect")) == ["unknown_event"]
    seeing = Dispatcher(Handler())
    seeing.any.append(first)
    assert called(seeing, Event("disconnect")) == ["unknown_event"]
    assert caplog.records == []


def test_only_so_many_names_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "sioclient")
    dispatcher = Dispatcher(Handler())
    for number in range(MOST_PLANS + 1):
        dispatcher.find(Event(f"event {number}"), None)
    assert len(caplog.records) == MOST_PLANS


def test_functions_for_all_events_are_forgotten() -> None:
    class Busy(list[Any]):
        """Another thread takes each function away first."""

        def remove(self, entry: Any) -> None:
            super().remove(entry)
            super().remove(entry)

    dispatcher = Dispatcher(Handler())
    dispatcher.any += [first, second, first]
    dispatcher.any_outgoing += [first]
    dispatcher.forget_any(first)
    assert (dispatcher.any, dispatcher.any_outgoing) == ([second], [])
    dispatcher.any = Busy([first])
    dispatcher.forget_any(None)
    assert dispatcher.any == []


# What is found for which notice


@pytest.mark.parametrize(
    ("packet", "args", "wants_ack"),
    [
        (Message("text"), (None, "text"), False),
        (Message("text", id=3), (3, "text"), False),
        (Message("text", id=3, wants_data=True), (3, "text"), True),
        (Json([1]), (None, [1]), False),
        (Json([1], id=3, wants_data=True), (3, [1]), True),
        (Event("message", ["one"]), (None, "one"), False),
        (Event("message", [1, 2], id=3), (3, 1, 2), True),
        (Event("message", []), (None,), False),
    ],
    ids=repr,
)
def test_messages_hand_over_all_their_arguments(packet: Any, args: tuple[Any, ...], wants_ack: bool) -> None:
    class Hearing(Handler[Any]):
        def on_message(self, id: int | None, *args: Any) -> Any:
            return (id, *args)

    dispatcher = Dispatcher(Hearing())
    dispatcher.register("message", lambda *args: args, once=True)
    assert dispatcher.find(packet, None)[3] is wants_ack
    dispatcher.register("message", lambda *args: args, once=True)
    assert heard(dispatcher, packet) == [args[1:], args]
    assert heard(dispatcher, packet) == [args]


def test_an_on_message_that_is_no_function_hears_nothing() -> None:
    class Silent(Handler[Any]):
        on_message = None  # type: ignore[assignment]

    assert called(Dispatcher(Silent()), Message("x")) == ["unknown_event"]


FAILURE = ChannelError("no")


@pytest.mark.parametrize(
    ("notice", "name", "args"),
    [
        (Connected(""), "connect", ["the channel"]),
        (Disconnected("", "server"), "disconnect", []),
        (Error("reason", "advice"), "error", ["reason", "advice"]),
        (JoinFailed("", FAILURE, again=False, reason="no"), "connect_error", ["no", None]),
        (Reconnected(2), "reconnect", [2]),
        (Retrying(1, 0.5, FAILURE), "retry", [1, 0.5]),
        (TransportOpened("websocket"), "open", ["websocket"]),
        (TransportClosed("why"), "close", ["why"]),
        (Ended(FAILURE, reports=True), "reconnect_failed", [FAILURE]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_reports_go_to_functions_and_methods(dispatcher: Dispatcher, notice: Any, name: str, args: list[Any]) -> None:
    dispatcher.register(name, first)
    method = getattr(dispatcher.handler, f"on_{name}")
    assert dispatcher.find(notice, "the channel") == (name, [first, method], args, False)


def test_who_takes_an_argument_gets_the_reason_of_a_disconnect() -> None:
    class Curious(Handler[Any]):
        def on_disconnect(self, reason: str) -> Any:
            return ("method", reason)

    dispatcher = Dispatcher(Curious())
    dispatcher.register("disconnect", lambda: "nothing")
    dispatcher.register("disconnect", lambda reason: reason)
    dispatcher.register("disconnect", lambda *reason: reason)
    assert heard(dispatcher, Disconnected("", "server")) == ["nothing", "server", ("server",), ("method", "server")]


@pytest.mark.parametrize("notice", [Ended(None), Ended(None, reports=False), Ended(FAILURE), Dropped(1, None)])
def test_a_notice_that_is_for_nobody(dispatcher: Dispatcher, notice: Any) -> None:
    dispatcher.register("reconnect_failed", first)
    assert dispatcher.find(notice, None) == ("", (), [], False)


def test_an_error_of_the_connection_is_for_on_error(dispatcher: Dispatcher) -> None:
    dispatcher.register("error", first, once=True)
    assert dispatcher.find_error("why") == ("error", [first, dispatcher.handler.on_error], ["why", ""], False)
    assert dispatcher.find_error("why")[1] == [dispatcher.handler.on_error]


def test_a_report_without_a_method_is_for_functions_alone() -> None:
    class Deaf(Handler[Any]):
        on_open = None  # type: ignore[assignment]

    assert called(Dispatcher(Deaf()), TransportOpened("websocket")) == []


# What is kept


def test_f56_names_are_forgotten_with_their_functions():
    """200,000 names that had been registered once were 32 MB of empty lists."""
    dispatcher = Dispatcher(Handler())

    def kept() -> dict[str, Any]:
        return {key: list(table) for key, table in vars(dispatcher).items() if hasattr(table, "__len__")}

    before = kept()
    for number in range(2_000):
        name = f"name {number}"
        dispatcher.register(name, lambda: None, once=True)
        dispatcher.register(name, print)
        dispatcher.register("disconnect", lambda: None, once=True)
        dispatcher.find(Event(name), None)
        dispatcher.find(Disconnected("", "lost"), None)
        dispatcher.forget(name, print if number % 2 else None)
    assert kept() == before


def test_f56_function_registered_while_another_goes_is_not_lost():
    dispatcher, heard, most = Dispatcher(Handler()), [], 20_000
    found = lambda: heard.extend(f for f in dispatcher.find(Event("a"), None)[1] if f is print)  # noqa: E731
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        tasks = [Task(lambda: [dispatcher.register("a", print, once=True) for _ in range(most)])]
        while not tasks[0].done:
            found()
        found()
    finally:
        sys.setswitchinterval(before)
    assert len(heard) == most


class Late(dict):
    """A table in which another thread registers a function while the list of a name is dropped."""

    def __init__(self, when):
        super().__init__()
        self._when, self.entry = when, _Registered(print, False)

    def pop(self, name, default):
        if self._when == "before":
            self[name].append(self.entry)
        return super().pop(name, default)

    def get(self, name, default=None):
        if self._when == "after" and self.entry in self.setdefault(name, []):
            self._when = None
            super().pop(name)
        return super().get(name, default)


def test_function_is_moved_from_a_list_that_is_dropped():
    table, other = Late("before"), _Registered(len, True)
    _add(table, "a", other)
    assert _discard(table, "a", other)
    assert table == {"a": [table.entry]}
    table = Late("after")
    _add(table, "a", table.entry)
    assert table == {"a": [table.entry]}
