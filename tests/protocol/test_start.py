from __future__ import annotations

from dataclasses import replace

import pytest

from sioclient.errors import ChannelError, LocalProtocolError
from sioclient.protocol.drafts import chosen
from sioclient.protocol.endpoints import Endpoint
from sioclient.protocol.packets import Connect, Heartbeat, Message
from sioclient.protocol.revisions import Dialect, any_revision, engine_alone, revision1, revision4, revision5
from sioclient.protocol.start import Start, encode_join, make_start

from .driver import HANDSHAKE, event

ONE, FOUR, FIVE, ALONE = (opening.dialect for opening in (revision1(), revision4(), revision5(), engine_alone(4)))


def start(dialect: Dialect, *endpoints: Endpoint, frames: tuple[str, ...] = ()) -> Start:
    return make_start(replace(HANDSHAKE, frames=frames), dialect, endpoints, None)


def test_packets_that_came_with_the_handshake_are_decoded():
    assert start(ONE, frames=("1::", "2::", "3:::x")).packets == [Connect(""), Heartbeat(), Message("x")]


def test_one_decoder_reads_the_whole_session():
    frame, data = '451-["x",{"_placeholder":true,"num":0}]', b"attached"
    assert start(FIVE, frames=(frame,)).decode([data]) == [event("x", data)]


@pytest.mark.parametrize(("dialect", "frame"), [(ONE, ()), (FOUR, ()), (ALONE, ()), (FIVE, '40{"token":"x"}')])
def test_the_default_endpoint_is_asked_for_where_it_must_be(dialect, frame):
    default = Endpoint("", auth={"token": "x"} if dialect is FIVE else None)
    assert start(dialect, default).requests == {default: frame}


@pytest.mark.parametrize(
    ("dialect", "frame"), [(ONE, "1::/chat:?a=b"), (FOUR, "40/chat?a=b,"), (FIVE, '40/chat,{"a":"b"}')]
)
def test_joins_are_encoded_for_the_server_that_is_there(dialect, frame):
    chat = Endpoint("/chat", "?a=b")
    assert start(dialect, chat).requests == {chat: frame}


@pytest.mark.parametrize(
    ("dialect", "endpoint", "why"),
    [
        (FOUR, Endpoint("chat"), "slash"),
        (FOUR, Endpoint("/chat", auth={"token": "x"}), "revision 4 has no auth="),
        (FIVE, Endpoint("/chat", auth={"token": float("nan")}), "not JSON"),
        (FIVE, Endpoint("/chat", auth={"token": object()}), "serializable"),
    ],
)
def test_a_join_that_cannot_be_said_is_refused_alone(dialect, endpoint, why):
    other = Endpoint("/other")
    requests = start(dialect, endpoint, other).requests
    assert isinstance(requests[endpoint], ChannelError)
    assert why in str(requests[endpoint])
    assert requests[other] == "40/other,"


def test_an_auth_of_the_connection_that_cannot_be_said_raises():
    with pytest.raises(LocalProtocolError, match="not JSON"):
        start(FIVE, Endpoint("", auth={"token": float("nan")}))


def test_only_revision_5_has_auth_for_endpoints():
    token = {"token": "x"}
    assert encode_join(Endpoint("/x", auth=token), token, FIVE, revision5()) == (FIVE, '40/x,{"token":"x"}')
    assert encode_join(Endpoint("/x"), None, ONE, revision1()) == (ONE, "1::/x")
    with pytest.raises(LocalProtocolError, match="query="):
        encode_join(Endpoint("/x", auth=token), token, ONE, revision1())


def test_join_is_encoded_for_every_server_that_it_may_be():
    unknown, token = any_revision(), {"token": "x"}
    one, _, five = unknown.candidates
    dialect, drafts = encode_join(Endpoint("/x", auth=token), token, None, unknown)
    assert dialect is None
    assert chosen(drafts, five) == '40/x,{"token":"x"}'
    with pytest.raises(LocalProtocolError, match="query="):
        chosen(drafts, one)


def test_frames_of_engine_io_alone_need_no_join():
    assert start(ALONE, Endpoint(""), frames=("0", "4hello")).packets == [Connect(""), Message("hello")]
