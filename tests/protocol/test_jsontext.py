from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import LocalProtocolError
from sioclient.protocol.jsontext import JsonText, json_text

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=20,
)

ASCII = "".join(map(chr, range(128)))
RAW = SimpleNamespace(dumps=lambda value: json.dumps(value, ensure_ascii=False), loads=json.loads)
BYTES = SimpleNamespace(dumps=lambda value: json.dumps(value, ensure_ascii=False).encode(), loads=json.loads)


@given(JSON_VALUES)
def test_what_is_written_is_ascii_and_reads_as_it_was(value):
    text = JsonText().write(value)
    assert text.isascii()
    assert JsonText().read(text) == value


@given(JSON_VALUES)
@pytest.mark.parametrize("module", [RAW, BYTES], ids=["text", "bytes"])
def test_a_module_that_writes_raw_unicode_is_made_ascii(module, value):
    text = JsonText(module).write(value)
    assert text.isascii()
    assert JsonText(module).read(text) == value


@pytest.mark.parametrize(
    ("character", "escaped"),
    [("\xe9", r"\u00e9"), ("\u2028", r"\u2028"), ("\uffff", r"\uffff"), ("\U00010000", r"\ud800\udc00"),
     ("\U0001f600", r"\ud83d\ude00"), ("\U0010ffff", r"\udbff\udfff"), ("\ud83d", r"\ud83d")],
)  # fmt: skip
def test_characters_beyond_ascii_are_escaped_as_in_javascript(character, escaped):
    assert JsonText(RAW).write(character) == f'"{escaped}"'
    assert JsonText().write(character) == f'"{escaped}"'


@given(st.lists(st.text(ASCII) | st.text() | st.integers(), min_size=1), st.integers(0, 2))
def test_long_texts_are_written_as_the_standard_library_does(values, position):
    values.insert(position, "".join(map(str, values)) + "x" * 1000)
    assert JsonText().write(values) == json.dumps(values, separators=(",", ":"))


@pytest.mark.parametrize("module", [None, RAW], ids=["default", "other"])
@pytest.mark.parametrize("value", [["x" * 2000, 1], ["\xe9"], {"a": None}], ids=["long", "short", "no list"])
def test_what_stands_before_and_after_a_value_stays_as_it_is(module, value):
    text = json.dumps(value, separators=(",", ":"))
    spaced = text if module is None else JsonText(module).write(value)
    assert JsonText(module).write(value, "5::/\xe9:", "}") == f"5::/\xe9:{spaced}}}"


def test_what_is_in_a_list_beside_a_long_text_must_be_json_too():
    endless = ["x" * 1000]
    endless.append(endless)
    for values in (["x" * 1000, float("nan")], endless):
        with pytest.raises(LocalProtocolError):
            JsonText().write(values)


@pytest.mark.parametrize("module", [None, json], ids=["default", "json"])
def test_the_standard_library_writes_without_spaces(module):
    assert JsonText(module).write({"a": [1, 2.5, None]}) == '{"a":[1,2.5,null]}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_lacks_is_a_local_error(value):
    with pytest.raises(LocalProtocolError, match="not JSON"):
        JsonText().write([value])


def test_a_list_that_holds_itself_is_a_local_error():
    value: list[object] = []
    value.append(value)
    with pytest.raises(LocalProtocolError):
        JsonText().write(value)


def test_a_value_nested_too_deep_to_be_written_is_a_local_error():
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(LocalProtocolError):
        JsonText().write(value)


def test_a_type_that_json_does_not_know_is_a_type_error():
    with pytest.raises(TypeError):
        JsonText().write(object())


def test_numbers_that_gevent_sends_bare_are_read_as_floats():
    assert repr(JsonText().read("[NaN,Infinity,-Infinity]")) == "[nan, inf, -inf]"


