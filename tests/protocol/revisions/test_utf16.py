from hypothesis import given
from hypothesis import strategies as st

from sioclient.protocol.revisions.utf16 import from_units, to_units


@given(st.text())
def test_there_are_as_many_units_as_javascript_counts(text):
    assert len(to_units(text)) == len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(st.text(st.characters(codec="utf-8")))
def test_text_survives(text):
    assert from_units(to_units(text)) == text


def test_a_pair_and_half_of_one():
    assert to_units("a\U0001f600") == "a\ud83d\ude00"
    assert from_units("\ud83d") == "\ud83d"
