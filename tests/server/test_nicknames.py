"""Texts and names that people are to see."""

from __future__ import annotations

import pytest

from sioclient.server.nicknames import MOST_MARKS, name_key, tidy, tidy_name


def test_texts_are_cut_and_cleaned():
    assert tidy("  a\x00b\x1b[31mc\u202e\n ", 100) == "ab[31mc"
    assert tidy("x" * 100, 10) == "x" * 10
    assert tidy(None, 10) == "None"
    assert tidy("two\nlines", 100) == "two\nlines"


@pytest.mark.parametrize("text", ["", " \n ", "\u200b", "\u3164", "\u2800 \u2800", "\u0301\u0301", "\ufe0f", "\x00"])
def test_a_text_of_which_nothing_is_seen_is_empty(text):
    assert tidy(text, 100) == tidy_name(text, 100) == ""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("Ada\nLovelace", "Ada Lovelace"),
        ("A\u3164d\u2800a\ufe0f", "Ada"),
        ("e\u0301", "\u00e9"),
        ("a" + "\u0316" * 50, "a" + "\u0316" * MOST_MARKS),
        ("\u0928\u092e\u0938\u094d\u0924\u0947", "\u0928\u092e\u0938\u094d\u0924\u0947"),
        ("\U0001f600", "\U0001f600"),
        ("1234567890123", "123456789012"),
        ("12345678901  3", "12345678901"),
        (7, "7"),
    ],
)
def test_names_have_one_line_and_nothing_that_is_not_seen(text, name):
    assert tidy_name(text, 12) == name


def test_names_that_look_alike_have_the_same_key():
    assert name_key("ADA") == name_key("ada") == name_key("\uff41\uff44\uff41") != name_key("ad")
    assert name_key("Stra\u00dfe") == name_key("STRASSE")
