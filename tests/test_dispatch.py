"""From an event to the functions for it."""

from __future__ import annotations

import functools
import gc
import inspect
import types
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from sioclient.dispatch import LIFECYCLE, MOST_PLANS, RESERVED, Dispatcher, ack_args, check_name, method_name, spread
from sioclient.errors import ChannelError
from sioclient.handler import Handler
from sioclient.protocol.notices import (
    Connected,
    Disconnected,
    Ended,
    JoinFailed,
    Reconnected,
    Retrying,
    TransportClosed,
    TransportOpened,
)
from sioclient.protocol.packets import Error, Event, Json, Message

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
        ("message", "on_message"),
        ("Connect", "on_Connect"),
        ("connected", "on_connected"),
        ("class", "on_class"),
        ("x" * 200, "on_" + "x" * 200),
        ("x" * 201, None),
    ],
)
def test_an_event_has_a_method(event: str, method: str) -> None:
    assert method_name(event) == method


@pytest.mark.parametrize(
    "event",
    [*sorted(RESERVED), "connect failed"],
)
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


def test_of_the_hooks_events_reach_only_on_message() -> None:
    hooks = {name.removeprefix("on_") for name in vars(Handler) if name.startswith("on_")}
    assert {name for name in hooks if method_name(name)} == {"message"}
    assert {"ack", "unknown_event"}.isdisjoint(
        {method_name(name) for name in ("ack", "unknown_event", "unknown event")}
    )


def test_what_the_connection_reports_is_reserved() -> None:
    promised = {"connect", "connect_error", "disconnect", "error", "open", "close", "retry", "reconnect"}
    assert promised == LIFECYCLE
    assert promised | {"exception", "connect_failed", "heartbeat", "noop", "event"} == RESERVED
    for name in LIFECYCLE:
        assert callable(getattr(Handler, f"on_{name}"))


# The arguments of a function


def two(a: Any, b: Any) -> None: ...
def one_or_two(a: Any, b: Any = None) -> None: ...
def two_or_three(a: Any, b: Any, c: Any = None) -> None: ...
def any_number(*args: Any) -> None: ...
def two_or_more(a: Any, b: Any, *rest: Any) -> None: ...
def one(a: Any) -> None: ...
def none() -> None: ...
def two_by_place(a: Any, b: Any, /) -> None: ...
def one_and_a_keyword(a: Any, *, b: Any = None) -> None: ...
def two_and_keywords(a: Any, b: Any, **more: Any) -> None: ...


class Methods:
    def two(self, a: Any, b: Any) -> None: ...
    def one(self, a: Any) -> None: ...
    def any_number(self, *args: Any) -> None: ...

    @classmethod
    def of_the_class(cls, a: Any, b: Any) -> None: ...

    @staticmethod
    def of_nobody(a: Any, b: Any) -> None: ...

    def __call__(self, a: Any, b: Any) -> None: ...


