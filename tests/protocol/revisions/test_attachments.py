from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import LocalProtocolError
from sioclient.protocol.revisions.attachments import put_together, take_apart

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda key: key != "_placeholder"), inner),
    max_leaves=20,
)


@given(VALUES)
def test_values_survive_a_round_trip(value):
    taken, found = take_apart(value)
    assert put_together(taken, found) == value


def test_bytes_of_every_kind_are_taken_out_in_order():
    value = {"a": [b"1", (bytearray(b"2"),)], "b": memoryview(b"3"), "c": 4}
    taken, found = take_apart(value)
    assert found == [b"1", b"2", b"3"]
    assert taken == {
        "a": [{"_placeholder": True, "num": 0}, [{"_placeholder": True, "num": 1}]],
        "b": {"_placeholder": True, "num": 2},
        "c": 4,
    }
    assert value["a"][0] == b"1"


def test_a_value_that_contains_itself_is_an_error():
    value = []
    value.append(value)
    with pytest.raises(LocalProtocolError, match="contains itself"):
        take_apart(value)


@pytest.mark.parametrize("number", [-1, 1, None, "0", True, 0.0, 10**30])
def test_a_placeholder_without_attachment_is_an_error(number):
    with pytest.raises(ValueError, match="without its attachment"):
        put_together([{"_placeholder": True, "num": number}], [b"x"])


def test_a_value_that_only_resembles_a_placeholder_stays():
    value = [{"_placeholder": 1, "num": 0}, {"_placeholder": False}, {"num": 0}]
    assert put_together(value, [b"x"]) == value


def test_a_value_may_be_a_placeholder_or_nested_deeply():
    assert put_together({"_placeholder": True, "num": 0}, [b"x"]) == b"x"
    assert put_together(5, []) == 5
    value = deepest = []
    for _ in range(100_000):
        deepest.append([])
        deepest = deepest[0]
    deepest.append({"_placeholder": True, "num": 0})
    put_together(value, [b"x"])
    assert deepest == [b"x"]
    while isinstance(value[0], list):  # or freeing it would be a deep recursion
        value = value.pop()
