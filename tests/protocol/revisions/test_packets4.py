"""Limits, errors, and attachments in a bad order, which the vectors do not have."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import LocalProtocolError
from sioclient.protocol.jsontext import JsonText
from sioclient.protocol.packets import (
    MAX_ID,
    Ack,
    Connect,
    Disconnect,
    Error,
    Event,
    Foreign,
    Json,
    Malformed,
    Message,
    Noop,
)
from sioclient.protocol.revisions.attachments import take_apart
from sioclient.protocol.revisions.packets4 import MOST_ATTACHMENTS, MOST_TAKEN, PacketCodec4, check_endpoint

CODEC = PacketCodec4(JsonText(), 1000)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")) | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=8,
)
ARGS = st.lists(VALUES, max_size=3).filter(lambda args: len(take_apart(args)[1]) <= MOST_TAKEN)
ENDPOINTS = st.sampled_from(["", "/chat", "/a space+\u00e9", "/12", "/a:b"])
IDS = st.none() | st.integers(0, MAX_ID)


def through(codec, packet):
    """Return the packet that a reader makes of the text and attachments of a packet."""
    reader = codec.reader()
    text, attachments = codec.encode(packet)
    packets = [reader.text("4" + text, 1), *map(reader.data, attachments)]
    assert packets[:-1] == [Noop()] * len(attachments)
    return packets[-1]


@given(st.text(st.characters(codec="utf-8")), ARGS, ENDPOINTS, IDS)
def test_events_survive_a_round_trip(name, args, endpoint, number):
    codec = PacketCodec4(JsonText(), 2**20)
    packet = Event(name, args, endpoint, number, number is not None)
    assert through(codec, packet) == packet


@given(ARGS, ENDPOINTS, st.integers(0, MAX_ID))
def test_acks_survive_a_round_trip(args, endpoint, number):
    codec = PacketCodec4(JsonText(), 2**20)
    assert through(codec, Ack(number, args, endpoint)) == Ack(number, args, endpoint)


@given(st.text(max_size=30))
def test_any_text_is_a_packet_or_malformed(text):
    CODEC.reader().text(text, 0)


class Generous:
    """Makes text of bytes, as simplejson does."""

    loads = staticmethod(json.loads)

    def dumps(self, obj):
        return json.dumps(obj, default=bytes.decode)


def test_a_json_module_that_writes_bytes_gets_none():
    codec = PacketCodec4(JsonText(Generous()), 1000)
    assert codec.encode(Event("x", [b"1"])) == ('51-["x", {"_placeholder": true, "num": 0}]', [b"1"])
    assert codec.encode(Event("x", [1])) == ('2["x", 1]', [])
    with pytest.raises(TypeError):
        codec.encode(Event("x", [object()]))


def test_messages_are_events():
    assert CODEC.encode(Message("x", "/chat", 1, True)) == ('2/chat,1["message","x"]', [])
    assert CODEC.encode(Json([1])) == ('2["message",[1]]', [])
    assert CODEC.encode(Message("")) == ('2["message",""]', [])


def test_no_object_goes_with_a_request_to_join():
    assert CODEC.join_data(Connect("/chat", "a=b", data={"c": 1})) is None


def test_other_packets():
    assert CODEC.encode(Connect("/chat")) == ("0/chat,", [])
    assert CODEC.encode(Disconnect("/chat")) == ("1/chat,", [])
    assert CODEC.encode(Connect("", data={"a": 1})) == ("0", [])


@pytest.mark.parametrize("endpoint", ["chat", "/a,b", "/a?b", "/a\n", "/a\x7f", "/\ud83d", ""])
def test_a_bad_endpoint_is_refused(endpoint):
    with pytest.raises(LocalProtocolError):
        check_endpoint(endpoint)


def test_a_good_endpoint_is_returned():
    for endpoint in ("/", "/chat", "/a space+\u00e9", "/a:b"):
        assert check_endpoint(endpoint) == endpoint
    with pytest.raises(TypeError, match="text such as"):
        check_endpoint(5)


@pytest.mark.parametrize("query", ["a,b", "a\nb", "\ud83d"])
def test_a_bad_query_is_refused(query):
    with pytest.raises(LocalProtocolError, match="query"):
        CODEC.encode(Connect("/chat", query))


@pytest.mark.parametrize(
    ("packet", "error"),
    [
        (Event(True), TypeError),
        (Event(None), TypeError),
        (Event(float("nan")), LocalProtocolError),
        (Event("x", [object()]), TypeError),
        (Event("x", [b"x", object()]), TypeError),
        (Event("x", [float("nan")]), LocalProtocolError),
        (Event("x", [], "", -1), LocalProtocolError),
        (Event("x", [], "", True), LocalProtocolError),
        (Event("x", [], "", MAX_ID + 1), LocalProtocolError),
        (Event("x", [], "chat"), LocalProtocolError),
    ],
)
def test_a_packet_that_cannot_be_sent(packet, error):
    with pytest.raises(error):
        CODEC.encode(packet)


HEAD = '51-["x",{"_placeholder":true,"num":0}]'


def test_a_packet_among_the_attachments_of_another_loses_both():
    reader = CODEC.reader()
    assert reader.text(HEAD, 0) == Noop()
    assert reader.text('2["y"]', 0) == Malformed('2["y"]', "a packet among the attachments of another")
    assert reader.text('2["z"]', 0) == Event("z")
    assert isinstance(reader.data(b"late"), Malformed)


@pytest.mark.parametrize("frame", ['4{"type":0,"nsp":"/"}', b"\x82\xa4type\x00\xa3nsp\xa1/"])
def test_a_packet_of_another_parser_is_foreign(frame):
    reader = CODEC.reader()
    foreign = reader.text(frame, 1) if isinstance(frame, str) else reader.data(frame)
    assert isinstance(foreign, Foreign)
    assert "parser='msgpack'" in str(foreign.error)


def test_an_attachment_without_a_packet_is_malformed():
    assert CODEC.reader().data(b"x" * 300).problem == "an attachment without a packet"


def test_attachments_are_bounded_in_number_and_size():
    reader = CODEC.reader()
    assert reader.text(f'5{MOST_ATTACHMENTS}-["x"]', 0) == Noop()
    reader = CODEC.reader()
    assert isinstance(reader.text(f'5{MOST_ATTACHMENTS + 1}-["x"]', 0), Malformed)
    reader.text('52-["x",{"_placeholder":true,"num":0}]', 0)
    assert reader.data(b"x" * 1000) == Noop()
    assert "max_message_size=" in reader.data(b"x").problem
    assert reader.text('2["z"]', 0) == Event("z")
    assert reader.text(HEAD, 0) == Noop()
    assert reader.data(b"x" * 1000) == Event("x", [b"x" * 1000])


def test_more_attachments_than_the_server_takes_are_refused():
    codec = PacketCodec4(JsonText(), 1000)
    within, beyond = Event("x", [[b""] * MOST_TAKEN]), Ack(1, [b""] * (MOST_TAKEN + 1))
    assert len(codec.encode(within)[1]) == MOST_TAKEN
    for announced in (None, {"sid": "x", "pingInterval": 1, "pingTimeout": 1}):
        if announced:
            codec.meet(announced)
        with pytest.raises(LocalProtocolError, match="11 values of bytes would end the session"):
            codec.encode(beyond)


def test_python_socketio_takes_more_attachments():
    codec = PacketCodec4(JsonText(), 1000)
    codec.meet({"sid": "x", "pingTimeout": 1, "pingInterval": 1, "maxPayload": 1})
    assert len(codec.encode(Event("x", [b""] * 50))[1]) == 50


def test_a_placeholder_without_attachment_is_malformed():
    reader = CODEC.reader()
    reader.text('51-["x",{"_placeholder":true,"num":1}]', 0)
    assert "placeholder" in reader.data(b"x").problem
    assert reader.text('2["z"]', 0) == Event("z")


def test_the_largest_id():
    reader = CODEC.reader()
    assert reader.text(f"3{MAX_ID}[]", 0) == Ack(MAX_ID)
    assert isinstance(reader.text(f"3{MAX_ID + 1}[]", 0), Malformed)


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ("0/chat,", Connect("/chat")),
        ("1/chat,", Disconnect("/chat")),
        ('4"no"', Error("no", data="no", final=True)),
        ('4{"a":1}', Error('{"a":1}', data={"a": 1}, final=True)),
        ('50-["x"]', Event("x")),
    ],
)
def test_packets_of_the_server(text, packet):
    assert CODEC.reader().text(text, 0) == packet


@pytest.mark.parametrize(
    "text", ["", "x", "2[", '2["x"', "2{}", "2[]", "2[true]", "21[null]", "2[[]]", '3["x"]', "31{}", '5["x"]']
)
def test_a_text_that_is_not_a_packet_is_malformed(text):
    assert isinstance(CODEC.reader().text(text, 0), Malformed)


@pytest.mark.parametrize("name", [5, -1, 0.5, 2**53])
def test_a_number_is_a_name(name):
    for packet in (Event(name, ["x"]), Event(name, [b"x"], "/chat", 7, True)):
        assert through(PacketCodec4(JsonText(), 1000), packet) == packet
    assert CODEC.encode(Event(5, ["x"])) == ('2[5,"x"]', [])


def test_a_name_that_the_server_reserves_is_refused():
    codec = PacketCodec4(JsonText(), 1000)
    codec.reserved = frozenset({"connect"})
    with pytest.raises(LocalProtocolError, match="something else"):
        codec.encode(Event("connect"))