class Unhashable:
    """Cannot be remembered, nor referred to weakly."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __call__(self, a: Any, b: Any) -> None: ...


def title(value: Any) -> str:
    """Return what a test is called after: nothing with an address, which another process would have elsewhere."""
    return str(value) if isinstance(value, list) else getattr(value, "__name__", type(value).__name__)


SPREAD: list[tuple[Callable[..., Any], list[Any]]] = [
    (two, [1, 2]),
    (two_or_three, [1, 2]),
    (two_or_three, [1, 2, 3]),
    (two_or_more, [1, 2]),
    (two_or_more, [1, 2, 3, 4, 5]),
    (two_by_place, [1, 2]),
    (two_and_keywords, [1, 2]),
    (lambda a, b: None, [1, 2]),
    (Methods().two, [1, 2]),
    (Methods().of_the_class, [1, 2]),
    (Methods.of_the_class, [1, 2]),
    (Methods().of_nobody, [1, 2]),
    (Methods(), [1, 2]),
    (Unhashable(), [1, 2]),
    (functools.partial(lambda a, b, c: None, 0), [1, 2]),
    (types.MethodType(lambda self, a, b: None, object()), [1, 2]),
    (isinstance, [1, 2]),
]
WHOLE: list[tuple[Callable[..., Any], list[Any]]] = [
    (two, []),
    (two, [1]),
    (two, [1, 2, 3]),
    (one_or_two, [1, 2]),
    (two_or_three, [1, 2, 3, 4]),
    (two_or_more, [1]),
    (any_number, [1, 2]),
    (one, [1]),
    (one, [1, 2]),
    (none, [1, 2]),
    (one_and_a_keyword, [1, 2]),
    (lambda a, b=0: None, [1, 2]),
    (Methods().one, [1, 2]),
    (Methods().any_number, [1, 2]),
    (functools.partial(two, 0), [1, 2]),
    (functools.partial(two_or_three, 0), [1, 2]),
    (print, [1, 2]),
    ([].append, [1, 2]),
    (dict, [1, 2]),  # a builtin that does not tell its arguments
]


@pytest.mark.parametrize(("function", "items"), SPREAD, ids=title)
def test_a_lone_list_is_spread_over_as_many_arguments(function: Callable[..., Any], items: list[Any]) -> None:
    assert spread(function, [items]) == items
    assert spread(function, [items]) == items  # what was counted before is counted alike


@pytest.mark.parametrize(("function", "items"), WHOLE, ids=title)
def test_a_lone_list_stays_whole_otherwise(function: Callable[..., Any], items: list[Any]) -> None:
    assert spread(function, [items]) == [items]
    assert spread(function, [items]) == [items]


@pytest.mark.parametrize("args", [[], [1], [1, 2], [[1, 2], 3], [(1, 2)], ["ab"], [{"a": 1, "b": 2}], [None]])
def test_only_a_list_that_is_alone_is_spread(args: list[Any]) -> None:
    assert spread(two, args) == args


def test_functions_that_seem_equal_are_counted_apart() -> None:
    class Equal:
        def __init__(self, function: Callable[..., Any]) -> None:
            self.__signature__ = inspect.signature(function)

        def __call__(self, *args: Any) -> None: ...

    assert spread(Equal(two), [[1, 2]]) == [1, 2]
    assert spread(Equal(one), [[1, 2]]) == [[1, 2]]


def test_a_function_is_not_kept_alive() -> None:
    def passing(a: Any, b: Any) -> None: ...

    spread(passing, [[1, 2]])
    reference = weakref.ref(passing)
    del passing
    gc.collect()
    assert reference() is None


# What is registered


class Listening(Handler):
    def on_news(self, *args: Any) -> str:
        return "method"

    def on_message(self, id: int | None, message: Any) -> str:
        return f"{id} {message}"

    on_attribute = "no function"


def called(dispatcher: Dispatcher, notice: Any) -> list[str]:
    """Return the names of the functions that are found for a notice."""
    return [function.__name__ for function in dispatcher.find(notice, None)[1]]


def first() -> None: ...
def second() -> None: ...


@pytest.fixture
def dispatcher() -> Dispatcher:
    return Dispatcher(Listening())


def test_functions_come_in_order_and_the_method_last(dispatcher: Dispatcher) -> None:
    assert dispatcher.register("news", first, once=False) is first
    dispatcher.register("news", second, once=False)
    for _ in range(2):  # planned, then remembered
        assert called(dispatcher, Event("news")) == ["first", "second", "on_news"]


def test_a_number_is_the_name_that_its_text_is(dispatcher: Dispatcher) -> None:
    dispatcher.register("5", first, once=False)
    for _ in range(2):
        assert called(dispatcher, Event(5)) == called(dispatcher, Event("5")) == ["first"]
    assert dispatcher.find(Event(6, [1]), None)[2] == [6, [1]]


def test_a_function_for_one_time_is_found_once(dispatcher: Dispatcher) -> None:
    dispatcher.register("news", first, once=True)
    assert called(dispatcher, Event("news")) == ["first", "on_news"]
    assert called(dispatcher, Event("news")) == ["on_news"]


def test_a_function_that_comes_or_goes_counts_at_once(dispatcher: Dispatcher) -> None:
    assert called(dispatcher, Event("news")) == ["on_news"]
    dispatcher.register("news", first, once=False)
    dispatcher.register("news", second, once=False)
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
    assert found == (name, (dispatcher.handler.unknown_event,), [name, [1]], True)


def test_only_so_many_names_are_remembered(dispatcher: Dispatcher) -> None:
    for number in range(MOST_PLANS + 1):
        assert called(dispatcher, Event(f"event {number}")) == ["unknown_event"]
    assert called(dispatcher, Event("news")) == ["on_news"]
    assert called(dispatcher, Event("news")) == ["on_news"]


def test_a_function_that_comes_meanwhile_counts(dispatcher: Dispatcher) -> None:
    class Slow(str):
        """A name that another thread registers a function for while it is looked at."""

        __slots__ = ()

        def __len__(self) -> int:
            if called(dispatcher, Event("first time")) == ["unknown_event"]:
                dispatcher.register("first time", first, once=False)
                dispatcher.register("news", first, once=False)
            return 4

    assert called(dispatcher, Event(Slow("news"))) == ["on_news"]
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

    dispatcher.register("news", Slow(), once=False)
    dispatcher.register("news", first, once=True)
    assert called(dispatcher, Event("news")) == ["slow", "on_news"]


@pytest.mark.parametrize("function", [None, 5, "print", [print]])
def test_only_a_function_can_be_registered(dispatcher: Dispatcher, function: Any) -> None:
    with pytest.raises(TypeError, match=rf"^what is called for 'x' must be a function, not {type(function).__name__}$"):
        dispatcher.register("x", function, once=False)


@pytest.mark.parametrize("name", [None, 5, b"x", ["x"]])
def test_the_name_of_an_event_must_be_text(dispatcher: Dispatcher, name: Any) -> None:
    check_name("x")
    for wrong in (lambda: check_name(name), lambda: dispatcher.register(name, first, once=False)):
        with pytest.raises(TypeError, match=f"^an event's name must be text, not {type(name).__name__}$"):
            wrong()


# What is found for which notice


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_reserved_name_is_only_an_unknown_event(
    dispatcher: Dispatcher, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    dispatcher.register(name, first, once=False)
    for _ in range(2):
        assert dispatcher.find(Event(name, [1]), None)[1:3] == ((dispatcher.handler.unknown_event,), [name, [1]])
    (record,) = caplog.records
    assert (
        record.getMessage() == f"the server sent an event called {name!r}, a reserved name: only unknown_event gets it"
    )


@pytest.mark.parametrize(
    ("packet", "args", "wants_ack"),
    [
        (Message("text"), [None, "text"], False),
        (Message("text", id=3), [3, "text"], False),
        (Message("text", id=3, wants_data=True), [3, "text"], True),
        (Json([1]), [None, [1]], False),
        (Json([1], id=3, wants_data=True), [3, [1]], True),
        (Event("message", ["one"]), [None, "one"], False),
        (Event("message", [1, 2], id=3), [3, [1, 2]], True),
        (Event("message", []), [None, None], False),
    ],
    ids=repr,
)
def test_messages_are_for_on_message(dispatcher: Dispatcher, packet: Any, args: list[Any], wants_ack: bool) -> None:
    dispatcher.register("message", first, once=True)
    assert dispatcher.find(packet, None) == ("message", [first, dispatcher.handler.on_message], args, wants_ack)
    assert dispatcher.find(packet, None)[1] == [dispatcher.handler.on_message]


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
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_reports_go_to_functions_and_methods(dispatcher: Dispatcher, notice: Any, name: str, args: list[Any]) -> None:
    dispatcher.register(name, first, once=False)
    method = getattr(dispatcher.handler, f"on_{name}")
    assert dispatcher.find(notice, "the channel") == (name, [first, method], args, False)


def test_a_notice_that_is_for_nobody(dispatcher: Dispatcher) -> None:
    assert dispatcher.find(Ended(None), None) == ("", (), [], False)


def test_an_error_of_the_connection_is_for_on_error(dispatcher: Dispatcher) -> None:
    dispatcher.register("error", first, once=True)
    assert dispatcher.functions_for_error() == [first, dispatcher.handler.on_error]
    assert dispatcher.functions_for_error() == [dispatcher.handler.on_error]


@pytest.mark.parametrize(
    ("returned", "args"), [(None, []), ("A", ["A"]), (("A", "B"), ["A", "B"]), ((), []), ([1], [[1]]), (0, [0])]
)
def test_what_is_returned_becomes_values_of_the_ack(returned: Any, args: list[Any]) -> None:
    assert ack_args(returned) == args
