from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sioclient.errors import LocalProtocolError
from sioclient.protocol.framing import PING_MARK, Pong
from sioclient.protocol.jsontext import MOST_LEVELS, JsonText
from sioclient.protocol.packets import (
    MAX_ID,
    Ack,
    Connect,
    Disconnect,
    Error,
    Event,
    Heartbeat,
    Json,
    Malformed,
    Message,
    Noop,
    Packet,
)
from sioclient.protocol.revisions.packets1 import PacketCodec

CODEC = PacketCodec(JsonText())

TEXT = st.text() | st.text('\ufffd\u2028\n\r\0:+/"\\\U0001f600\U0010ffff09')
ENDPOINTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters=":"))
QUERIES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]))
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda values: st.lists(values) | st.dictionaries(TEXT, values),
    max_leaves=20,
)
ARGS = st.lists(JSON_VALUES, max_size=4)
ID = st.none() | st.integers(1, MAX_ID) | st.sampled_from([1, MAX_ID])
# Codes are read as words, and gevent-socketio puts the endpoint behind a code and a slash.
WORDS = st.sampled_from(
    ["", "unauthorized", "client not handshaken", "transport not supported", "undefined", "-1", "9"]
)
REASONS = WORDS | st.text("abc: \xe9\U0001f600")


@st.composite
def asking(draw, kind, *fields):
    """A packet that may carry an id; only one with an id can want data."""
    values = [draw(field) for field in fields]
    number = draw(ID)
    return kind(*values, id=number, wants_data=number is not None and draw(st.booleans()))


PACKETS = {
    "disconnect": st.builds(Disconnect, ENDPOINTS),
    "connect": asking(Connect, ENDPOINTS, QUERIES),
    "heartbeat": st.builds(Heartbeat),
    "message": asking(Message, TEXT, ENDPOINTS),
    "json": asking(Json, JSON_VALUES, ENDPOINTS),
    "event": asking(Event, TEXT, ARGS, ENDPOINTS),
    "ack": st.builds(Ack, st.integers(0, MAX_ID), ARGS, ENDPOINTS),
    "error": st.builds(Error, REASONS, st.sampled_from(["", "reconnect"]), ENDPOINTS),
    "noop": asking(Noop, ENDPOINTS),
}


@pytest.mark.parametrize("kind", PACKETS)
@given(data=st.data())
def test_every_packet_survives_a_round_trip(kind, data):
    packet = data.draw(PACKETS[kind])
    assert CODEC.decode(CODEC.encode(packet)) == packet


def problem(frame: str) -> str:
    packet = CODEC.decode(frame)
    assert isinstance(packet, Malformed)
    assert packet.text == frame
    return packet.problem


# Encoding


@given(asking(Json, JSON_VALUES) | asking(Event, TEXT, ARGS))
def test_json_is_written_in_ascii(packet):
    assert CODEC.encode(packet).isascii()


@given(st.integers(0, MAX_ID), ARGS)
def test_an_ack_holds_one_plus_before_its_arguments(number, args):
    frame = CODEC.encode(Ack(number, args))
    assert frame.isascii()
    assert frame.count("+") == (1 if args else 0)
    assert CODEC.decode(frame) == Ack(number, args)


@pytest.mark.parametrize(
    ("args", "frame"),
    [
        (["a+b"], r'6:::1+["a\u002bb"]'),
        ([1e20], "6:::1+[1e20]"),
        (['"+\\', 1e300, "++"], r'6:::1+["\"\u002b\\",1e300,"\u002b\u002b"]'),
        ([{"a+": "\\"}], r'6:::1+[{"a\u002b":"\\"}]'),
    ],
)
def test_other_pluses_in_an_ack_are_escaped_or_left_out(args, frame):
    assert CODEC.encode(Ack(1, args)) == frame


@given(ARGS)
def test_an_ack_by_another_json_module_holds_one_plus(args):
    module = SimpleNamespace(dumps=lambda value: json.dumps(value, ensure_ascii=False), loads=json.loads)
    codec = PacketCodec(JsonText(module))
    frame = codec.encode(Ack(1, args))
    assert frame.count("+") == (1 if args else 0)
    assert codec.decode(frame) == Ack(1, args)


@pytest.mark.parametrize("endpoint", ["/a:b", ":", "/a\nb", "/a\0", "\x7f", "/\ud83d"])
@pytest.mark.parametrize(
    "make",
    [
        Disconnect,
        Connect,
        lambda endpoint: Message("x", endpoint),
        lambda endpoint: Json(1, endpoint),
        lambda endpoint: Event("e", [], endpoint),
        lambda endpoint: Ack(1, [], endpoint),
        lambda endpoint: Error("", "", endpoint),
        Noop,
    ],
)
def test_a_bad_endpoint_is_refused_in_every_packet(make, endpoint):
    with pytest.raises(LocalProtocolError, match="an endpoint cannot hold"):
        CODEC.encode(make(endpoint))


