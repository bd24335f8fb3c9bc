"""The packets of the revisions 4 and 5 as msgpack."""

from __future__ import annotations

import subprocess
import sys

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
    Recoverable,
)
from sioclient.protocol.revisions.msgpackets import MOST_VALUES, MsgpackCodec, load_msgpack
from sioclient.protocol.revisions.packets4 import PacketCodec4
from sioclient.protocol.revisions.packets5 import PacketCodec5

msgpack = pytest.importorskip("msgpack")

CODEC4 = MsgpackCodec(PacketCodec4(JsonText(), 1000), has_texts=True)
CODEC5 = MsgpackCodec(PacketCodec5(JsonText(), 1000), has_texts=False)

TEXTS = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | TEXTS | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=8,
)
ENDPOINTS = st.sampled_from(["", "/chat", "/a space+\u00e9", "/12"])
NAMES = st.sampled_from(["x", "message", 5, 0.5])
IDS = st.none() | st.integers(0, MAX_ID)


def fields_of(codec, packet):
    """Return the map that a packet is sent as."""
    text, (data,) = codec.encode(packet)
    assert text == ""
    return msgpack.unpackb(data)


def read(codec, fields):
    """Return what a reader makes of a map, or of bytes."""
    return codec.reader().data(fields if isinstance(fields, bytes) else msgpack.packb(fields))


@pytest.mark.parametrize("codec", [CODEC4, CODEC5])
@given(name=NAMES, args=st.lists(VALUES, max_size=3), endpoint=ENDPOINTS, number=IDS)
def test_events_and_acks_survive_a_round_trip(codec, name, args, endpoint, number):
    packet = Event(name, args, endpoint, number, number is not None)
    assert codec.reader().data(codec.encode(packet)[1][0]) == packet
    ack = Ack(number or 0, args, endpoint)
    assert codec.reader().data(codec.encode(ack)[1][0]) == ack


def test_what_packets_look_like():
    for codec in (CODEC4, CODEC5):
        assert fields_of(codec, Event("x", [b"1", (2,)])) == {"type": 2, "data": ["x", b"1", [2]], "nsp": "/"}
        assert fields_of(codec, Event(5, [], "/chat", 7)) == {"type": 2, "data": [5], "nsp": "/chat", "id": 7}
        assert fields_of(codec, Ack(7, [None], "/chat")) == {"type": 3, "data": [None], "nsp": "/chat", "id": 7}
        assert fields_of(codec, Message("x")) == {"type": 2, "data": ["message", "x"], "nsp": "/"}
        assert fields_of(codec, Json([1])) == {"type": 2, "data": ["message", [1]], "nsp": "/"}


def test_joins_and_ends_of_revision_5():
    assert fields_of(CODEC5, Connect()) == {"type": 0, "nsp": "/"}
    assert fields_of(CODEC5, Connect("/chat", "a=b", data={"c": 1})) == {
        "type": 0,
        "nsp": "/chat",
        "data": {"a": "b", "c": 1},
    }
    assert CODEC5.encode(Disconnect()) == ("", [b"\x82\xa4type\x01\xa3nsp\xa1/"])


def test_joins_and_ends_of_revision_4_are_texts():
    assert CODEC4.encode(Connect("/chat")) == ('{"type":0,"nsp":"/chat"}', [])
    assert CODEC4.encode(Connect("/chat", "?a=b")) == ('{"type":0,"nsp":"/chat?a=b"}', [])
    assert CODEC4.encode(Disconnect()) == ('{"type":1,"nsp":"/"}', [])


def test_what_a_server_of_revision_5_sends():
    joined = {"type": 0, "data": {"sid": "x"}, "nsp": "/chat"}
    assert read(CODEC5, joined) == Connect("/chat", data={"sid": "x"})
    assert read(CODEC5, {"type": 1, "nsp": "/"}) == Disconnect()
    refused = {"type": 4, "data": {"message": "no", "data": [1]}, "nsp": "/chat"}
    assert read(CODEC5, refused) == Error("no", "", "/chat", [1], final=True)
    assert read(CODEC5, {"type": 2, "data": ["x"], "nsp": "/chat?a=b", "id": None}) == Event("x", [], "/chat")


def test_what_a_server_of_revision_4_sends():
    reader = CODEC4.reader()
    assert reader.text('4{"type":0,"nsp":"/"}', 1) == Connect()
    assert reader.text('4{"type":1,"nsp":"/chat"}', 1) == Disconnect("/chat")
    assert reader.text('4{"type":4,"nsp":"/x","data":"no"}', 1) == Error("no", "", "/x", "no", final=True)


def test_an_event_may_be_recoverable():
    reader, event = CODEC5.reader(), msgpack.packb({"type": 2, "data": ["x", 1, "1700000000000-0"], "nsp": "/"})
    reader.data(msgpack.packb({"type": 0, "data": {"sid": "x", "pid": "private"}, "nsp": "/"}))
    assert reader.data(event) == Recoverable(Event("x", [1]), "1700000000000-0")


def test_other_parsers_and_revisions_are_named():
    for codec in (CODEC4, CODEC5):
        foreign = codec.reader().text("40", 1)
        assert isinstance(foreign, Foreign)
        assert "leave parser= out. It sent '40'" in str(foreign.error)
        assert not foreign.error.retryable
    foreign = CODEC5.reader().text('4{"type":0,"nsp":"/"}', 1)
    assert "socket.io 1.x or 2.x" in str(foreign.error)
    foreign = read(CODEC4, {"type": 0, "nsp": "/"})
    assert "socket.io 3.x or 4.x" in str(foreign.error)


