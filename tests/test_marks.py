"""Marks of methods: which event each is for."""

from __future__ import annotations

from typing import Any

import pytest

from sioclient import event
from sioclient.marks import find_events


class Base:
    @event
    def plain(self) -> None: ...

    @event("user:joined")
    def joined(self) -> str:
        return "joined"

    @event("one")
    @event("two")
    @event(3)
    def several(self) -> None: ...

    def unmarked(self) -> None: ...


def test_events_by_the_names_of_marked_methods() -> None:
    assert find_events(Base) == {
        "plain": "plain",
        "user:joined": "joined",
        "3": "several",
        "two": "several",
        "one": "several",
    }
    assert find_events(object) == {}
    assert find_events(Base, object) == find_events(Base)
    assert find_events(Base, Base) == {}


def test_a_marked_method_is_what_it_was() -> None:
    assert Base().joined() == "joined"


def test_a_subclass_overrides_its_bases() -> None:
    class Sub(Base):
        def plain(self) -> None: ...

        @event("user:joined")
        def other(self) -> None: ...

    assert find_events(Sub) == {**find_events(Base), "user:joined": "other"}
    assert find_events(Base)["user:joined"] == "joined"


@pytest.mark.parametrize("name", ["", "a b", "caf\xe9", "__class__", "connect", "5"])
def test_a_name_may_have_any_characters(name: str) -> None:
    marked = type("Marked", (), {"method": event(name)(lambda self: None)})
    assert find_events(marked) == {name: "method"}


@pytest.mark.parametrize("name", [None, True, b"x", ["x"]])
def test_a_name_is_text_or_a_number(name: Any) -> None:
    with pytest.raises(TypeError, match=f"^an event's name must be text or a number, not {type(name).__name__}$"):
        event(name)
