"""From an event's name to a method, and from its arguments to parameters."""

from __future__ import annotations

import gc
import weakref

import pytest

from sioclient.server.events import MisfitError, call, concurrent, event, find_events, takes


class Base:
    @event
    def plain(self, *args):
        return args

    @event("user message")
    @event("said")
    def user_message(self, text):
        return text

    @event
    def login(self, user, password="none"):
        return user, password

    @event
    def keyword(self, *, user):
        return user

    @event
    def pair(self, a, b):
        return a, b

    def unmarked(self):
        raise AssertionError

    @concurrent
    @event
    def beside(self):
        pass


class Sub(Base):
    def plain(self, *args):
        return "sub", *args

    @event("said")
    def other(self, text):
        return text * 2


def test_names():
    names = dict.fromkeys(("plain", "login", "keyword", "pair", "beside"))
    assert find_events(Base) == {
        **{name: name for name in names},
        "user message": "user_message",
        "said": "user_message",
    }
    assert find_events(Sub)["said"] == "other"
    assert find_events(Sub)["plain"] == "plain"
    assert Base.beside.is_concurrent


@pytest.mark.parametrize(
    ("name", "args", "result"),
    [
        ("plain", [], ()),
        ("plain", [{"a": 1}], ({"a": 1},)),
        ("user_message", ["x"], "x"),
        ("user_message", [{"text": 1}], {"text": 1}),
        ("login", [{"user": 1}], ({"user": 1}, "none")),
        ("keyword", [{"user": 1}], 1),
        ("pair", [1, 2], (1, 2)),
        ("pair", [{"a": 1, "b": 2}], (1, 2)),
    ],
)
def test_arguments_that_fit(name, args, result):
    assert call(getattr(Base, name), Base(), args) == result


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("user_message", []),
        ("user_message", [1, 2]),
        ("pair", [1]),
        ("pair", [{"a": 1}]),
        ("pair", [{"a": 1, "b": 2, "c": 3}]),
        ("pair", [{"self": 1, "a": 1, "b": 2}]),
        ("keyword", ["x"]),
    ],
)
def test_arguments_that_do_not_fit(name, args):
    with pytest.raises(MisfitError, match=name):
        call(getattr(Base, name), Base(), args)


def test_what_a_function_takes():
    assert takes(lambda reason: None, "left")
    assert takes(lambda reason=None: None)
    assert not takes(lambda: None, "left")
    assert not takes(lambda reason: None)


def test_what_a_method_takes_is_remembered_without_its_object():
    class Two:
        def closed(self, reason):
            pass

        def ended(self):
            pass

    made = Two()
    assert takes(made.closed, "left")
    assert not takes(made.ended, "left")
    assert takes(made.ended)
    gone = weakref.ref(made)
    del made
    gc.collect()
    assert gone() is None