@pytest.mark.parametrize(
    "fields",
    [
        b"",
        b"\x91",
        b"\xc1",
        b"\x91" * 2000,
        b"\x80\x80",
        b"\xd9\x01\xff",
        b"\xd7\x00" + b"\x7f" * 8,
        5,
        ["x"],
        {},
        {"type": 2, "data": ["x"]},
        {"type": 7, "data": ["x"], "nsp": "/"},
        {"type": True, "data": ["x"], "nsp": "/"},
        {"type": 2, "data": [], "nsp": "/"},
        {"type": 2, "data": [None], "nsp": "/"},
        {"type": 2, "data": {}, "nsp": "/"},
        {"type": 3, "data": ["x"], "nsp": "/"},
        {"type": 2, "data": ["x"], "nsp": "/", "id": -1},
        {"type": 2, "data": ["x"], "nsp": "/", "id": MAX_ID + 1},
        {"type": 2, "data": ["x"], "nsp": "/", "id": "1"},
        {"type": 2, "data": ["x"], "nsp": 5},
        b"\x81\x90\x01",
    ],
)
def test_bytes_that_are_not_a_packet_are_malformed(fields):
    for codec in (CODEC4, CODEC5):
        malformed = read(codec, fields)
        assert isinstance(malformed, Malformed)
        assert malformed.problem


def test_texts_that_are_not_a_packet_are_malformed():
    assert CODEC5.reader().text('42["x"]', 1) == Malformed('42["x"]', "a text, where the parser is msgpack")
    for text in ("4", "4{", "45", '4{"type":0}', '4{"type":9,"nsp":"/"}'):
        assert isinstance(CODEC4.reader().text(text, 1), Malformed)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_packet_or_malformed(data):
    CODEC5.reader().data(data)
    CODEC4.reader().data(b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data" + data)


def test_a_list_that_is_too_long_is_malformed():
    data = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa1x\xdd" + (MOST_VALUES + 1).to_bytes(4, "big")
    assert "max_array_len" in read(CODEC5, data + b"\xc0" * (MOST_VALUES + 1)).problem


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere, memory is limited and measured otherwise")
def test_lists_within_lists_take_no_memory():
    """Each says that it is as long as the message, and the room for that many values would be gigabytes."""
    code = (
        "import resource; from sioclient.protocol.revisions.msgpackets import load_msgpack as load\n"
        "resource.setrlimit(resource.RLIMIT_AS, (12 * 2**30,) * 2)\n"
        "most = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; before = most()\n"  # at first its parent's
        "try: load()[1](b'\\xdd\\x00\\x10\\x00\\x00' * 1000 + b'\\0' * 2**21)\n"
        "except (ValueError, MemoryError): print(most() - before < 500_000)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\n"


def test_what_only_javascript_has_comes_as_in_json():
    undefined, date, unknown = b"\xd4\x00\x00", b"\xd7\x00\x00\x00\x01\x6f\x5e\x66\xe8\x00", b"\xd4\x05\x07"
    data = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x94\xa1x" + undefined + date + unknown
    assert read(CODEC5, data) == Event("x", [None, "2020-01-01T00:00:00.000Z", msgpack.ExtType(5, b"\x07")])


def test_halves_of_pairs_are_read_as_in_json_and_not_sent():
    data = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa1x\xa3\xed\xa0\xbd"
    assert read(CODEC5, data) == Event("x", ["\ud83d"])
    with pytest.raises(LocalProtocolError, match="not msgpack"):
        CODEC5.encode(Event("x", ["\ud83d"]))


def test_keys_are_texts_both_ways():
    keys = {1: "a", 0.5: [{None: "b"}], "x": "d"}
    texts = {"1": "a", "0.5": [{"null": "b"}], "x": "d"}
    assert fields_of(CODEC5, Event("x", [keys]))["data"] == ["x", texts]
    assert fields_of(CODEC5, Event("x", [{False: 1}]))["data"] == ["x", {"false": 1}]
    assert read(CODEC5, {"type": 2, "nsp": "/", "data": ["x", {1: {2: 3}}]}) == Event("x", [{"1": {"2": 3}}])
    with pytest.raises(TypeError, match="a key must be text"):
        CODEC5.encode(Event("x", [{b"x": 1}]))


def test_values_that_cannot_be_sent():
    circular: list[object] = []
    circular.append(circular)
    deep: list[object] = []
    for _ in range(2000):
        deep = [deep]
    for value in (circular, deep, 2**64, -(2**63) - 1):
        with pytest.raises(LocalProtocolError):
            CODEC5.encode(Event("x", [value]))
    with pytest.raises(TypeError):
        CODEC5.encode(Event("x", [object()]))
    with pytest.raises(TypeError, match="name must be text or a number"):
        CODEC5.encode(Event(None))
    for packet in (Event("connect"), Event("x", [], "chat"), Event("x", [], "", -1), Connect("chat")):
        with pytest.raises(LocalProtocolError):
            CODEC5.encode(packet)
    with pytest.raises(LocalProtocolError, match="query"):
        CODEC4.encode(Connect("/chat", "a,b"))


def test_there_is_no_limit_for_values_of_bytes():
    CODEC5.meet({"sid": "x", "pingInterval": 1, "pingTimeout": 1, "maxPayload": 1})
    assert fields_of(CODEC5, Event("x", [b""] * 50))["data"] == ["x", *[b""] * 50]


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "msgpack", None)
    with pytest.raises(ImportError, match=r"install sioclient\[msgpack\]"):
        load_msgpack()