def test_an_endpoint_must_be_text():
    with pytest.raises(TypeError, match="must be text such as '/chat', not int"):
        CODEC.encode(Message("x", 5))  # type: ignore[arg-type]


@pytest.mark.parametrize("query", ["?a=b\r\nX: y", "?\0", "?\x7f"])
def test_a_query_cannot_hold_a_control_character(query):
    with pytest.raises(LocalProtocolError, match="a query cannot hold"):
        CODEC.encode(Connect("/chat", query))


@pytest.mark.parametrize("packet", [Message("\ud83d"), Connect("/chat", "?\udc00"), Error("\ud83d")])
def test_half_of_a_surrogate_pair_cannot_be_sent_raw(packet):
    with pytest.raises(LocalProtocolError, match="surrogate"):
        CODEC.encode(packet)


def test_half_of_a_surrogate_pair_can_be_sent_in_json():
    assert CODEC.encode(Json("\ud83d")) == r'4:::"\ud83d"'


@pytest.mark.parametrize("number", [0, -1, MAX_ID + 1, True, 1.0, "1"])
@pytest.mark.parametrize("packet", [Connect("/chat"), Message("x"), Json(1), Event("e"), Noop()])
def test_an_id_must_be_a_whole_number_from_1(packet, number):
    with pytest.raises(LocalProtocolError, match="an id must be a whole number"):
        CODEC.encode(replace(packet, id=number))


@pytest.mark.parametrize("number", [None, -1, MAX_ID + 1, True, "1"])
def test_an_ack_needs_the_id_of_a_packet(number):
    with pytest.raises(LocalProtocolError, match="an id must be a whole number"):
        CODEC.encode(Ack(number))


def test_a_packet_with_the_id_0_gets_its_ack():
    assert CODEC.encode(Ack(0)) == "6:::0"


@pytest.mark.parametrize("data", [None, 5, b"x", ["x"]])
def test_a_message_must_be_text(data):
    with pytest.raises(TypeError, match="a message must be text"):
        CODEC.encode(Message(data))


@pytest.mark.parametrize("packet", [Event("x", [{"a": b"1"}]), Json([b"1"]), Ack(1, [bytearray(b"1")])])
def test_bytes_are_named(packet):
    with pytest.raises(LocalProtocolError, match="has no bytes: send text"):
        CODEC.encode(packet)


def test_what_is_neither_json_nor_bytes_is_named_by_its_type():
    with pytest.raises(TypeError, match="set"):
        CODEC.encode(Json({1}))


@pytest.mark.parametrize("name", [None, True, b"x"])
def test_the_name_of_an_event_must_be_text_or_a_number(name):
    with pytest.raises(TypeError, match="name must be text or a number"):
        CODEC.encode(Event(name))


def test_a_number_as_a_name_is_sent_as_text():
    assert CODEC.encode(Event(5, ["x"])) == '5:::{"name":"5","args":["x"]}'
    assert CODEC.encode(Event(5.0)) == '5:::{"name":"5"}'


def test_a_value_that_json_lacks_is_a_local_error():
    with pytest.raises(LocalProtocolError):
        CODEC.encode(Event("e", [float("nan")]))


def test_an_event_without_arguments_has_no_list_of_them():
    assert CODEC.encode(Event("e")) == '5:::{"name":"e"}'


@pytest.mark.parametrize("reason", ["a+b", "+", "a+", "+0"])
def test_a_reason_with_a_plus_is_no_advice(reason):
    assert CODEC.decode(CODEC.encode(Error(reason))) == Error(reason)


# Decoding


@given(st.text() | st.text('0123456789:+/"[]{}\ufffd\n\U0001f600a') | st.from_regex(r"[0-8]:[0-9]*\+?:[^:]*(:.*)?"))
def test_no_text_makes_the_decoder_raise(text):
    packet = CODEC.decode(text)
    assert isinstance(packet, (Packet, Malformed))


@given(st.binary())
def test_a_binary_frame_is_malformed(data):
    packet = CODEC.decode(data)
    assert isinstance(packet, Malformed)
    assert "binary" in packet.problem


