"""The grammar of revision 5 where it differs from revision 4, as far as the vectors do not show it."""

import pytest

from sioclient.errors import LocalProtocolError
from sioclient.protocol.jsontext import JsonText
from sioclient.protocol.packets import Connect, Error, Event, Foreign, Recoverable
from sioclient.protocol.revisions.packets4 import MOST_TAKEN
from sioclient.protocol.revisions.packets5 import PacketCodec5

CODEC = PacketCodec5(JsonText(), 1000)


@pytest.mark.parametrize(
    ("packet", "text"),
    [
        (Connect(), "0"),
        (Connect(data={"token": "x"}), '0{"token":"x"}'),
        (Connect("/chat", data={}), "0/chat,{}"),
        (Connect("/chat", "?a=b"), '0/chat,{"a":"b"}'),
        (Connect("/chat", "a=b&a=c&d"), '0/chat,{"a":["b","c"],"d":""}'),
        (Connect("/chat", "a=b&c=d", data={"a": "mine"}), '0/chat,{"a":"mine","c":"d"}'),
    ],
)
def test_a_request_to_join(packet, text):
    assert CODEC.encode(packet) == (text, [])


@pytest.mark.parametrize("name", ["connect", "connect_error", "disconnect", "newListener"])
def test_a_name_that_ends_the_session_is_refused(name):
    with pytest.raises(LocalProtocolError, match="something else"):
        CODEC.encode(Event(name))


def test_replies_to_a_join():
    reader = CODEC.reader()
    assert reader.text('0/chat,{"sid":"x"}', 0) == Connect("/chat", data={"sid": "x"})
    assert reader.text("0[1]", 0) == Connect()
    assert reader.text("0/chat,", 0) == Connect("/chat")


def test_the_reply_of_a_server_of_revision_4_is_foreign():
    foreign = CODEC.reader().text("0", 0)
    assert isinstance(foreign, Foreign)
    assert "socket.io 1.x or 2.x" in str(foreign.error)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('4{"message":"no","data":{"a":1}}', Error("no", data={"a": 1}, final=True)),
        ('4/x,{"message":"no"}', Error("no", "", "/x", final=True)),
        ('4{"message":5}', Error('{"message":5}', data={"message": 5}, final=True)),
        ('4"no"', Error("no", data="no", final=True)),
    ],
)
def test_refusals_of_a_join(text, error):
    assert CODEC.reader().text(text, 0) == error


def test_only_later_servers_refuse_many_attachments():
    codec, packet = PacketCodec5(JsonText(), 1000), Event("x", [b""] * (MOST_TAKEN + 1))
    with pytest.raises(LocalProtocolError, match="several packets"):
        codec.encode(packet)
    codec.meet({"sid": "x", "pingInterval": 1, "pingTimeout": 1})
    assert len(codec.encode(packet)[1]) == MOST_TAKEN + 1
    codec.meet({"sid": "x", "pingInterval": 1, "pingTimeout": 1, "maxPayload": 1})
    with pytest.raises(LocalProtocolError, match="several packets"):
        codec.encode(packet)


def test_other_packets_are_those_of_revision_4():
    assert CODEC.reader().text('2["x"]', 0) == Event("x")
    assert CODEC.encode(Event("x", [b"1"])) == ('51-["x",{"_placeholder":true,"num":0}]', [b"1"])


def test_an_event_of_a_recoverable_endpoint_has_an_offset():
    reader = CODEC.reader()
    event = Event("x", [1, "1700000000000-0"])
    text = '2["x",1,"1700000000000-0"]'
    assert reader.text(text, 0) == event
    assert reader.text('0{"sid":"x","pid":"private"}', 0) == Connect(data={"sid": "x", "pid": "private"})
    assert reader.text(text, 0) == Recoverable(Event("x", [1]), "1700000000000-0")
    assert CODEC.reader().text(text, 0) == Recoverable(Event("x", [1]), "1700000000000-0")
    assert reader.text(f"2/chat,{text[1:]}", 0) == Event("x", [1, "1700000000000-0"], "/chat")
    assert reader.text('2["x","no name"]', 0) == Event("x", ["no name"])
    assert reader.text(f"27{text[1:]}", 0) == Event("x", [1, "1700000000000-0"], "", 7, True)
    reader.text('0{"sid":"y"}', 0)
    assert reader.text(text, 0) == event


def test_the_memory_for_recoverable_endpoints_is_bounded():
    codec = PacketCodec5(JsonText(), 1000)
    reader = codec.reader()
    for number in range(1001):
        reader.text(f'0/{number},{{"pid":"private"}}', 0)
    args = '["x","1700000000000-0"]'
    assert isinstance(reader.text(f"2/999,{args}", 0), Recoverable)
    assert isinstance(reader.text(f"2/1000,{args}", 0), Event)
    reader.text("0/999,{}", 0)
    reader.text('0/1000,{"pid":"private"}', 0)
    assert isinstance(reader.text(f"2/1000,{args}", 0), Recoverable)
