"""What users subclass, and the way from an event's name to a function."""

from __future__ import annotations

import functools
import gc
import inspect
import logging
import types
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from sioclient.handler import LIFECYCLE, RESERVED, Handler, method_name, spread

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
def test_no_event_reaches_what_reports_on_the_connection(event: str) -> None:
    assert method_name(event) is None


@pytest.mark.parametrize("event", ["_private", "__init__", " leading", "_", " ", "__class__", "__getattribute__"])
def test_no_event_reaches_a_name_with_an_underscore_before_it(event: str) -> None:
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


def test_every_hook_of_the_base_class_but_on_message_is_out_of_reach() -> None:
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
def test_a_lone_list_is_spread_over_just_that_many_arguments(function: Callable[..., Any], items: list[Any]) -> None:
    assert spread(function, [items]) == items
    assert spread(function, [items]) == items  # what was counted before is counted alike


@pytest.mark.parametrize(("function", "items"), WHOLE, ids=title)
def test_a_lone_list_stays_whole_otherwise(function: Callable[..., Any], items: list[Any]) -> None:
    assert spread(function, [items]) == [items]
    assert spread(function, [items]) == [items]


@pytest.mark.parametrize("args", [[], [1], [1, 2], [[1, 2], 3], [(1, 2)], ["ab"], [{"a": 1, "b": 2}], [None]])
def test_only_a_list_that_is_alone_is_spread(args: list[Any]) -> None:
    assert spread(two, args) == args


def test_functions_that_say_they_are_equal_are_counted_apart() -> None:
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


# What happens by default


@pytest.mark.parametrize(
    ("hook", "args"),
    [
        ("on_connect", [None]),
        ("on_disconnect", []),
        ("on_error", ["reason", "advice"]),
        ("on_message", [1, "text"]),
        ("on_reconnect", [1]),
        ("on_open", ["websocket"]),
        ("on_close", ["reason"]),
        ("on_retry", [1, 0.5]),
        ("unknown_event", ["name", []]),
        ("ack", [1]),
        ("ack", [1, "name", []]),
    ],
)
def test_a_hook_that_is_not_overridden_does_and_answers_nothing(
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