@given(st.sampled_from("45"), st.text('[]{}:,"\\0123456789.eE+-truefalsn\ud83d ', max_size=30))
def test_no_json_makes_the_decoder_raise(kind, text):
    assert isinstance(CODEC.decode(f"{kind}:::{text}"), (Json, Event, Malformed))


@pytest.mark.parametrize("frame", ["4:::" + "[" * 100_000, "4:::" + "9" * 100_000, '5:::{"name":' + "[" * 100_000])
def test_json_that_python_refuses_is_malformed(frame):
    assert problem(frame)


def test_only_the_beginning_of_a_binary_frame_is_kept():
    assert len(CODEC.decode(bytes(10_000)).text) < 1000


@pytest.mark.parametrize("number", [1, MAX_ID])
def test_an_id_up_to_two_to_the_53_is_read(number):
    assert CODEC.decode(f"3:{number}::x") == Message("x", id=number)
    assert CODEC.decode(f"6:::{number}") == Ack(number)


LARGER_IDS = [str(MAX_ID + 1), "9" * 19, "9" * 20, "9" * 5000]


@pytest.mark.parametrize("digits", LARGER_IDS, ids=len)
def test_a_larger_id_of_a_packet_is_malformed(digits):
    assert problem(f"3:{digits}::x")


@pytest.mark.parametrize("digits", LARGER_IDS, ids=len)
def test_a_larger_id_in_an_ack_is_malformed(digits):
    assert problem(f"6:::{digits}")


def test_an_id_of_0_is_read_as_one():
    assert CODEC.decode("3:0::x") == Message("x", id=0)


@pytest.mark.parametrize("frame", ["3:\u0661::x", "6:::\u0661", "\u0663:::x"])
def test_only_ascii_digits_are_digits(frame):
    assert problem(frame)


def test_a_malformed_packet_names_its_problem():
    assert problem("garbage") == "not a packet"
    assert problem("3:99999999999999999999::x") == "an id that is too large"
    assert problem("5:::[1]") == "an event without a name"
    assert problem("6:::x") == "an ack without the id of a packet"


@pytest.mark.parametrize(
    ("frame", "packet"),
    [
        ("7:::2+0/chat", Error("unauthorized", "reconnect", "/chat")),
        ("7:::/chat", Error("", "", "/chat")),
        ("7:::see http://a/b", Error("see http://a/b")),
        ("7::/chat:see /b", Error("see /b", "", "/chat")),
        ("7:::\u0662", Error("\u0662")),
        ("7:::3+1", Error("3", "1")),
        ("7::/chat:not allowed+reconnect", Error("not allowed", "reconnect", "/chat")),
        ("7:::a+b+0", Error("a+b", "reconnect")),
    ],
)
def test_errors_are_read_in_every_form_that_servers_send(frame, packet):
    assert CODEC.decode(frame) == packet


def test_a_plus_without_an_id_asks_for_nothing():
    assert CODEC.decode("3:+::hi") == Message("hi", id=None, wants_data=False)


@pytest.mark.parametrize("data", ["1", "1+", "1+{bad", "1+" + "[" * 100_000, "1+null"], ids=lambda data: data[:10])
def test_an_ack_with_unreadable_arguments_has_none(data):
    assert CODEC.decode(f"6:::{data}") == Ack(1)


@pytest.mark.parametrize(("data", "args"), [('1+["a",2]', ["a", 2]), ('1+"a"', ["a"]), ('1+{"a":1}', [{"a": 1}])])
def test_ack_data_that_is_no_list_is_one_argument(data, args):
    assert CODEC.decode(f"6:::{data}") == Ack(1, args)


# The fast ways of reading find the same as the slow one


EVENT_NAMES = st.sampled_from(["news", "a", "é", 'q"uote', "message", ',"args":['])
ARGUMENTS = st.recursive(st.one_of(st.none(), st.integers(), st.text(max_size=5)), st.lists, max_leaves=5)
EVENTS = st.builds(
    lambda head, name, args, tail: f'{head}{{"name":{json.dumps(name)},"args":{json.dumps(args)}}}{tail}',
    st.sampled_from(["5:::", "5:::", "5::/chat:", "5:1+::", "5:2::", "4:::", "5::/a", ""]),
    EVENT_NAMES,
    st.one_of(st.lists(ARGUMENTS, max_size=3), st.lists(ARGUMENTS, max_size=3), ARGUMENTS),
    st.sampled_from(["", "", "", " ", "}", ",", '\n{"name":"x"}']),
)
ODD = st.sampled_from(
    [
        '5:::{"name":"news","args":[1]',
        '5:::{"name":"news","args":[1]]',
        '5:::{"name":"news","args":[1],"args":[2]}',
        '5:::{"name":"news","args":[1],"name":"other"}',
        '5:::{"args":[0],"name":"news","args":[1]}',
        '5:::{"x":{"y":1},"name":"news","args":[1]}',
        '5:::{"name":"news","args":["' + "x" * 600 + '"]}',
        '5:::{"name":"news","args":' + "[" * 600 + "]" * 600 + "}",
        '5:::{"name":"news","args":[' + "[]," * 600 + "1]}",
        '5:::{"name":"news","args":[NaN,-1e400]}',
        '5:::{"name":"news","args":["' + chr(0xD800) + '"]}',
        '5:::{"name":1,"args":[1]}',
        '5:::,"args":[1]}',
        "6:::12+[1]",
        "6:::12+[1",
        '6:::12+["a"] ',
        "6:::12+[[],{}]",
        "6:::9007199254740993+[1]",
        "6:::12",
        "6::/chat:12+[1]",
        "6:::12+" + "[" * 600 + "]" * 600,
        b"5:::{}",
        "",
    ]
)


