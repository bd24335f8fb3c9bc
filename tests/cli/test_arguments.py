"""ARG: JSON if it parses, else text; files, lines, bytes."""

from __future__ import annotations

import io
import json
import sys
import time

import pytest

from sioclient.cli.arguments import add_argument_options, argument_lists, read_values, split_words
from sioclient.cli.failures import UsageError
from sioclient.cli.parser import Parser


@pytest.fixture
def typed():
    """Return the arguments that words mean, as they are typed behind a URL and an event."""

    def parse(*words):
        parser = Parser("emit", "", "URL EVENT [ARG...]", "", "")
        add_argument_options(parser)
        parser.option("x", "-v", action="count")
        heads, rest = split_words(parser.parse(["url", "event", *words]).words, 2)
        assert heads == ["url", "event"]
        return list(argument_lists(rest))

    return parse


@pytest.mark.parametrize(
    ("word", "value"),
    [
        *(("5", 5), ("-5", -5), ("-.5", "-.5"), ("-5e3", -5000.0), ("1.5", 1.5), ("true", True), ("null", None)),
        *(("hello", "hello"), ("", ""), ("007", "007"), ("NaN", "NaN"), ('"5"', "5"), ("nul", "nul"), ("-", "-")),
        *(('{"a": [1]}', {"a": [1]}), ("[1, 2", "[1, 2"), ('{"$base64": "AP8="}', b"\0\xff"), ("@", "@")),
        *(("@@bob", "@bob"), ("@@-", "@-"), ("é", "é"), ("[" * 100_000, "[" * 100_000)),
    ],
)
def test_a_word_is_json_if_it_parses_else_text(typed, word, value):
    assert typed(word) == [[value]]


def test_words_are_taken_among_options_and_in_order(typed):
    assert typed("1", "-v", "a", "-v", "-2") == [[1, "a", -2]]
    assert typed("--", "-v", "--", "--text") == [["-v", "--", "--text"]]


def test_switches_are_for_what_follows_or_for_all(typed):
    assert typed("--text", "5", "true") == [["5", "true"]]
    assert typed("5", "--text", "5", "--json", "5") == [[5, "5", 5]]
    assert typed("5", "true", "--text") == [["5", "true"]]
    assert typed("5", "[1]", "--json") == [[5, [1]]]
    assert typed("--text", "@@x", "null") == [["@x", "null"]]


@pytest.mark.parametrize("words", [("--json", "hello"), ("hello", "--json")])
def test_text_where_json_must_be_is_an_error(typed, words):
    with pytest.raises(UsageError, match="'hello' is no JSON"):
        typed(*words)


def test_files_hold_arguments(typed, tmp_path):
    (tmp_path / "a.json").write_text('\ufeff{"a": 1}\r\n', encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(b"two\nlines\n\n")
    (tmp_path / "c.png").write_bytes(b"\x89PNG")
    assert typed(f"@{tmp_path}/a.json", f"@{tmp_path}/b.txt") == [[{"a": 1}, "two\nlines\n"]]
    assert typed("--text", f"@{tmp_path}/a.json") == [['{"a": 1}']]
    assert typed("1", "-b", f"@{tmp_path}/c.png", "2") == [[1, b"\x89PNG", 2]]
    assert typed(f"-b@{tmp_path}/c.png", f"--bytes=@{tmp_path}/c.png", "-b", "é") == [[b"\x89PNG"] * 2 + ["é".encode()]]


def test_files_that_cannot_be_read_are_named(typed, tmp_path):
    (tmp_path / "c.png").write_bytes(b"\x89PNG")
    with pytest.raises(UsageError, match=r"@nosuch cannot be read: .*A text that begins with @ is written @@"):
        typed("@nosuch")
    with pytest.raises(UsageError, match="is no text in UTF-8: give -b @"):
        typed(f"@{tmp_path}/c.png")
    with pytest.raises(UsageError, match="-b must be followed by"):
        typed("-b")


def test_the_standard_input_has_an_event_for_each_line(typed, type_in):
    type_in("one\n2\r\n\n" + '{"a":\n  1\n}\n[info] text\n{ {\n"last"')
    assert typed("0", "@-", "z") == [
        [0, value, "z"] for value in ("one", 2, "", {"a": 1}, "[info] text", "{ {", "last")
    ]
    type_in('5\n{"a":\n1}\n')
    assert typed("--text", "@-") == [["5"], ['{"a":'], ["1}"]]
    type_in(b"\0\xff\n")
    assert typed("-b", "@-") == [[b"\0\xff\n"]]
    with pytest.raises(UsageError, match="only once"):
        typed("@-", "@-")


def test_lines_that_are_complete_are_values_at_once(typed, monkeypatch):
    assert list(read_values(["[1]\n", '{"$base64": "?"}\n'])) == [[1], '{"$base64": "?"}']
    monkeypatch.setattr(sys, "stdin", io.StringIO("1\n"))
    assert typed("@-") == [[1]]


def test_a_value_over_many_lines_is_read_in_linear_time():
    text = json.dumps([{"a": number} for number in range(20_000)], indent=1)
    begun = time.perf_counter()
    (value,) = read_values(text.splitlines(keepends=True))
    assert len(value) == 20_000
    assert time.perf_counter() - begun < 5


def test_what_began_like_json_and_did_not_end_is_text():
    assert list(read_values(["{\n", "}}\n", "x\n"])) == ["{", "}}", "x"]
    assert list(read_values(["{\n", '"a": 1}\n'])) == [{"a": 1}]


def test_words_for_bytes_may_come_before_the_name():
    heads, rest = split_words(["\0bx", "url", "\0t", "name", "arg"], 2)
    assert heads == ["url", "name"]
    assert rest == ["\0bx", "\0t", "arg"]
