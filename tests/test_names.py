from __future__ import annotations

import pytest

from sioclient.names import check_name, is_name, name_text, not_a_name


def test_texts_and_numbers_are_names():
    assert all(map(is_name, ["", "x", 5, 0.5]))
    assert not any(map(is_name, [None, True, b"x", ["x"]]))
    assert str(not_a_name(None)) == "an event's name must be text or a number, not NoneType"


@pytest.mark.parametrize(("name", "text"), [("x", "x"), ("5", "5"), (5, "5"), (5.0, "5"), (-1, "-1"), (0.5, "0.5")])
def test_a_number_has_the_text_that_javascript_gives_it(name, text):
    assert name_text(name) == text


def test_a_name_is_checked_and_made_text():
    assert (check_name("x"), check_name(5), check_name(5.0)) == ("x", "5", "5")
    with pytest.raises(TypeError, match=r"^an event's name must be text or a number, not bool$"):
        check_name(True)
