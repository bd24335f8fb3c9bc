"""sioclient call."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["sum", 1, 2], "3\n"),
        (["echo"], "null\n"),
        (["echo", "text"], '"text"\n'),
        (["echo", "[1]", "é"], '[[1], "é"]\n'),
        (["echo", "text", "-r"], "text\n"),
        (["echo", "text", '{"a": 1}', "--raw"], 'text\t{"a": 1}\n'),
    ],
)
def test_the_acknowledgement_is_printed(run, url, words, printed):
    assert run("call", url, *words) == (0, printed, "")


@pytest.mark.parametrize("word", ['{"a": 1', "{'a': \"b\"}", '["x"', "[1, 2"])
def test_mistyped_json_is_sent_as_text_and_told(run, url, word):
    outcome = run("call", url, "echo", word)
    assert (outcome.status, outcome.values) == (0, [word])
    assert outcome.err == f"sioclient: {word} is no JSON, so it is sent as text; --text says that this is meant\n"
    assert run("call", url, "echo", word, "--text").err == ""


@pytest.mark.parametrize("word", ["[info]", "{x}", "[", "{}"])
def test_other_text_is_not_doubted(run, url, word):
    assert run("call", url, "echo", word).err == ""


def test_there_is_a_call_for_each_line(run, url):
    assert run("call", url, "sum", "@-", 100, stdin="1\n2\n").out == "101\n102\n"
    assert run("call", url, "sum", "@-", 100).out == ""


def test_no_acknowledgement_in_time_is_status_4(run, url):
    outcome = run("call", url, "never answered", "--timeout", 0.8)
    assert (outcome.status, outcome.out) == (4, "")
    assert "See --timeout" in outcome.err


def test_a_namespace_is_joined_or_refused(run, url, old_url):
    assert run("call", url, "sum", 1, 2, "-n", "chat").out == "3\n"
    outcome = run("call", url, "sum", 1, 2, "-n", "/no such place")
    assert (outcome.status, outcome.out) == (5, "")
    assert "refused '/no such place'" in outcome.err
    outcome = run("call", old_url, "sum", 1, 2, "-n", "/no such place", "--timeout", 0.3)
    assert (outcome.status, outcome.out) == (4, "")
    assert "no reply for '/no such place'" in outcome.err
