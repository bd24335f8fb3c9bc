import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import LocalProtocolError
from sioclient.protocol.revisions.utf16 import check_pairs, from_units, to_units


@given(st.text())
def test_there_are_as_many_units_as_javascript_counts(text):
    assert len(to_units(text)) == len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(st.text(st.characters(codec="utf-8")))
def test_text_survives_a_round_trip(text):
    assert from_units(to_units(text)) == text


def test_a_surrogate_pair_and_half_of_one():
    assert to_units("a\U0001f600") == "a\ud83d\ude00"
    assert from_units("\ud83d") == "\ud83d"


def test_half_of_a_pair_cannot_be_sent():
    for text in ("", "a", "\xe9\U0001f600"):
        assert check_pairs("a message", text) == text
    with pytest.raises(LocalProtocolError, match="a message cannot hold half of a surrogate pair"):
        check_pairs("a message", "\ud83d")
