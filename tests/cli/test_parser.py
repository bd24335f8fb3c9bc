"""Words, options and marks; errors of one line; help like a page of a manual."""

from __future__ import annotations

import argparse
import re

import pytest

from sioclient.cli.failures import UsageError
from sioclient.cli.marks import unmarked
from sioclient.cli.parser import Parser, at_least, page, seconds


@pytest.fixture
def parser():
    made = Parser("try", "do a thing", "URL NAME", "What it is.\n", "sioclient try\n")
    made.option("Some", "-x", "--exact", metavar="X", help="exactly")
    made.option("Some", "--retry", if_bare="ever", metavar="[=N]", help="again", values=("1", "2"))
    made.option("Other", "-c", "--count", type=at_least(1), metavar="N", help="how many")
    made.option("Other", "-v", action="count", default=0, help="more")
    return made


def test_words_and_options_come_in_any_order(parser):
    options = parser.parse(["-v", "url", "-x", "1", "name", "--retry", "-v"])
    assert (options.words, options.exact, options.retry, options.v) == (["url", "name"], "1", "ever", 2)


def test_an_optional_value_needs_an_equals_sign(parser):
    assert parser.parse(["--retry", "url", "name"]).retry == "ever"
    assert parser.parse(["--retry=5", "url", "name"]).retry == "5"
    assert parser.parse(["url", "name"]).retry is None
    assert parser.optional == {"--retry": "ever"}
    assert parser.values["retry"] == ("1", "2")


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ([], "URL is missing: sioclient try URL NAME"),
        (["url"], "NAME is missing: sioclient try URL NAME"),
        (["url", "name", "-x"], r"--exact: expected one argument \(see sioclient try --help\)"),
        (["url", "name", "more"], "'more' is one word too many: sioclient try URL NAME"),
        (["url", "name", "--nosuch", "-y"], r"there is no option --nosuch \(see sioclient try --help\)"),
        (["url", "name", "--exa", "1"], r"there is no option --exa: did you mean --exact\? \(see"),
        (["url", "name", "--retyr=3"], r"there is no option --retyr=3: did you mean --retry\? \(see"),
        (["url", "name", "-c", "x"], "--count: must be a whole number, not 'x'"),
        (["url", "name", "-c", "0"], "--count: must be a whole number from 1, not 0"),
        (["url", "name", "--", "-x"], "'-x' is one word too many"),
    ],
)
def test_an_error_is_one_line_that_helps(parser, typed, message):
    with pytest.raises(UsageError, match=message) as caught:
        parser.parse(typed)
    assert "\n" not in str(caught.value)
    assert "\0" not in str(caught.value)


def test_words_that_may_be_left_out_are_not_missed():
    made = Parser("try", "", "URL [EVENT] [ARG...]", "", "")
    assert made.parse(["url"]).words == ["url"]
    assert len(made.parse(["url", *"abcdef"]).words) == 7
    assert Parser("try", "", "", "", "").parse([]).words == []


def test_the_help_has_the_sections_of_a_manual(parser):
    text = parser.format_help()
    titles = [line for line in text.splitlines() if line.isupper() and not line.startswith(" ")]
    assert titles == ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS"]
    assert "  sioclient try - do a thing\n" in text
    assert "  sioclient try URL NAME [OPTION...]\n" in text
    assert re.search("-x(?: X)?, --exact X +exactly", text)  # Python 3.13 names the value once
    assert page(a_b="x\n\ny") == "A B\n  x\n\n  y\n"


@pytest.mark.parametrize(("word", "value"), [("5", 5), ("0.5", 0.5), ("2m", 120), ("1h", 3600), ("3s", 3)])
def test_seconds_may_be_minutes_and_hours(word, value):
    assert seconds(word) == value


@pytest.mark.parametrize("word", ["x", "0", "-1", "inf", "nan", "m", "1d", ""])
def test_what_is_no_number_of_seconds_is_refused(word):
    with pytest.raises(argparse.ArgumentTypeError, match="must be a number of seconds"):
        seconds(word)


def test_a_number_has_a_least_value():
    assert at_least(0, float)("0.5") == 0.5
    assert at_least(0)("\0.7") == 7
    with pytest.raises(argparse.ArgumentTypeError, match="must be a number from 0, not inf"):
        at_least(0, float)("inf")


def test_marks_are_taken_off():
    assert unmarked("a \0.-5 \0b\n") == "a -5 \n"


def test_what_says_something_about_words_is_taken_for_a_word():
    made = Parser("try", "", "URL [ARG...]", "", "")
    made.takes_arguments = True
    typed = ["-b", "@x", "url", "--text", "-5", "-b@y", "--bytes=z", "--json", "w"]
    assert made.parse(typed).words == ["\0b@x", "url", "\0t", "\0.-5", "\0b@y", "\0bz", "\0j", "w"]
    with pytest.raises(UsageError, match="URL is missing"):
        made.parse(["-b", "@x", "--text"])
    with pytest.raises(UsageError, match="-b must be followed"):
        made.parse(["url", "-b"])
