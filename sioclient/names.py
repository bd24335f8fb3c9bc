"""The names of events. This module imports nothing, so that marking a method loads nothing else."""

from __future__ import annotations

from typing import Union

Name = Union[str, int, float]
"""The name of an event. In JavaScript, a number is a name like any other, and 5 and "5" are the same one."""


def is_name(value: object) -> bool:
    """Return whether an event can have this name: a text, or a number."""
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def name_text(name: Name) -> str:
    """Return the text of a name, under which JavaScript finds its functions: that of 5 and of 5.0 is ``5``."""
    if isinstance(name, str):
        return name
    return str(int(name)) if isinstance(name, float) and name.is_integer() else str(name)


def not_a_name(value: object) -> TypeError:
    """Return the error for what cannot be the name of an event."""
    return TypeError(f"an event's name must be text or a number, not {type(value).__name__}")


def check_name(name: Name) -> str:
    """Return what an event is called as text, or raise TypeError: JavaScript has numbers as names, too."""
    if not is_name(name):
        raise not_a_name(name)
    return name_text(name)