@pytest.mark.parametrize("text", ["", "{bad", "[1,]", "undefined", "[" * 100_000, "[1] 2"])
def test_a_text_that_is_not_json_is_a_value_error(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the message is that of the JSON module
        JsonText().read(text)


@pytest.mark.parametrize(
    ("opening", "closing", "levels"),
    [("[", "]", 1), ('{"a":', "}", 1), ('{"a":[', "]}", 2), ('[{"a":', "}]", 2), ('[0,{"]":0,"a":', "},[]]", 2)],
)
def test_512_levels_are_read_and_more_are_not(opening, closing, levels):
    def nested(depth: int) -> str:
        return opening * (depth // levels) + "0" + closing * (depth // levels)

    assert JsonText().read(nested(512))
    with pytest.raises(ValueError, match="deep"):
        JsonText().read(nested(512 + levels))


def test_a_recursion_error_of_a_module_becomes_a_value_error():
    def loads(text: str) -> None:
        raise RecursionError

    with pytest.raises(ValueError, match="deep"):
        JsonText(SimpleNamespace(dumps=json.dumps, loads=loads)).read("[]")


def test_digits_in_text_are_no_number():
    assert JsonText().read('"' + "1" * 2000 + '"') == "1" * 2000


def test_brackets_beside_each_other_or_in_text_are_no_levels():
    values = [[] for _ in range(1000)] + ["[{" * 1000, "\\", '"[' * 1000, "\n"]
    assert JsonText().read(JsonText().write(values)) == values


def test_an_integer_is_read_up_to_the_interpreters_limit():
    assert JsonText().read("1" * 1000) == int("1" * 1000)
    with pytest.raises(ValueError):  # noqa: PT011 - the message is that of the JSON module
        JsonText().read("1" * 5000)


@pytest.mark.parametrize("module", [None, RAW], ids=["default", "other"])
@pytest.mark.parametrize(
    "values", [["é" * 9], ["a", "b"], ["\\n"], ['"'], [], [[""]], ["x", 1], {"a": "b"}, "["], ids=repr
)
def test_a_long_text_is_read_as_a_short_one_is(module, values):
    text = json.dumps(values, ensure_ascii=False) + "}"
    assert (
        JsonText(module).read_within_long("5" + text, 1) == JsonText().read_within("5" + text, 1) == (values, len(text))
    )


@given(st.lists(st.text() | st.integers(), max_size=3), st.text('[]",{}a\\\n', max_size=9), st.integers(0, 9))
def test_a_long_text_with_anything_in_it_is_read_as_a_short_one(values, junk, place):
    text = json.dumps(values, ensure_ascii=False)
    text = text[:place] + junk + text[place:]
    outcomes = []
    for read in (JsonText().read_within_long, JsonText().read_within):
        try:
            outcomes.append(read(text + "}", 0))
        except (ValueError, StopIteration) as error:
            outcomes.append(type(error))
    # What is read is followed by a brace, or the frame is read anew.
    long, short = (outcome if isinstance(outcome, type) or outcome[1] == len(text) else None for outcome in outcomes)
    assert long == short


def test_long_texts_are_read_whole():
    for values in (["news", "x" * 9000], ["x" * 9000 + "\n"], ["a", "é" * 9000, "b"]):
        assert JsonText().read(json.dumps(values, ensure_ascii=False)) == values


@pytest.mark.parametrize("place", [0, 16_383, 16_384, 16_385, 32_767, 32_768, 39_999])
@pytest.mark.parametrize("character", ["\n", "\0", "\x1f"])
def test_a_mistake_is_found_anywhere_in_a_long_text(place, character):
    text = "x" * place + character + "x" * (40_000 - place)
    with pytest.raises(ValueError, match="control character"):
        JsonText().read_within_long(f'["{text}"]}}', 0)


@pytest.mark.parametrize("text", ['["\n"]}', '["\x00"]}', '["\\x"]}', '["', '["x', '["]}'], ids=repr)
def test_a_long_text_that_is_not_json_is_found_out_too(text):
    with pytest.raises((ValueError, StopIteration)):
        JsonText().read_within_long(text, 0)


def test_without_the_part_in_c_it_writes_the_same(monkeypatch):
    monkeypatch.setattr("sioclient.protocol.jsontext.c_make_encoder", None)
    assert JsonText().write({"name": "é", "args": [1, None]}) == '{"name":"\\u00e9","args":[1,null]}'
    with pytest.raises(LocalProtocolError):
        JsonText().write(float("nan"))


@pytest.mark.parametrize("rest", ['"' + '\\"' * 10**6, '"' * 10**6, '"' + "\\" * 10**6])
def test_a_text_made_to_take_long_does_not(rest):
    # Trying every quote as the beginning of a string takes hours for these: the time-out of the test would tell.
    with pytest.raises(ValueError, match=r"nested|Expecting|Unterminated|escape"):
        JsonText().read("[" * 600 + rest)


def test_a_module_may_write_bytes():
    module = SimpleNamespace(dumps=lambda value: json.dumps(value, ensure_ascii=False).encode(), loads=json.loads)
    assert JsonText(module).write(["é"]) == '["\\u00e9"]'


@pytest.mark.parametrize("module", [None, RAW])
def test_a_value_within_a_text_is_read_without_what_is_around_it(module):
    assert JsonText(module).read_within("5:::[1,2]}", 4) == ([1, 2], 9)


def test_it_is_known_whether_a_module_refuses_bytes():
    assert JsonText().refuses_bytes
    assert not JsonText(SimpleNamespace(dumps=lambda value: "null", loads=json.loads)).refuses_bytes


class Loose:
    """A JSON module that writes what is not JSON."""

    def dumps(self, value):
        if value == ["Infinity"]:
            raise OverflowError("too large")
        return json.dumps(value)

    loads = staticmethod(json.loads)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), {"NaN": [1, float("nan")]}])
def test_bare_nan_of_a_module_of_the_users_is_refused(value):
    with pytest.raises(LocalProtocolError, match="NaN and Infinity"):
        JsonText(Loose()).write([value])


@pytest.mark.parametrize("value", ["NaN", '"NaN"', "-Infinity\\", {"Infinity": '\\"NaN'}])
def test_nan_in_a_text_is_no_nan(value):
    assert json.loads(JsonText(Loose()).write([value])) == [value]


def test_overflow_of_a_module_of_the_users_is_no_json():
    with pytest.raises(LocalProtocolError, match="too large"):
        JsonText(Loose()).write(["Infinity"])


def test_all_connections_share_the_usual_one():
    assert json_text() is json_text(None)
    assert json_text(json) is not json_text()
