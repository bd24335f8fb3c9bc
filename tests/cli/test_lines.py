"""A line with an event, as it is typed in ``connect``."""

from __future__ import annotations

import pytest

from sioclient.cli.failures import UsageError
from sioclient.cli.lines import event_of, values_of


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("subscribe weather", ("subscribe", ["weather"])),
        ("  ready  ", ("ready", [])),
        ('move {"x": 1, "y": [2, 3]} fast', ("move", [{"x": 1, "y": [2, 3]}, "fast"])),
        ("'user message' 'hello world'", ("user message", ["hello world"])),
        ('"user message" "a \\" b" 5 true', ("user message", ['a " b', 5, True])),
        ("say it's {not json} \"open", ("say", ["it's", "{not", "json}", '"open'])),
        ('say {"a": 1}x [1]]', ("say", ['{"a":', "1}x", "[1]]"])),
        ("5 5", ("5", [5])),
        ("true", ("true", [])),
        ("say @@bob", ("say", ["@bob"])),
    ],
)
def test_a_line_is_a_name_and_arguments(line, event):
    assert event_of(line) == event


@pytest.mark.parametrize("line", ["", "  ", "{} x", "[1]", "null", "1.5 x", "-b x"])
def test_a_line_without_a_name_is_an_error(line):
    with pytest.raises(UsageError, match="name"):
        event_of(line)


def test_files_and_bytes_are_arguments(tmp_path):
    (tmp_path / "x").write_bytes(b"[1]")
    assert values_of(f"a @{tmp_path}/x -b @{tmp_path}/x -b") == ["a", [1], b"[1]", "-b"]
    with pytest.raises(UsageError, match="cannot be read"):
        values_of("a @nosuch")
