"""Which functions can be called, with how many arguments, and what is said if one could not."""

from __future__ import annotations

import functools
import gc
import inspect
import threading
import types
import weakref
from collections.abc import AsyncIterator, Callable
from typing import Any
from unittest.mock import AsyncMock

import pytest

from sioclient.fronts.dispatch import Dispatcher
from sioclient.fronts.functions import ack_args, check_function, explained, spread, takes_argument
from sioclient.handler import Handler

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


@pytest.mark.parametrize(
    ("function", "takes"),
    [
        (none, False),
        (one, True),
        (one_or_two, True),
        (any_number, True),
        (lambda *, reason=None: None, False),
        (Methods().one, True),
        (threading.Event().set, False),
        (functools.partial(one, 1), False),
        (functools.partial(two, 1), True),
    ],
)
def test_who_takes_an_argument(function: Callable[..., Any], takes: bool) -> None:
    assert takes_argument(function) is takes


# What can be called


async def coroutine() -> None: ...
async def generator() -> AsyncIterator[int]:
    yield 1


class Awaited:
    async def method(self) -> None: ...
    async def __call__(self) -> None: ...


COROUTINE_FUNCTIONS = [
    coroutine,
    generator,
    functools.partial(coroutine),
    functools.partial(functools.partial(coroutine)),
    Awaited().method,
    Awaited(),
    AsyncMock(),
]


@pytest.mark.parametrize("function", COROUTINE_FUNCTIONS, ids=title)
def test_a_coroutine_function_is_refused_with_a_hint(function: Any) -> None:
    for refused in (
        lambda: Dispatcher(Handler()).register("x", function),
        lambda: check_function("callback", function),
    ):
        with pytest.raises(TypeError, match=r"must be a plain function, not a coroutine function.*hand it to a loop"):
            refused()
    check_function("callback", function, awaits=True)


@pytest.mark.skipif(not hasattr(inspect, "markcoroutinefunction"), reason="Python 3.12 came with such marks")
def test_a_function_that_is_marked_as_a_coroutine_function_is_refused() -> None:
    marked = inspect.markcoroutinefunction(lambda: None)
    with pytest.raises(TypeError, match="coroutine function"):
        check_function("callback", marked)


@pytest.mark.parametrize("function", [print, list, lambda: None, Methods().one, Methods(), functools.partial(one, 1)])
def test_any_other_function_can_be_called(function: Any) -> None:
    check_function("callback", function)


@pytest.mark.parametrize("other", [None, 5, "print", [print]])
def test_what_cannot_be_called_is_refused(other: Any) -> None:
    with pytest.raises(TypeError, match=r"^callback must be a function, not "):
        check_function("callback", other)


def caught(function: Callable[..., Any], args: list[Any]) -> BaseException:
    """Return what a call raises, as it is explained."""
    try:
        function(*args)
    except Exception as error:
        return explained(error, function, args)
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize(
    ("function", "args", "text"),
    [
        (one, [1, "b"], "one was called with 1, 'b': one() takes 1 positional argument but 2 were given"),
        (one, [], "one was called with no arguments: one() missing 1 required positional argument: 'a'"),
        (
            functools.partial(one, 1),
            [2],
            "one was called with 1, 2: one() takes 1 positional argument but 2 were given",
        ),
        (Methods().one, [1, 2], "Methods.one was called with 1, 2: Methods.one() takes 2 positional"),
        (
            types.SimpleNamespace(),
            [],
            "namespace() was called with no arguments: 'types.SimpleNamespace' object is not",
        ),
    ],
)
def test_wrong_arity_says_what_the_function_was_called_with(
    function: Callable[..., Any], args: list[Any], text: str
) -> None:
    error = caught(function, args)
    assert isinstance(error, TypeError)
    assert str(error).startswith(text)
    assert isinstance(error.__cause__, TypeError)


def test_the_explanation_has_its_limits() -> None:
    text = str(caught(one, ["x" * 10_000, 1]))
    assert len(text) < 600
    assert text.endswith("one() takes 1 positional argument but 2 were given")


def test_what_a_function_raises_itself_is_left_as_it_is() -> None:
    def fail(kind: type[Exception]) -> None:
        raise kind("mine")

    for kind in (TypeError, KeyError):
        assert caught(fail, [kind]).args == ("mine",)
    never_raised = TypeError("no traceback")
    assert explained(never_raised, fail, []) is never_raised


@pytest.mark.parametrize(
    ("returned", "args"), [(None, []), ("A", ["A"]), (("A", "B"), ["A", "B"]), ((), []), ([1], [[1]]), (0, [0])]
)
def test_what_is_returned_becomes_values_of_the_ack(returned: Any, args: list[Any]) -> None:
    assert ack_args(returned) == args