@example(['5:::{"no name":"x","args":[1]}'] * 2, None)
@given(
    st.lists(st.one_of(EVENTS, EVENTS, ODD), max_size=8),
    st.sampled_from([None, SimpleNamespace(dumps=json.dumps, loads=json.loads)]),
)
def test_the_fast_ways_read_the_same_as_the_slow_one(frames, module):
    codec, others = PacketCodec(JsonText(module)), PacketCodec(JsonText(module))
    expected = [repr(PacketCodec(JsonText())._decode_any(frame)) for frame in frames]
    for _ in range(2):  # the second time, the codec knows the beginnings of the events
        assert [repr(packet) for packet in codec.decode_all(frames)] == expected
        assert [repr(others.decode(frame)) for frame in frames] == expected


@pytest.mark.parametrize("args", [["x" * 9000], ["x" * 9000 + '"\\\n\0'], ["é" * 9000, 1], [["x" * 9000], {"a": "b"}]])
def test_a_long_event_is_read_as_it_was_written(args):
    codec = PacketCodec(JsonText())
    for _ in range(2):  # the second time, its beginning is known
        assert codec.decode(codec.encode(Event("news", args))) == Event("news", args)


def test_a_long_event_may_have_many_brackets_but_not_nest_them():
    codec = PacketCodec(JsonText())
    many, deep = "[]," * MOST_LEVELS + "1", "[" * MOST_LEVELS + "]" * MOST_LEVELS
    for _ in range(2):  # the second time, its beginning is known
        assert codec.decode(f'5:::{{"name":"e","args":[{many}]}}') == Event("e", [*([] for _ in range(MOST_LEVELS)), 1])
        nested = codec.decode(f'5:::{{"name":"e","args":[{deep}]}}')
        assert isinstance(nested, Malformed)
        assert "deep" in nested.problem


def test_the_pong_of_a_fence_is_an_ack():
    assert CODEC.decode(Pong(PING_MARK + b"12")) == Ack(12)
    for payload in (PING_MARK, PING_MARK + b"x", PING_MARK + b"1" * 99, b"else"):
        assert isinstance(CODEC.decode(Pong(payload)), Malformed)
    assert isinstance(CODEC.decode(PING_MARK + b"12"), Malformed)  # bytes that only look like one


def test_the_memory_for_names_is_bounded():
    codec = PacketCodec(JsonText())
    names = ["é" * 300, *(f"name {number}" for number in range(200))]
    for name in names + names:
        assert codec.encode(Event(name)) == f'5:::{{"name":{json.dumps(name)}}}'
    assert len(codec._names) == 100


def test_the_memory_for_beginnings_is_bounded():
    codec = PacketCodec(JsonText())
    for number in range(1500):
        assert codec.decode(f'5:::{{"name":"n{number}","args":[1]}}') == Event(f"n{number}", [1])
    assert len(codec._heads) == 1000


def test_an_ack_with_text_behind_its_values_has_none():
    codec = PacketCodec(JsonText())
    assert codec.decode("6:::1+[1]") == Ack(1, [1])
    assert codec.decode("6:::1+[1] x") == codec.decode("6:::1+[1]x") == Ack(1)


@pytest.mark.parametrize("module", [None, SimpleNamespace(dumps=json.dumps, loads=json.loads)])
def test_other_fields_of_an_event_are_ignored(module):
    codec = PacketCodec(JsonText(module))
    assert codec.decode('5:::{"name":"n","args":[1]}') == Event("n", [1])
    assert codec.decode('5:::{"name":"n","args":[1],"more":2}') == Event("n", [1])
